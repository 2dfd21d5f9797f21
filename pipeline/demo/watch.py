"""Reads what comes out of the worker: `trends`, `alerts` and the dead letters, into a tally."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

from aiokafka import AIOKafkaConsumer

from pipeline.dead_letters import PREFIX
from pipeline.demo.tally import Tally
from pipeline.records import AlertRecord, TrendRecord, decode
from pipeline.settings import Settings


class Watch:
    """Follows three Kafka topics from their beginning.

    >>> Watch(Settings(), Tally(), now=datetime.now).tally.n_final
    0
    """

    def __init__(self, settings: Settings, tally: Tally, now: Callable[[], datetime]) -> None:
        self.tally = tally
        self._settings = settings
        self._now = now
        self._trends, self._alerts, self._dead = map(settings.kafka_topic, ("trends", "alerts", "documents.dlq"))

    async def run(self) -> NoReturn:
        """Read until cancelled."""
        consumer = AIOKafkaConsumer(
            self._trends,
            self._alerts,
            self._dead,
            bootstrap_servers=self._settings.bootstrap,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
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
        if record.topic == self._trends:
            self.tally.add_window(decode(TrendRecord, record.value))
        elif record.topic == self._alerts:
            self.tally.add_alert(decode(AlertRecord, record.value), self._now())
        else:
            headers = {name: value.decode() for name, value in record.headers}
            self.tally.add_dead_letter(headers.get(f"{PREFIX}reason", "unknown"))
