"""Logs of decisions with a crisis, and what becomes of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.records import Decision, DecisionOrTick, Origin, SketchRecord

START = datetime(2026, 1, 1, tzinfo=UTC)
N_SOURCES = 3
TEXTS = ("FTX halts withdrawals", "Gold falls", "FTX and Ripple fall", "Ripple rises")
Entry = tuple[int, DecisionOrTick]


def decision(partition: int, offset: int, minute: float, text: str, *, is_negative: bool = False) -> Decision:
    at = START + timedelta(minutes=minute)
    return Decision(
        document_id=f"{partition}-{offset}",
        origin=Origin(partition, offset),
        kind="news",
        source=f"source-{offset % 5}",
        published_at=at,
        ingested_at=at,
        decided_at=at,
        excerpt=text,
        url=None,
        sentiment=(0.9, 0.1, 0.0) if is_negative else (0.1, 0.8, 0.1),
        spans=(),
        propensity=1.0,
        policy_version="v1",
        from_cache=False,
        sketch=SketchRecord(tuple(range(partition * 1000 + offset, partition * 1000 + offset + 8)), ()),
    )


@pytest.fixture
def stream() -> Callable[[int], list[Entry]]:
    """Makes three days of ordinary news, four hours of trouble at FTX and two quiet days, in log order."""

    def make(seed: int) -> list[Entry]:
        draw = random.Random(seed)
        minutes = [(draw.random() * 4320, draw.choice(TEXTS), draw.random() < 0.1) for _ in range(160)]
        minutes += [(4320 + n * 8.0, "FTX halts withdrawals", True) for n in range(30)]
        minutes += [(4560 + draw.random() * 2880, draw.choice(TEXTS[1:]), False) for _ in range(100)]
        offsets = [0] * N_SOURCES
        entries: list[Entry] = []
        for minute, text, is_negative in sorted(minutes):
            partition = draw.randrange(N_SOURCES)
            entries.append(
                (partition, decision(partition, offsets[partition], minute, text, is_negative=is_negative))
            )
            offsets[partition] += 1
        return entries

    return make
