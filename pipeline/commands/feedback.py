"""`finsurge feedback`: asks analysts about documents, and joins what they answer with what was decided."""

from __future__ import annotations

import click

from pipeline.settings import Settings


@click.command("feedback")
@click.option("--once", is_flag=True, help="Take what there is, send what follows from it, and end.")
@click.pass_obj
def command(settings: Settings, once: bool) -> None:
    """Run the join: one for each deployment, beside its workers and never in their way.

    It draws documents for review (`reviews`), and makes corrections into rounds for the learner (`rounds`); what
    differs is put right on open windows and episodes at once. Who may correct is in the file FINSURGE_ANALYSTS. A
    correction that cannot be used goes to `documents.dlq` with its reason. See docs/corrections.md.

    Example: finsurge feedback --once
    """
    from pipeline.feedback.process import FeedbackProcess
    from pipeline.standing import prepare, run_until_told

    prepare("feedback", settings)
    run_until_told(FeedbackProcess(settings, is_once=once))
