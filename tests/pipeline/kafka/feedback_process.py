"""Runs the join as `finsurge feedback` does; started by the tests as a process.

FINSURGE_TEST_KILL names points and at which time to die there: `feedback:stepped:3` before the third sending of what
a step has caused, `feedback:sent:2` when the broker has what the outbox does not know to be sent for the second time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.feedback.process import FeedbackProcess
from pipeline.feedback.sender import OutboxSender
from pipeline.feedback.store import FeedbackStore
from pipeline.settings import load_settings


def dies(n_times: int, flag: Path) -> Callable[[], None]:
    """Return what kills this process when it is called for the n-th time, once in all."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1
        if counted == n_times and not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return count


def die_before_sending(die: Callable[[], None]) -> None:
    flush = OutboxSender.flush

    async def flush_or_die(self: OutboxSender) -> int:
        if self._store.outbox():
            die()
        return await flush(self)

    OutboxSender.flush = flush_or_die  # type: ignore[method-assign]


def die_after_sending(die: Callable[[], None]) -> None:
    sent = FeedbackStore.sent

    def sent_or_die(self: FeedbackStore, numbers: Sequence[int]) -> None:
        die()
        sent(self, numbers)

    FeedbackStore.sent = sent_or_die  # type: ignore[method-assign]


POINTS = {"stepped": die_before_sending, "sent": die_after_sending}

if __name__ == "__main__":
    settings = load_settings(os.environ)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    for kill in filter(None, os.environ.get("FINSURGE_TEST_KILL", "").split(",")):
        role, point, at = kill.split(":")
        if role == "feedback":
            POINTS[point](dies(int(at), settings.state_dir / f"feedback-{point}-{at}.done"))

    async def run() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await FeedbackProcess(settings, is_once="--once" in sys.argv).run(stop)

    asyncio.run(run())
