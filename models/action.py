"""What a policy does with one document: a sentiment, and the spans that name topics."""

from __future__ import annotations

from dataclasses import dataclass

from models.labels import Sentiment


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the document's text that names a topic, with the sentiment towards it.

    >>> Span(start=0, end=3, surface="FTX", sentiment=(0.9, 0.1, 0.0)).surface
    'FTX'
    """

    start: int  # characters, inclusive
    end: int  # characters, exclusive
    surface: str
    sentiment: Sentiment


@dataclass(frozen=True, slots=True)
class Action:
    """A policy's whole answer for one document."""

    sentiment: Sentiment
    spans: tuple[Span, ...]  # in order of start, not overlapping
