"""`finsurge learner`: makes better policies out of rounds, and takes them into service as far as the gate lets it."""

from __future__ import annotations

import click

from pipeline.settings import Settings


@click.command("learner")
@click.option("--once", is_flag=True, help="One update of the rounds there are, to the gate, and then end.")
@click.pass_obj
def command(settings: Settings, once: bool) -> None:
    """Run the learner: one for each deployment, beside its workers and never in their way.

    It wakes after FINSURGE_LEARNER_CORRECTIONS corrections, or after FINSURGE_LEARNER_WAIT_S with fewer; trains in a
    process of its own, and resumes what was interrupted. With FINSURGE_PROMOTION=auto a candidate that passes the
    gate goes on by itself; otherwise `finsurge policy promote` is a person's word.

    Example: finsurge learner --once
    """
    from pipeline.learner.process import LearnerProcess
    from pipeline.standing import prepare, run_until_told

    prepare("learner", settings)
    run_until_told(LearnerProcess(settings, is_once=once))
