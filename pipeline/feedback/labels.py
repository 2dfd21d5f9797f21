"""An analyst's labels, placed in the text that the policy read.

A mention is named by its characters or by its surface; what is ambiguous is told with the mend, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from models.labelled.example import Example, LabelledSpan
from models.labels import SENTIMENTS
from pipeline.feedback.records import Labels, MentionLabel
from pipeline.rejects import RecordRejected, RejectReason

_MAX_SHOWN = 60
_MAX_PLACES = 8


def right_of(labels: Labels, text: str) -> Example:
    """Return what is right of a text; a `mixed` document gives no evidence of its label.

    >>> tesla = MentionLabel(surface="Tesla", sentiment="negative")
    >>> right_of(Labels(mentions=(tesla,)), "Shares of Tesla fall").spans
    (LabelledSpan(start=10, end=15, sentiment=0),)
    >>> right_of(Labels(mentions=(tesla,)), "Tesla sues Tesla")
    Traceback (most recent call last):
    pipeline.rejects.RecordRejected: bad_labels: 'Tesla' stands at 0, 11: give start and end, or everywhere

    Args:
        labels: as they came.
        text: the title, a new line and the text, as the policy read it.

    Raises:
        RecordRejected: a mention is not in the text, is there more than once, or overlaps another.
    """
    spans = sorted(
        (span for mention in labels.mentions for span in _placed(mention, text)), key=lambda span: span.start
    )
    for left, right in pairwise(spans):
        if right.start < left.end:
            detail = (
                f"mentions overlap: {_shown(text[left.start : left.end])} and {_shown(text[right.start : right.end])}"
            )
            raise _bad(detail)
    sentiment = None if labels.sentiment in (None, "mixed") else SENTIMENTS.index(labels.sentiment)
    return Example(text, sentiment, tuple(spans), are_spans_complete=labels.are_mentions_complete)


def _placed(mention: MentionLabel, text: str) -> Iterator[LabelledSpan]:
    sentiment = None if mention.sentiment is None else SENTIMENTS.index(mention.sentiment)
    for start, end in _places(mention, text):
        yield LabelledSpan(start, end, sentiment)


def _places(mention: MentionLabel, text: str) -> list[tuple[int, int]]:
    if mention.start is None and mention.end is None:
        return _found(mention, text)
    if mention.start is None or mention.end is None or mention.is_everywhere:
        raise _bad("a mention needs start and end, or a surface with or without everywhere")
    start, end = mention.start, mention.end
    if not 0 <= start < end <= len(text):
        raise _bad(f"start {start} and end {end} are not in the text of {len(text)} characters")
    if mention.surface is not None and text[start:end] != mention.surface:
        raise _bad(f"from {start} to {end} stands {_shown(text[start:end])}, not {_shown(mention.surface)}")
    if text[start:end] != text[start:end].strip():
        raise _bad(f"from {start} to {end} stands {_shown(text[start:end])}: leave out the blanks at its ends")
    return [(start, end)]


def _found(mention: MentionLabel, text: str) -> list[tuple[int, int]]:
    surface = (mention.surface or "").strip()
    if not surface:
        raise _bad("a mention needs start and end, or a surface")
    places = surface_places(surface, text)
    if not places:
        raise _bad(f"{_shown(surface)} does not stand in the text; spell it as the text does")
    if len(places) > 1 and not mention.is_everywhere:
        starts = ", ".join(str(start) for start, _ in places[:_MAX_PLACES])
        raise _bad(f"{_shown(surface)} stands at {starts}: give start and end, or everywhere")
    return places


def surface_places(surface: str, text: str) -> list[tuple[int, int]]:
    """Return where a surface stands as a whole word, or, if nowhere so, inside of words; with its case, or without.

    >>> surface_places("tesla", "TSLA: Tesla, Teslas")
    [(6, 11)]
    """
    for flags in (re.NOFLAG, re.IGNORECASE):
        for pattern in (rf"(?<!\w){re.escape(surface)}(?!\w)", re.escape(surface)):
            found = [match.span() for match in re.finditer(pattern, text, flags)]
            if found:
                return found
    return []


def _bad(detail: str) -> RecordRejected:
    return RecordRejected(RejectReason.BAD_LABELS, detail)


def _shown(surface: str) -> str:
    return ascii(surface if len(surface) <= _MAX_SHOWN else surface[:_MAX_SHOWN] + "...")
