"""The shape of a word as written: what an uncased encoder cannot see.

Owns the list of shapes and their order, which checkpoints rely on. Knows no tokenizer.
"""

from __future__ import annotations

from enum import IntEnum


class Shape(IntEnum):
    """How a word is written; the value is its row in the shape embedding.

    >>> [shape_of(word).name for word in ("shares", "Tesla", "FTX", "eBay", "2024", "Q3", "$", "東京")]
    ['LOWER', 'TITLE', 'UPPER', 'MIXED', 'DIGITS', 'ALPHANUMERIC', 'PUNCTUATION', 'OTHER']
    """

    SPECIAL = 0  # no word: the encoder's own marks and padding
    LOWER = 1
    TITLE = 2
    UPPER = 3
    MIXED = 4
    DIGITS = 5
    ALPHANUMERIC = 6
    PUNCTUATION = 7
    OTHER = 8  # scripts without case


def shape_of(word: str) -> Shape:
    """Return the shape of one word; a single capital is UPPER."""
    if not any(character.isalnum() for character in word):
        return Shape.PUNCTUATION
    if word.isdigit():
        return Shape.DIGITS
    if any(character.isdigit() for character in word):
        return Shape.ALPHANUMERIC
    if word.islower():
        return Shape.LOWER
    if word.isupper():
        return Shape.UPPER
    if word[0].isupper() and word[1:].islower():
        return Shape.TITLE
    return Shape.MIXED if word.lower() != word else Shape.OTHER
