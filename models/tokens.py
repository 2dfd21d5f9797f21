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
"""Wordpieces read at once, marks included; a longer document is read in windows of so many."""

MAX_DOCUMENT_PIECES = 8192
"""Wordpieces read of a document, marks included: some 6,000 English words; what comes after is cut off."""

MAX_CHARACTERS = 8 * MAX_DOCUMENT_PIECES
"""Characters looked at; cut before anything that costs time by length."""

MAX_WORD_CHARACTERS = 100
"""A longer word is one piece to a BERT and hundreds to a byte-level encoder; it is cut for all alike."""

_SURROGATES = re.compile(r"[\ud800-\udfff]")
_UNREADABLE = "?"


@dataclass(frozen=True, slots=True)
class Tokens:
    """One document, or a window of it, as the policy reads it; its length is what it costs in a batch.

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

    @property
    def bounds(self) -> tuple[int, ...]:
        """Where each token's pieces begin, and where those of the last one end; empty without tokens."""
        end = len(self.pieces)
        while self.firsts and self.shapes[end - 1] == Shape.SPECIAL:
            end -= 1
        return (*self.firsts, end) if self.firsts else ()

    def part(self, first: int, past: int, max_pieces: int) -> Tokens:
        """Return the tokens [first, past) between this document's marks; of a token too long for that, its beginning.

        >>> tokens = Tokens("FTX halts", ((0, 3), (4, 9)), (1, 3), (101, 3027, 2595, 9190, 102), (0, 3, 3, 1, 0))
        >>> tokens.part(1, 2, max_pieces=3)
        Tokens(text='FTX halts', offsets=((4, 9),), firsts=(1,), pieces=(101, 9190, 102), shapes=(0, 1, 0))
        """
        if not 0 <= first < past <= len(self.firsts):
            raise ValueError(f"first and past must be a range of {len(self.firsts)} tokens, got {first} and {past}")
        bounds = self.bounds
        head, tail = bounds[0], bounds[-1]
        start = bounds[first]
        end = min(bounds[past], start + max_pieces - head - (len(self.pieces) - tail))
        return Tokens(
            self.text,
            self.offsets[first:past],
            tuple(at - start + head for at in self.firsts[first:past]),
            self.pieces[:head] + self.pieces[start:end] + self.pieces[tail:],
            self.shapes[:head] + self.shapes[start:end] + self.shapes[tail:],
        )

    def beginning(self, max_pieces: int) -> Tokens:
        """Return as many of the first tokens as fit into so many pieces, marks included."""
        if len(self.pieces) <= max_pieces:
            return self
        bounds = self.bounds
        n_marks = bounds[0] + len(self.pieces) - bounds[-1]
        past = bisect_right(bounds, bounds[0] + max_pieces - n_marks) - 1
        return self.part(0, max(1, past), max_pieces)


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


def tokenize(texts: Sequence[str], tokenizer: WordpieceTokenizer, max_pieces: int = MAX_PIECES) -> list[Tokens]:
    """Return each text's tokens; the tokenizer must neither truncate below `max_pieces` nor pad.

    Args:
        texts: any strings.
        tokenizer: the encoder's.
        max_pieces: of each text, marks included; MAX_DOCUMENT_PIECES for what is read in windows.
    """
    cleaned = [clean(text) for text in texts]
    words = [words_of(text, max_pieces) for text in cleaned]
    readings = [[word.reading[:MAX_WORD_CHARACTERS] for word in of_text] for of_text in words]
    encodings = tokenizer.encode_batch(readings, is_pretokenized=True)
    found = [_tokens(*parts) for parts in zip(cleaned, words, encodings, strict=True)]
    return [tokens.beginning(max_pieces) for tokens in found]


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


def tokenize_words(sentences: Sequence[Sequence[str]], tokenizer: WordpieceTokenizer) -> tuple[Tokens, list[int]]:
    """Return one document of given words, a line a sentence, as tokens; and of each token, which word it is.

    Words are counted through all sentences; one of which nothing can be read has no token.
    """
    text: list[str] = []
    words: list[Word] = []
    at = 0
    for sentence in sentences:
        for given in sentence:
            word = clean(given)
            reading = " ".join(part.reading for part in words_of(word)) or _UNREADABLE
            words.append(Word(at, at + len(word), reading[:MAX_WORD_CHARACTERS]))
            text += (word, " ")
            at += len(word) + 1
        text[-1:] = "\n"
    encoding = tokenizer.encode_batch([[word.reading for word in words]], is_pretokenized=True)[0]
    tokens = _tokens("".join(text), words, encoding)
    read = sorted({word for word in encoding.word_ids if word is not None})
    return tokens, read
