"""A text with its words: how each is folded, how it is written, and what the capitals around it tell.

Knows words and where they stand, no names.
"""

from __future__ import annotations

import re
from functools import cached_property

from models.topics.english import FALLS, RISES
from models.topics.surface import Casing, casing, word_pattern

_MONEY = re.compile(r"\d\s?%|[$€£₹]\s?\d")


class Reading:
    """A text with its words, folded and as written.

    >>> reading = Reading("Ford’s recall", ["ford's", "recall"])
    >>> reading.written(0), reading.gap(1)
    ('Ford', ' ')
    """

    def __init__(self, text: str, keys: list[str]) -> None:
        self.text = text
        self.keys = keys
        self.bounds = [match.span() for match in word_pattern(text).finditer(text)]

    def end(self, n: int) -> int:
        """Return where word n ends, its possessive 's left out."""
        return self.bounds[n][1] - 2 * self.keys[n].endswith("'s")

    def written(self, n: int) -> str:
        """Return word n as written, its possessive 's left out."""
        return self.text[self.bounds[n][0] : self.end(n)]

    def gap(self, n: int) -> str:
        """Return what stands between word n and the one before it."""
        return self.text[self.bounds[n - 1][1] if n else 0 : self.bounds[n][0]]

    def is_capital(self, n: int) -> bool:
        """Return whether word n begins with a capital letter."""
        return self.text[self.bounds[n][0]].isupper()

    def is_cashtag(self, n: int) -> bool:
        """Return whether a dollar sign, and not an amount, stands at word n."""
        start = self.bounds[n][0]
        return self.text[start - 1 : start] == "$" and not self.text[max(0, start - 2) : start - 1].isalnum()

    @cached_property
    def casing(self) -> Casing:
        """How the text uses capitals, cashtags left out."""
        words = (self.text[start:end] for n, (start, end) in enumerate(self.bounds) if not self.is_cashtag(n))
        return casing(words)

    @cached_property
    def joined(self) -> str:
        """The folded words with one space between, before and after them."""
        return " ".join(["", *(key.removesuffix("'s") for key in self.keys), ""])

    @cached_property
    def tells_of_a_move(self) -> bool:
        """Whether anything rises or falls, or money or a percentage is named."""
        is_move = not (FALLS.isdisjoint(self.keys) and RISES.isdisjoint(self.keys))
        return is_move or _MONEY.search(self.text) is not None
