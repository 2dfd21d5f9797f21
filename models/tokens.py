"""Text to tokens: the words a policy tags, with their characters in the original text.

Owns cleaning and truncation; any string is accepted. The encoder's tokenizer only
cuts words into pieces, so offsets never depend on it. Knows no network.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from models.shape import Shape, shape_of
from models.words import Word, words_of

MAX_PIECES = 256
"""Wordpieces read of a document, marks included: titles and leads come first, the tail says little new."""

MAX_CHARACTERS = 64 * MAX_PIECES
"""Characters looked at; cut before anything that costs time by length."""

MAX_WORD_CHARACTERS = 100
"""A longer word is one piece to a BERT and hundreds to a byte-level encoder; it is cut for all alike."""

_SURROGATES = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Tokens:
    """One document as the policy reads it; its length is what it costs in a batch.

    >>> tokens = Tokens(text="FTX halts", offsets=((0, 3), (4, 9)), firsts=(1, 3),
    ...                 pieces=(101, 3027, 2595, 9190, 102), shapes=(0, 3, 3, 1, 0))
    >>> len(tokens), [tokens.text[start:end] for start, end in tokens.offsets]
    (5, ['FTX', 'halts'])
    """

    text: str  # the original's first characters; lone surrogates, which no wire takes, are replaced
    offsets: tuple[tuple[int, int], ...]  # of each token, characters in the original [start, end)
    firsts: tuple[int, ...]  # of each token, the index of its first piece
    pieces: tuple[int, ...]  # the encoder's ids, marks included
    shapes: tuple[int, ...]  # of each piece, the shape of the token it belongs to

    def __len__(self) -> int:
        return len(self.pieces)

    def overlapping(self, start: int, end: int) -> range:
        """Return the positions of the tokens that share a character with [start, end)."""
        first = bisect_right(self.offsets, start, key=lambda offset: offset[1])
        return range(first, max(first, bisect_left(self.offsets, end, key=lambda offset: offset[0])))


class WordpieceEncoding(Protocol):
    """One text's pieces, as the `tokenizers` library gives them."""

    @property
    def ids(self) -> list[int]: ...  # noqa: D102

    @property
    def word_ids(self) -> list[int | None]: ...  # noqa: D102


class WordpieceTokenizer(Protocol):
    """What is asked of an encoder's tokenizer: cut given words into pieces."""

    def encode_batch(  # noqa: D102
        self, words: list[list[str]], /, *, is_pretokenized: bool = False
    ) -> list[WordpieceEncoding]: ...


def clean(text: str) -> str:
    r"""Return the characters that are looked at, one for one, so that offsets stay the original's.

    >>> clean("a\ud800b") == "a\ufffdb"
    True
    """
    return _SURROGATES.sub("\ufffd", text[:MAX_CHARACTERS])


def tokenize(texts: Sequence[str], tokenizer: WordpieceTokenizer) -> list[Tokens]:
    """Return each text's tokens; the tokenizer must truncate to MAX_PIECES and not pad."""
    cleaned = [clean(text) for text in texts]
    words = [words_of(text, MAX_PIECES) for text in cleaned]
    readings = [[word.reading[:MAX_WORD_CHARACTERS] for word in of_text] for of_text in words]
    encodings = tokenizer.encode_batch(readings, is_pretokenized=True)
    return [_tokens(*parts) for parts in zip(cleaned, words, encodings, strict=True)]


def _tokens(text: str, words: list[Word], encoding: WordpieceEncoding) -> Tokens:
    shapes = [Shape.SPECIAL.value] * len(encoding.ids)
    firsts: list[int] = []
    kept: list[tuple[int, int]] = []
    last: int | None = None
    for position, word in enumerate(encoding.word_ids):
        if word is None:
            continue
        if word != last:
            firsts.append(position)
            start, end, reading = words[word]
            kept.append((start, end))
            shape, last = shape_of(reading).value, word
        shapes[position] = shape
    return Tokens(text, tuple(kept), tuple(firsts), tuple(encoding.ids), tuple(shapes))
