"""What a policy does with one document: a sentiment, the spans that name topics, and what language it read."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.labels import Sentiment
from models.language import ENGLISH, UNDETERMINED

TRAINED_LANGUAGES = frozenset({ENGLISH, UNDETERMINED})
"""What the policy was trained to read; text without a language of its own is names and numbers."""

_TRUST = 1 / 6  # of what is said of another language; from a fifth on, a certain "negative" would be the likeliest
_DOUBT = (0.25, 0.5, 0.25)


def doubted(sentiment: Sentiment) -> Sentiment:
    """Return the sentiment drawn towards neutral, which becomes the likeliest; the order of the others is kept.

    >>> [round(p, 3) for p in doubted((0.0, 1.0, 0.0))]
    [0.208, 0.583, 0.208]
    """
    negative, neutral, positive = (
        _TRUST * p + (1.0 - _TRUST) * doubt for p, doubt in zip(sentiment, _DOUBT, strict=True)
    )
    return negative, neutral, positive


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
    """A policy's whole answer for one document.

    >>> span = Span(start=0, end=3, surface="FTX", sentiment=(0.9, 0.1, 0.0))
    >>> action = Action((0.9, 0.1, 0.0), (span,), language="de").doubted()
    >>> [round(p, 3) for p in action.sentiment], action.spans[0].sentiment == action.sentiment
    ([0.358, 0.433, 0.208], True)
    """

    sentiment: Sentiment
    spans: tuple[Span, ...]  # in order of start, not overlapping
    language: str = UNDETERMINED  # ISO 639-1, of what was read

    def doubted(self) -> Action:
        """Return the action with little confidence: all sentiments drawn towards neutral.

        For text in a language that the policy was not trained on. Neutral becomes the likeliest, with 0.42 to
        0.58, whatever the policy says, so that the document is counted as a mention and never as bad news; which
        of negative and positive it leans to is kept.
        """
        spans = tuple(replace(span, sentiment=doubted(span.sentiment)) for span in self.spans)
        return replace(self, sentiment=doubted(self.sentiment), spans=spans)
