"""The stream of a study: labelled documents in a seeded order, as if they had been published over some weeks.

Knows no policy and no analyst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from models.labelled.example import Example
from rl.gate.stories import stories_of

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StreamDocument:
    """A document as it comes, with what is true of it, which only analysts know.

    >>> StreamDocument("d1", "s1", _BEGIN, Example("FTX halts", sentiment=0)).truth.sentiment
    0
    """

    id: str
    story: str
    published_at: datetime
    truth: Example


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """How long the stream is, and into how many parts updates cut it.

    >>> StreamConfig(n_chunks=0)
    Traceback (most recent call last):
    ValueError: n_chunks must be >= 1, got 0
    """

    n_chunks: int = 2
    # After each of them an update.
    n_days: float = 60.0
    # Over which it is spread, evenly: bursts of corrections are looked for by the day.
    n_documents: int | None = None
    # From its beginning; None: all there are.

    def __post_init__(self) -> None:
        if self.n_chunks < 1:
            raise ValueError(f"n_chunks must be >= 1, got {self.n_chunks}")
        if not self.n_days > 0:
            raise ValueError(f"n_days must be > 0, got {self.n_days}")
        if self.n_documents is not None and self.n_documents < self.n_chunks:
            raise ValueError(f"n_documents must be >= n_chunks ({self.n_chunks}), got {self.n_documents}")


Chunk = tuple[StreamDocument, ...]


def chunks_of(examples: Sequence[Example], seed: int, config: StreamConfig | None = None) -> list[Chunk]:
    """Return the stream in chunks of like size, the same for the same seed.

    A document's id and story depend on its place in `examples` alone, so that the same document has the same ones
    with every seed.

    >>> halts, soars = Example("FTX halts"), Example("Tesla soars")
    >>> chunks = chunks_of([halts, soars], 1, StreamConfig(n_chunks=2))
    >>> [document.id for chunk in chunks for document in chunk]
    ['d1', 'd0']
    """
    config = config or StreamConfig()
    stories = stories_of(examples)
    order = list(range(len(examples)))
    Random(seed).shuffle(order)  # noqa: S311
    order = order[: config.n_documents]
    apart = timedelta(days=config.n_days / max(1, len(order)))
    documents = [
        StreamDocument(f"d{index}", f"s{stories[index]}", _BEGIN + place * apart, examples[index])
        for place, index in enumerate(order)
    ]
    borders = [round(n * len(documents) / config.n_chunks) for n in range(config.n_chunks + 1)]
    return [tuple(documents[start:end]) for start, end in pairwise(borders)]
