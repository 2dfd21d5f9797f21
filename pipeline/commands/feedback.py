"""`finsurge feedback`: asks analysts about documents, and joins what they answer with what was decided."""

from __future__ import annotations

import asyncio
import logging
import signal

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
    from pipeline.broker.connection import reach
    from pipeline.feedback.process import FeedbackProcess

    logging.basicConfig(format="%(asctime)s %(levelname)s feedback: %(message)s", level=logging.INFO)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    reach(settings.bootstrap, timeout_s=10.0)
    process = FeedbackProcess(settings, is_once=once)

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await process.run(stop)

    asyncio.run(run())
