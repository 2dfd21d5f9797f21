"""Reads what comes out: `trends`, `alerts` and the dead letters into a tally, and what others want to hear of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NoReturn

from pipeline.dead_letters import PREFIX
from pipeline.demo.tally import Tally
from pipeline.records import AlertRecord, TrendRecord, decode
from pipeline.settings import Settings


class Watch:
    """Follows Kafka topics from their beginning.

    Args:
        settings: the deployment's.
        tally: counts what comes out of the worker.
        now: the clock.
        takes: what is done with the records of further Kafka topics, by their names without prefix.

    >>> Watch(Settings(), Tally(), now=datetime.now).tally.n_final
    0
    """

    def __init__(
        self,
        settings: Settings,
        tally: Tally,
        now: Callable[[], datetime],
        takes: Mapping[str, Callable[[bytes], None]] | None = None,
    ) -> None:
        self.tally = tally
        self._settings = settings
        self._now = now
        self._trends, self._alerts, self._dead = map(settings.kafka_topic, ("trends", "alerts", "documents.dlq"))
        self._takes = {settings.kafka_topic(name): take for name, take in (takes or {}).items()}

    async def run(self) -> NoReturn:
        """Read until cancelled."""
        consumer = self._settings.connection.consumer(
            self._trends, self._alerts, self._dead, *self._takes, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            while True:
                for records in (await consumer.getmany(timeout_ms=500, max_records=500)).values():
                    for record in records:
                        self._take(record)
        finally:
            await consumer.stop()

    def _take(self, record: Any) -> None:
        if record.topic in self._takes:
            self._takes[record.topic](record.value)
        elif record.topic == self._trends:
            window = decode(TrendRecord, record.value)
            if window.resolution_s == self._settings.bin_s:  # longer ones hold the same again
                self.tally.add_window(window)
        elif record.topic == self._alerts:
            self.tally.add_alert(decode(AlertRecord, record.value), self._now())
        else:
            headers = {name: value.decode() for name, value in record.headers}
            self.tally.add_dead_letter(headers.get(f"{PREFIX}reason", "unknown"))
