"""Text to tokens: the words a policy tags, with their characters in the original text.

Owns cleaning, word splitting and truncation; any string is accepted. The encoder's tokenizer only
cuts words into pieces, so offsets never depend on it. Knows no network.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from models.shape import Shape, shape_of

MAX_PIECES = 256
"""Wordpieces read of a document, marks included: titles and leads come first, the tail says little new."""

MAX_CHARACTERS = 64 * MAX_PIECES
"""Characters looked at; cut before anything that costs time by length."""

MAX_WORD_CHARACTERS = 100
"""A longer word is one piece to a BERT and hundreds to a byte-level encoder; it is cut for all alike."""

_WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f][^\W_]*)*|\S")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


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


def words_of(text: str) -> list[tuple[int, int]]:
    """Return the offsets of the words of a text; each punctuation mark is a word of its own.

    >>> words_of("L&T up 3%")
    [(0, 1), (1, 2), (2, 3), (4, 6), (7, 8), (8, 9)]
    """
    readable = _CONTROLS.sub(" ", text[:MAX_CHARACTERS])
    return [match.span() for match in islice(_WORD.finditer(readable), MAX_PIECES)]


def clean(text: str) -> str:
    r"""Return the characters that are looked at, one for one, so that offsets stay the original's.

    >>> clean("a\ud800b") == "a\ufffdb"
    True
    """
    return _SURROGATES.sub("\ufffd", text[:MAX_CHARACTERS])


def tokenize(texts: Sequence[str], tokenizer: WordpieceTokenizer) -> list[Tokens]:
    """Return each text's tokens; the tokenizer must truncate to MAX_PIECES and not pad."""
    cleaned = [clean(text) for text in texts]
    offsets = [words_of(text) for text in cleaned]
    words = [
        [text[start : min(end, start + MAX_WORD_CHARACTERS)] for start, end in of_text]
        for text, of_text in zip(cleaned, offsets, strict=True)
    ]
    encodings = tokenizer.encode_batch(words, is_pretokenized=True)
    return [_tokens(*parts) for parts in zip(cleaned, words, offsets, encodings, strict=True)]


def _tokens(text: str, words: list[str], offsets: list[tuple[int, int]], encoding: WordpieceEncoding) -> Tokens:
    shapes = [Shape.SPECIAL.value] * len(encoding.ids)
    firsts: list[int] = []
    kept: list[tuple[int, int]] = []
    last: int | None = None
    for position, word in enumerate(encoding.word_ids):
        if word is None:
            continue
        if word != last:
            firsts.append(position)
            kept.append(offsets[word])
            shape, last = shape_of(words[word]).value, word
        shapes[position] = shape
    return Tokens(text, tuple(kept), tuple(firsts), tuple(encoding.ids), tuple(shapes))
