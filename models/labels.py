"""The policy's label sets and their order, which checkpoints and wire records rely on."""

from __future__ import annotations

SENTIMENTS = ("negative", "neutral", "positive")
"""A document's or a mention's sentiment; index 0 is the one that surges are made of."""

TAGS = ("O", *(f"{position}-{sentiment}" for sentiment in SENTIMENTS for position in "BI"))
"""A token's tag: outside, or begin / inside a mention with the sentiment towards it."""

Sentiment = tuple[float, float, float]
"""Probabilities over SENTIMENTS; they sum to 1."""


def polarity(sentiment: Sentiment) -> float:
    """Return p_positive - p_negative, in [-1, 1].

    >>> round(polarity((0.7, 0.2, 0.1)), 3)
    -0.6
    """
    return sentiment[2] - sentiment[0]
