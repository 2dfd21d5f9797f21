"""Greedy reading of tag probabilities as spans. Pure; knows neither network nor text beyond offsets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.action import Span
from models.labels import SENTIMENTS, TAGS, Sentiment
from models.tokens import Tokens

OUTSIDE = TAGS.index("O")
BEGINS = tuple(TAGS.index(f"B-{sentiment}") for sentiment in SENTIMENTS)
INSIDES = tuple(TAGS.index(f"I-{sentiment}") for sentiment in SENTIMENTS)


def legal_after(tag: int) -> tuple[int, ...]:
    """Return the tags that may follow: a mention goes on only with its own sentiment.

    >>> [TAGS[next_tag] for next_tag in legal_after(TAGS.index("B-negative"))]
    ['O', 'B-negative', 'B-neutral', 'B-positive', 'I-negative']
    """
    if tag == OUTSIDE:
        return (OUTSIDE, *BEGINS)
    sentiment = TAGS[tag].partition("-")[2]
    return (OUTSIDE, *BEGINS, TAGS.index(f"I-{sentiment}"))


_LEGAL = np.array([[after in legal_after(tag) for after in range(len(TAGS))] for tag in range(len(TAGS))])


def greedy_tags(p_tags: NDArray[np.float32]) -> list[int]:
    """Return the most probable legal tag of each token, given the tag before it; p_tags is (T, 7)."""
    if p_tags.ndim != 2 or p_tags.shape[1] != len(TAGS):
        raise ValueError(f"p_tags must be (T, {len(TAGS)}), got {p_tags.shape}")
    tags: list[int] = []
    before = OUTSIDE
    for position, best in enumerate(p_tags.argmax(axis=1).tolist()):
        legal = _LEGAL[before]
        before = best if legal[best] else int(np.where(legal, p_tags[position], -1.0).argmax())
        tags.append(before)
    return tags


def spans_of(tokens: Tokens, p_tags: NDArray[np.float32]) -> tuple[Span, ...]:
    """Return the spans the greedy tags mark, each with the mean sentiment its tokens give."""
    spans: list[Span] = []
    for first, last in _runs(greedy_tags(p_tags)):
        start, end = tokens.offsets[first][0], tokens.offsets[last][1]
        spans.append(Span(start, end, tokens.text[start:end], sentiment_of(p_tags[first : last + 1])))
    return tuple(spans)


def _runs(tags: list[int]) -> list[tuple[int, int]]:
    """Return the first and last token of each mention."""
    runs: list[tuple[int, int]] = []
    for position, tag in enumerate(tags):
        if tag in BEGINS:
            runs.append((position, position))
        elif tag != OUTSIDE:
            runs[-1] = (runs[-1][0], position)
    return runs


def sentiment_of(p_tags: NDArray[np.float32]) -> Sentiment:
    """Return the sentiment a mention's tokens give together; p_tags is (T, 7), of its tokens only."""
    p_sentiments = (p_tags[:, BEGINS] + p_tags[:, INSIDES]).sum(axis=0, dtype=np.float64)  # (3,)
    negative, neutral, positive = (p_sentiments / p_sentiments.sum()).tolist()
    return negative, neutral, positive
