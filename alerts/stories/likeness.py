"""Likeness: whether two texts tell the same story, by their sketches alone. Knows no time and no topic."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from alerts.stories.leads import Relation, relation
from alerts.stories.sketches import LEAD_SIZE, SKETCH_SIZE, TextSketch, Trait, is_contradicted, resemblance

_ROUNDING = 1e-9
"""So that 0.6 of 5 words are 3."""


@dataclass(frozen=True, slots=True)
class LikenessConfig:
    """From when two texts tell the same story; set on the development half of the labelled pairs.

    >>> LikenessConfig().min_resemblance
    0.6
    """

    min_resemblance: float = 0.6
    # Words alone: wire copies with a changed headline score 0.6 and more.
    min_resemblance_name: float = 0.4
    # With a name in common.
    min_resemblance_names: float = 0.25
    # With several: outlets that tell the same event in their own words share a quarter of them.
    min_resemblance_number: float = 0.12
    # With a name and a number in common, which are rarely the same by chance within a day.
    min_resemblance_recurring: float = 0.9
    # What comes every day in the same form: only its copies.
    min_names: int = 2
    # One is the topic itself, which all documents here have in common.
    min_words: int = 2
    # In common beside those names, which say who, and not what: lists of cashtags are no story.
    min_contained: float = 0.8
    # Of the words of the shorter text, where its lead is that of the longer one: cut ends, headline and article.
    min_contained_words: int = 3
    # A shorter one says too little.
    min_template: float = 0.6
    # Of the words of the shorter lead, in their order, from which what differs between them is another event.
    min_updated: int = 4
    # Words of a lead in common from which another number is news of the same event.

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("min_names", "min_words", "min_contained_words", "min_updated"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        for name in ("min_contained", "min_template", "min_resemblance_recurring"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in (0, 1], got {getattr(self, name)}")
        levels = (self.min_resemblance_number, self.min_resemblance_names, self.min_resemblance_name)
        if not 0 < levels[0] <= levels[1] <= levels[2] <= self.min_resemblance <= 1:
            raise ValueError(
                "min_resemblance_number, _names, _name and min_resemblance must ascend in (0, 1], "
                f"got {(*levels, self.min_resemblance)}"
            )


class Facets:
    """A sketch as sets, made once and compared often.

    >>> sorted(Facets(TextSketch(words=(1, 2), names=(2,))).words)
    [1, 2]
    """

    __slots__ = ("names", "numbers", "sketch", "words")

    def __init__(self, sketch: TextSketch) -> None:
        self.sketch = sketch
        self.words = frozenset(sketch.words[:SKETCH_SIZE])
        self.names = frozenset(sketch.names)
        self.numbers = frozenset(sketch.numbers)


def likest(config: LikenessConfig, text: Facets, others: Iterable[tuple[int, Facets]]) -> int | None:
    """Return which of the others tells the story that a text tells, by its number: the likest one, then the least.

    Two questions. Is there enough in common: words, or fewer of them with names or a number, or all of the shorter
    text? And does nothing tell the two apart: opposed directions, other numbers, a denial, or something else in the
    same place of one template ("Orvane sues Dornan", "Dornan sues Orvane")? The second is asked of the likest first.

    >>> halted = Facets(TextSketch(words=(1, 2, 3, 4), lead=(1, 2, 3, 4)))
    >>> likest(LikenessConfig(), halted, [(7, Facets(TextSketch(words=(1, 2, 3, 5), lead=(1, 2, 3))))])
    7
    >>> likest(LikenessConfig(), halted, [(7, Facets(TextSketch(words=(1, 2, 3, 5), lead=(1, 2, 3, 5))))]) is None
    True
    """
    near = []
    for number, other in others:
        similarity = nearness(config, text, other)
        if similarity:
            near.append((-similarity, number, other))
    near.sort(key=itemgetter(0, 1))
    return next((number for _, number, other in near if not are_told_apart(config, text, other)), None)


def nearness(config: LikenessConfig, left: Facets, right: Facets) -> float:
    """Return the resemblance of two texts that have enough in common to tell one story, and 0 where they have not."""
    n_common = len(left.words & right.words)
    if not n_common:
        return 0.0
    n_left, n_right = len(left.words), len(right.words)
    shorter = n_left if n_left < n_right else n_right
    may_be_contained = shorter >= config.min_contained_words and n_common >= config.min_contained * shorter
    n_union = n_left + n_right - n_common
    most = n_common / (n_union if n_union < SKETCH_SIZE else SKETCH_SIZE)
    # cheap and never too low: most pairs end here
    if most < config.min_resemblance_names and not may_be_contained and left.numbers.isdisjoint(right.numbers):
        return 0.0
    similarity = most if n_union <= SKETCH_SIZE else resemblance(left.words, right.words)
    if may_be_contained or _is_close(config, left, right, similarity):
        return max(similarity, config.min_resemblance_number)
    return 0.0


def are_told_apart(config: LikenessConfig, left: Facets, right: Facets) -> bool:
    """Return whether two texts that have enough in common tell different stories."""
    similarity = resemblance(left.words, right.words)
    lead, other = left.sketch.lead[:LEAD_SIZE], right.sketch.lead[:LEAD_SIZE]
    leads = relation(lead, other, config.min_template, config.min_updated)
    if leads is not Relation.CONTAINED and not _is_close(config, left, right, similarity):
        return True
    return _tell_different(config, left.sketch, right.sketch, similarity, leads)


def least_common(config: LikenessConfig, n_words: int) -> int:
    """Return how many words a text has in common with whatever it is like, a number in common left aside.

    >>> [least_common(LikenessConfig(), n_words) for n_words in (1, 2, 8, 9, 32)]
    [1, 2, 2, 3, 3]
    """
    alone = config.min_resemblance * n_words
    with_names = max(config.min_resemblance_names * n_words, config.min_words)
    contained = config.min_contained * config.min_contained_words
    return max(1, math.ceil(min(alone, with_names, contained) - _ROUNDING))


def _is_close(config: LikenessConfig, left: Facets, right: Facets, similarity: float) -> bool:
    if similarity < config.min_resemblance_number:
        return False
    names = left.names & right.names
    n_words = len((left.words & right.words) - names)
    if n_words < 1:
        return False
    if similarity >= config.min_resemblance:
        return True
    if names and not left.numbers.isdisjoint(right.numbers):
        return True
    level = config.min_resemblance_names if len(names) >= config.min_names else config.min_resemblance_name
    return bool(names) and n_words >= config.min_words and similarity >= level


def _tell_different(
    config: LikenessConfig, left: TextSketch, right: TextSketch, similarity: float, leads: Relation
) -> bool:
    if (left.traits ^ right.traits) & (Trait.DENIES | Trait.LOOKS_BACK):
        return True
    if left.traits & right.traits & Trait.RECURS:
        return similarity < config.min_resemblance_recurring or leads is not Relation.CONTAINED
    if (left.traits | right.traits) & Trait.CORRECTS or leads is Relation.UPDATED:
        return left.direction * right.direction < 0
    return leads is Relation.REPLACED or is_contradicted(left, right)
