"""Text sketches: what two documents need to show of themselves to be known as the same story.

Sketches are made elsewhere; hashes, never text.
"""

from __future__ import annotations

from enum import IntFlag

import msgspec

SKETCH_SIZE = 32
"""The most word hashes that a sketch holds (its bottom-k)."""


class Trait(IntFlag):
    """What kind of telling a text is."""

    DENIES = 1  # says that something is not so
    LOOKS_BACK = 2  # at something that is over
    RECURS = 4  # every day or hour in the same form
    CORRECTS = 8  # what was told before


LEAD_SIZE = 16
"""The most words of a lead that are compared."""

NUMBER_BIT = 1 << 15
"""Set in those of a lead's hashes that are numbers."""


class TextSketch(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Hashes of a text's content words, names and numbers, and which way things go in it.

    >>> TextSketch(words=(3, 5), direction=-1).is_empty
    False
    """

    words: tuple[int, ...] = ()  # the least 32-bit hashes, ascending
    names: tuple[int, ...] = ()  # hashed as words are
    numbers: tuple[int, ...] = ()  # with their unit
    direction: int = 0  # -1 falls or misses, +1 rises or beats, 0 neither or both
    lead: tuple[int, ...] = ()  # the first words in their order; empty in sketches of before it was there
    traits: int = 0  # a set of `Trait`

    @property
    def is_empty(self) -> bool:
        """Return whether there is no word to compare by."""
        return not self.words


def resemblance(left: frozenset[int], right: frozenset[int]) -> float:
    """Return the Jaccard similarity of two sets of words, estimated from their bottom-k sketches.

    *See* "On the resemblance and containment of documents" by Broder (1997) and "Summarizing data using
    bottom-k sketches" by Cohen and Kaplan (2007). Exact while both together have at most `SKETCH_SIZE` words.

    >>> resemblance(frozenset({1, 2, 3}), frozenset({2, 3, 4}))
    0.5
    """
    n_common = len(left & right)
    n_union = len(left) + len(right) - n_common
    if n_union == 0:
        return 0.0
    if n_union <= SKETCH_SIZE:
        return n_common / n_union
    least = sorted(left | right)[:SKETCH_SIZE]
    return sum(word in left and word in right for word in least) / SKETCH_SIZE


def is_contradicted(left: TextSketch, right: TextSketch) -> bool:
    """Return whether two texts say different things: opposed directions, or numbers of which none agree.

    >>> is_contradicted(TextSketch(words=(1,), direction=-1), TextSketch(words=(1,), direction=1))
    True
    """
    if left.direction * right.direction < 0:
        return True
    if not left.numbers or not right.numbers:
        return False
    return frozenset(left.numbers).isdisjoint(right.numbers)
