"""A process beside the workers, of which a deployment has one: its log, its broker, its end by a signal."""

from __future__ import annotations

import asyncio
import signal
from typing import Protocol

from pipeline.logs.setup import adopt_libraries, set_up_logs
from pipeline.settings import Settings


class StandingProcess(Protocol):
    """What runs until it is told to stop, or until it is done."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until then."""


def prepare(name: str, settings: Settings) -> None:
    """Have the process log under its name, and pass once its broker answers.

    Raises:
        BrokerUnavailable: no Kafka answers.
    """
    set_up_logs(settings, name)
    adopt_libraries()
    settings.connection.reach(timeout_s=10.0)


def run_until_told(process: StandingProcess) -> None:
    """Run a process until it is done, or until SIGINT or SIGTERM has come."""

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await process.run(stop)

    asyncio.run(run())
