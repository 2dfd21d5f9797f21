"""A process beside the workers, of which a deployment has one: its log, its broker, its end by a signal."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import Protocol

from pipeline.broker.connection import reach


class StandingProcess(Protocol):
    """What runs until it is told to stop, or until it is done."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until then."""


def prepare(name: str, bootstrap: str) -> None:
    """Have the process log under its name, and pass once its broker answers.

    Raises:
        BrokerUnavailable: no Kafka answers.
    """
    logging.basicConfig(format=f"%(asctime)s %(levelname)s {name}: %(message)s", level=logging.INFO)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    reach(bootstrap, timeout_s=10.0)


def run_until_told(process: StandingProcess) -> None:
    """Run a process until it is done, or until SIGINT or SIGTERM has come."""

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await process.run(stop)

    asyncio.run(run())
