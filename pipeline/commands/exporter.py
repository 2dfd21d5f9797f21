"""`finsurge exporter`: tells Prometheus and Grafana of single topics, of a bounded number of them."""

from __future__ import annotations

import click

from pipeline.settings import Settings


@click.command("exporter")
@click.option(
    "--topics", "max_topics", type=click.IntRange(1, 1000), default=100, show_default=True,
    help="Topics with series of their own at any time.",
)  # fmt: skip
@click.option(
    "--pin", "pinned", multiple=True, metavar="TOPIC", help="A topic that is always among them; repeatable."
)
@click.pass_obj
def command(settings: Settings, max_topics: int, pinned: tuple[str, ...]) -> None:
    """Run the exporter: one for each deployment, beside its workers and never in their way.

    It follows `trends`, `candidates`, `alerts` and `actions`, keeps nothing on disk, and tells of the topics that
    matter now: those that are pinned, that have an open episode, that are most unusual, that are talked of most. The
    series of a topic that leaves are removed. Its pages /episodes and /stories tell Grafana's tables what they say in
    words. See docs/dashboards.md.

    Example: finsurge exporter --topics 200 --pin tesla --pin jpmorgan
    """
    from pipeline.exporter.process import ExporterProcess
    from pipeline.exporter.selection import SelectionConfig
    from pipeline.standing import prepare, run_until_told

    try:
        config = SelectionConfig(max_topics=max_topics, pinned=pinned)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--pin") from None
    prepare("exporter", settings)
    run_until_told(ExporterProcess(settings, config))
