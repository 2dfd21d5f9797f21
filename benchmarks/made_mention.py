"""A mention as a topic gets them every day, for benchmarks of what mentions cost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any


def made_mention(
    topic: str, document_id: str, offset: int, at: datetime, words: Iterable[int], *, is_negative: bool
) -> Any:
    """Return a mention; `words` are the ten of its sketch."""
    # not before: a benchmark may take the code of another checkout
    from pipeline.records import Mention, Origin, SketchRecord

    sketched = tuple(sorted(words))
    return Mention(
        topic=topic,
        document_id=document_id,
        origin=Origin(0, offset),
        kind="news",
        source=f"S{offset % 20}",
        published_at=at,
        known_at=None,
        is_late=False,
        sentiment=(0.8, 0.1, 0.1) if is_negative else (0.1, 0.8, 0.1),
        excerpt="A headline of about eighty characters, as they stand in the news of every day",
        url="https://example.com/news/1",
        policy_version="p-1",
        sketch=SketchRecord(sketched, sketched[:3]),
    )
