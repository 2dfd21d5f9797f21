"""The reviews that wait for an answer, read from Kafka with the texts that they are about: from any machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from aiokafka import TopicPartition

from pipeline.broker.preflight import check_present
from pipeline.feedback.records import ReviewDrawn, ReviewEnded, ReviewRecord, UnitRecord
from pipeline.reading.text import full_text
from pipeline.records import Document, decode
from pipeline.settings import Settings

_PATIENCE_MS = 5_000
_MARGIN_S = 86_400.0  # clocks of brokers and producers differ; a review is written when it is drawn


@dataclass(frozen=True, slots=True)
class OpenReview:
    """A review, with the text; None if that is no longer in `documents`."""

    review: ReviewDrawn
    text: str | None

    @property
    def proposal(self) -> str:
        """What is shown, as one line; each unit by the number that `finsurge correct --wrong` takes."""
        if self.review.proposal is None:
            return "blind"
        return ", ".join(f"{place}: {self._unit(unit)}" for place, unit in enumerate(self.review.proposal))

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, for machines."""
        review = self.review
        told: dict[str, Any] = msgspec.to_builtins(
            {
                "id": review.id,
                "document": review.document_id,
                "text": self.text,
                "proposal": review.proposal,
                "why": review.reason,
                "p_review": review.p_review,
                "policy_version": review.policy_version,
                "drawn_at": review.drawn_at,
                "due_at": review.due_at,
            }
        )
        return told

    def _unit(self, unit: UnitRecord) -> str:
        return unit.sentiment if unit.start is None else f"{self._surface(unit.start, unit.end)}={unit.sentiment}"

    def _surface(self, start: int, end: int | None) -> str:
        return self.text[start:end] if self.text is not None else f"{start}:{end}"


async def open_reviews(settings: Settings, now: datetime, limit: int) -> list[OpenReview]:
    """Return the reviews that wait for an answer, those first that are due first.

    Raises:
        CommandFailed: there is no such Kafka topic.
    """
    since = now - timedelta(seconds=settings.review_due_s + _MARGIN_S)
    async with _consumer(settings, "reviews") as consumer:
        waiting = still_open([value async for value in _values(consumer, since)], now)[:limit]
    async with _consumer(settings, "documents") as consumer:
        texts = await _texts(consumer, settings.kafka_topic("documents"), waiting)
    return [OpenReview(review, texts.get(review.id)) for review in waiting]


def still_open(values: Iterable[bytes | None], now: datetime) -> list[ReviewDrawn]:
    """Return the reviews that were drawn and have neither ended nor become due, by when they are due."""
    kind: Any = ReviewRecord
    decoder = msgspec.json.Decoder(kind)
    drawn: dict[str, ReviewDrawn] = {}
    ended: set[str] = set()
    for value in values:
        try:
            record = decoder.decode(value or b"")
        except msgspec.DecodeError:
            continue
        if isinstance(record, ReviewEnded):
            ended.add(record.id)
        else:
            drawn[record.id] = record
    waiting = [review for review in drawn.values() if review.id not in ended and review.due_at > now]
    return sorted(waiting, key=lambda review: (review.due_at, review.id))


@asynccontextmanager
async def _consumer(settings: Settings, name: str) -> AsyncIterator[Any]:
    kafka_topic = settings.kafka_topic(name)
    await check_present(settings.connection, [kafka_topic])
    consumer = settings.connection.consumer(kafka_topic, auto_offset_reset="earliest")
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def _values(consumer: Any, since: datetime) -> AsyncIterator[bytes | None]:
    places = list(consumer.assignment())
    ends = await consumer.end_offsets(places)
    found = await consumer.offsets_for_times(dict.fromkeys(places, round(since.timestamp() * 1000)))
    await consumer.seek_to_beginning()
    for place in places:
        if (at := found.get(place)) is not None:  # else all is older, or the broker has no index of times
            consumer.seek(place, at.offset)
    while [place for place in places if await consumer.position(place) < ends[place]]:
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            for record in records:
                yield record.value


async def _texts(consumer: Any, kafka_topic: str, reviews: Sequence[ReviewDrawn]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for review in sorted(reviews, key=lambda review: review.origin):
        place = TopicPartition(kafka_topic, review.origin.partition)
        consumer.seek(place, review.origin.offset)
        fetched = await consumer.getmany(place, timeout_ms=_PATIENCE_MS, max_records=1)
        for record in fetched.get(place, ()):
            if record.offset == review.origin.offset:
                texts[review.id] = full_text(decode(Document, record.value))
    return texts
