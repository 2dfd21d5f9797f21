"""A Faust app as its documentation writes one: automatic acknowledgement, default supervisor, default web server.

Started by the tests as a process: ADDRESS GROUP KAFKA_TOPIC OUTPUT PORT. Appends each number that it gets to OUTPUT.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import faust

FAULT = 25

if __name__ == "__main__":
    address, group, kafka_topic, output, port = sys.argv[1:]
    app = faust.App(
        group,
        broker=f"kafka://{address}",
        store="memory://",
        web_port=int(port),
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        datadir=f"{output}.data",
    )
    failed: list[int] = []

    @app.agent(app.topic(kafka_topic, value_type=int))
    async def numbers(stream: Any) -> None:
        """Fail once."""
        async for number in stream:
            if number == FAULT and not failed:
                failed.append(number)
                raise KeyError("an accident")
            with Path(output).open("a") as file:
                file.write(f"{number}\n")

    worker = faust.Worker(app, loglevel="CRITICAL", quiet=True, redirect_stdouts=False)
    worker.execute_from_commandline()
