"""What a reading becomes by an analyst's labels; what these leave open, and what was right, stays as it was."""

from __future__ import annotations

import numpy as np

from models.labelled.example import Example, LabelledSpan
from models.labels import Sentiment
from pipeline.records import ReadingRecord, SpanRecord

_CERTAIN: tuple[Sentiment, ...] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def amended(reading: ReadingRecord, right: Example) -> ReadingRecord:
    """Return the reading with what differs put right.

    >>> reading = ReadingRecord((0.9, 0.1, 0.0), (SpanRecord(0, 3, "FTX", (0.9, 0.1, 0.0)),))
    >>> amended(reading, Example("FTX is fine", sentiment=1)).sentiment
    (0.0, 1.0, 0.0)
    >>> amended(reading, Example("FTX is fine", sentiment=0)) == reading
    True
    """
    sentiment = _amended(reading.sentiment, right.sentiment)
    spans = [_span(reading, sentiment, span, right.text) for span in right.spans]
    if not right.are_spans_complete:
        spans += [served for served in reading.spans if not any(_overlap(served, span) for span in right.spans)]
    return ReadingRecord(sentiment, tuple(sorted(spans, key=lambda span: span.start)))


def _amended(served: Sentiment, right: int | None) -> Sentiment:
    return served if right is None or int(np.argmax(served)) == right else _CERTAIN[right]


def _span(reading: ReadingRecord, of_document: Sentiment, right: LabelledSpan, text: str) -> SpanRecord:
    """Return a right mention; if its sentiment is not said: that of what was served there, or of the document."""
    touched = [served for served in reading.spans if _overlap(served, right)]
    same = [served for served in touched if (served.start, served.end) == (right.start, right.end)]
    served = (same or touched)[0].sentiment if touched else of_document
    return SpanRecord(right.start, right.end, text[right.start : right.end], _amended(served, right.sentiment))


def _overlap(served: SpanRecord, right: LabelledSpan) -> bool:
    return served.start < right.end and right.start < served.end
