"""A claim: what an analyst's round asserts, and which way that moves what was served; without the text.

Made from rounds. Knows nothing of how far the analyst is believed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import IntEnum

import msgspec

from models.labelled.example import Example
from rl.rounds.round import ReviewReason, Round, Verdict
from rl.rounds.unit import Unit

Span = tuple[int, int] | None
"""What a label is of: characters of a mention, or None for the document."""

Labels = dict[Span, int]
"""An index in SENTIMENTS for the document and for mentions."""


class Push(IntEnum):
    """Which way a claim moves what was served."""

    NEGATIVE = -1
    NONE = 0
    POSITIVE = 1


class Claim(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one analyst said of one document.

    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> claim = Claim("r", "d", "s", ("TSLA",), "ada", at, "p-1", served=((None, 1),), said=((None, 0),))
    >>> claim.push, claim.can_move(Push.NEGATIVE)
    (<Push.NEGATIVE: -1>, True)
    """

    round_id: str
    document_id: str
    story: str
    topics: tuple[str, ...]
    analyst: str
    at: datetime
    policy_version: str
    served: tuple[tuple[Span, int], ...]
    said: tuple[tuple[Span, int], ...] = ()  # labels that the analyst calls right
    is_complete: bool = False  # whatever is not in `said` is no mention
    judged: tuple[tuple[Span, int], ...] = ()  # of a bare verdict: the units that were shown, or those called wrong
    is_rejection: bool = False  # one of `judged` is wrong
    is_found: bool = False  # by the analyst, not drawn: such documents are mostly mistakes
    recorded_at: datetime | None = None  # when the broker took it
    is_second: bool = False  # asked for because another analyst found the document

    @property
    def known_at(self) -> datetime:
        """When it came: what an analyst says of the time orders the analyst's own answers, and no more."""
        return self.recorded_at or self.at

    @property
    def is_drawn(self) -> bool:
        """Whether a coin chose the document, whatever is said of it."""
        return not (self.is_found or self.is_second)

    @property
    def push(self) -> Push:
        """Which way it moves the sum of the polarities, document and mentions together."""
        if self.is_rejection:
            ways = {label - 1 for _, label in self.judged} - {0}
            return Push(-ways.pop()) if len(ways) == 1 else Push.NONE
        served = dict(self.served)
        moved = sum(label - served.get(span, 1) for span, label in self.said)
        if self.is_complete:
            said = {span for span, _ in self.said}
            moved += sum(1 - label for span, label in self.served if span is not None and span not in said)
        return Push((moved > 0) - (moved < 0))

    def can_move(self, push: Push) -> bool:
        """Whether anything that was served, or shown to be judged, is not yet as far that way as can be."""
        return any(label - 1 != push for _, label in self.judged or self.served)


def claim_of(judged: Round) -> Claim:
    """Return what a round asserts."""
    right, shown = judged.right, [each.unit for each in judged.shown or ()]
    is_rejection = judged.verdict is Verdict.REJECT and judged.wrong != ()
    said: tuple[tuple[Span, int], ...] = ()
    if right is not None:
        said = tuple(labels_of(right).items())
    elif judged.wrong is not None:
        said = _labels(unit for place, unit in enumerate(shown) if place not in judged.wrong)
        shown = [shown[place] for place in judged.wrong]
    elif not is_rejection:
        said = _labels(shown)
    return Claim(
        round_id=judged.id,
        document_id=judged.document_id,
        story=judged.story,
        topics=judged.topics,
        analyst=judged.analyst,
        at=judged.corrected_at,
        policy_version=judged.policy_version,
        served=_labels(judged.served),
        said=said,
        is_complete=right is not None and right.are_spans_complete and not right.open_ranges,
        judged=() if right is not None else _labels(shown),
        is_rejection=is_rejection,
        is_found=judged.review_reason is ReviewReason.FOUND,
        recorded_at=judged.recorded_at,
        is_second=judged.review_reason is ReviewReason.SECOND,
    )


def labels_of(right: Example) -> Labels:
    """Return the labels that an example gives; a span without a sentiment gives none.

    >>> labels_of(Example("FTX halts", sentiment=0))
    {None: 0}
    """
    labels: Labels = {} if right.sentiment is None else {None: right.sentiment}
    labels |= {(span.start, span.end): span.sentiment for span in right.spans if span.sentiment is not None}
    return labels


def _labels(units: Iterable[Unit]) -> tuple[tuple[Span, int], ...]:
    return tuple((unit.span, unit.sentiment) for unit in units)
