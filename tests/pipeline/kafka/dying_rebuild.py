"""Runs `finsurge rebuild` and has the process killed as it writes state; started by the tests as a process."""

from __future__ import annotations

import os
import signal
import sys

from pipeline.cli import main
from pipeline.rebuild.log_sender import LogSender

N_RECORDS = 20


def die_in_the_state_of_trends() -> None:
    """Have this process killed once some records of that state are with the broker."""
    send = LogSender.send
    n_sent = 0

    async def send_or_die(self: LogSender, kafka_topic: str, partition: int, key: bytes, value: bytes | None) -> None:
        nonlocal n_sent
        await send(self, kafka_topic, partition, key, value)
        n_sent += "finsurge-trends" in kafka_topic
        if n_sent == N_RECORDS:
            await self.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    LogSender.send = send_or_die  # type: ignore[method-assign]


if __name__ == "__main__":
    die_in_the_state_of_trends()
    sys.argv = ["finsurge", "rebuild"]
    main()
