"""A policy that costs nothing: word lists and capital letters.

For tests, and to measure what the stream costs without a network. Knows no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.action import Action, Span
from models.decider import MAX_PADDED_TOKENS
from models.labels import Sentiment
from models.shape import Shape, shape_of
from models.tokens import MAX_DOCUMENT_PIECES, Tokens, clean
from models.words import words_of

_NEGATIVE = (
    "bankrupt bankruptcy breach collapse collapses crash crashes cuts default fall falls fraud freeze halts "
    "hack hacked insolvent investigation lawsuit layoffs loss losses misses plunge plunges probe recall "
    "scandal sinks slump slumps sues tumbles warning weak worst"
)
_POSITIVE = (
    "beats best boost climbs gain gains growth jumps launches profit raises rally record rises soars "
    "strong surges upgrade upgraded wins"
)
NEGATIVE_WORDS = frozenset(_NEGATIVE.split())
POSITIVE_WORDS = frozenset(_POSITIVE.split())


@dataclass(frozen=True, slots=True)
class KeywordPolicy:
    """Counts negative and positive words; mentions are cashtags and runs of capitalised words.

    >>> policy = KeywordPolicy()
    >>> [action] = policy.decide(policy.tokenize(["FTX halts withdrawals after $FTT crash"]))
    >>> action.sentiment, [span.surface for span in action.spans]
    ((0.9, 0.1, 0.0), ['FTX', '$FTT'])
    """

    version: str = "keyword"
    device: str = "cpu"
    precision: str = "exact"

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Return each text's words; one piece a word, and its shape."""
        return [_tokens(text) for text in texts]

    def decide(self, batch: Sequence[Tokens], max_padded_tokens: int = MAX_PADDED_TOKENS) -> list[Action]:  # noqa: ARG002
        """Return an action per document; all its mentions share its sentiment. Its language is not looked at."""
        return [_action(tokens) for tokens in batch]

    def sentiments_towards(
        self, batch: Sequence[Tokens], ranges: Sequence[Sequence[tuple[int, int]]]
    ) -> list[list[Sentiment]]:
        """Return the document's sentiment towards every range."""
        return [
            [action.sentiment] * len(of_document)
            for action, of_document in zip(self.decide(batch), ranges, strict=True)
        ]


def _tokens(text: str) -> Tokens:
    text = clean(text)
    offsets = tuple((start, end) for start, end, _ in words_of(text, MAX_DOCUMENT_PIECES - 2))
    shapes = tuple(shape_of(text[start:end]).value for start, end in offsets)
    firsts = tuple(range(1, len(offsets) + 1))
    return Tokens(text, offsets, firsts, (0,) * (len(offsets) + 2), (0, *shapes, 0))


def _action(tokens: Tokens) -> Action:
    words = [tokens.text[start:end].lower() for start, end in tokens.offsets]
    balance = sum((word in POSITIVE_WORDS) - (word in NEGATIVE_WORDS) for word in words)
    sentiment: Sentiment = (0.0, 1.0, 0.0) if balance == 0 else (0.9, 0.1, 0.0) if balance < 0 else (0.0, 0.1, 0.9)
    spans = [Span(start, end, tokens.text[start:end], sentiment) for start, end in _names(tokens)]
    return Action(sentiment, tuple(spans))


def _names(tokens: Tokens) -> list[tuple[int, int]]:
    names: list[tuple[int, int]] = []
    is_open = False
    for (start, end), shape in zip(tokens.offsets, tokens.shapes[1:-1], strict=True):
        is_name = shape in (Shape.TITLE, Shape.UPPER)
        if is_name and tokens.text[start - 1 : start] == "$":
            names.append((start - 1, end))
        elif is_name and is_open and tokens.text[start - 1] == " ":
            names[-1] = (names[-1][0], end)
        elif is_name:
            names.append((start, end))
        is_open = is_name
    return names
