"""Leads: whether two texts are from one template, and what stands in it in one and not in the other."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from alerts.stories.sketches import NUMBER_BIT

MAX_SLOT = 3
"""Words of what is replaced: whoever replaces more tells it in own words."""


class Relation(Enum):
    """How two leads stand to each other."""

    OTHER = "other"  # in other words, or in another order
    CONTAINED = "contained"  # one is the other with something more
    UPDATED = "updated"  # the same with another number
    REPLACED = "replaced"  # a template in which something else stands


class Slot(NamedTuple):
    """What stands in one place of two leads; one side is empty where the other one has something more."""

    left: tuple[int, ...]
    right: tuple[int, ...]

    @property
    def is_number(self) -> bool:
        """Return whether there are numbers on both sides and nothing else."""
        return all(word & NUMBER_BIT for word in self.left + self.right)


def aligned(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, list[Slot]]:
    """Return how many words two leads have in common at least cost of edit, and what stands between those.

    *See* "Binary codes capable of correcting deletions, insertions, and reversals" by Levenshtein (1966).

    >>> aligned((1, 2, 3, 4), (1, 7, 3, 4, 5))
    (3, [Slot(left=(2,), right=(7,)), Slot(left=(), right=(5,))])
    """
    costs = _costs(left, right)
    n_common, slots = 0, []
    i = j = to_i = to_j = 0
    while i < len(left) or j < len(right):
        is_inside = i < len(left) and j < len(right)
        if is_inside and left[i] == right[j] and costs[i][j] == costs[i + 1][j + 1]:
            if (to_i, to_j) != (i, j):
                slots.append(Slot(left[to_i:i], right[to_j:j]))
            i, j, n_common = i + 1, j + 1, n_common + 1
            to_i, to_j = i, j
        elif i < len(left) and costs[i][j] == costs[i + 1][j] + 1:
            i += 1
        elif j < len(right) and costs[i][j] == costs[i][j + 1] + 1:
            j += 1
        else:
            i, j = i + 1, j + 1
    if (to_i, to_j) != (i, j):
        slots.append(Slot(left[to_i:], right[to_j:]))
    return n_common, slots


def _costs(left: tuple[int, ...], right: tuple[int, ...]) -> list[list[int]]:
    """Return how many edits lead from the rest of one to the rest of the other, for each two places."""
    costs = [list(range(len(right), -1, -1))]
    for i, word in enumerate(reversed(left), start=1):
        below, row = costs[-1], [i]
        for j in range(len(right) - 1, -1, -1):
            row.append(min(below[j + 1] + (word != right[j]), below[j] + 1, row[-1] + 1))
        costs.append(row[::-1])
    return costs[::-1]


def relation(left: tuple[int, ...], right: tuple[int, ...], min_share: float, min_updated: int) -> Relation:
    """Return how two leads stand to each other.

    Args:
        left: the first words of a text.
        right: those of another.
        min_share: in common, of the shorter one, from which both are of one template.
        min_updated: words in common from which another number is news of the same.

    >>> relation((1, 2, 3, 4), (1, 7, 3, 4, 5), 0.5, 4).value
    'replaced'
    """
    least = max(1, min_share * min(len(left), len(right)))
    if len([word for word in left if word in right]) < least:  # more are not found in order
        return Relation.OTHER
    n_common, slots = aligned(left, right)
    if n_common < least:
        return Relation.OTHER
    replaced = _replaced(slots)
    if not replaced:
        return Relation.CONTAINED
    if len(replaced) == 1 and n_common >= min_updated and replaced[0].is_number:
        return Relation.UPDATED
    return Relation.REPLACED


def _replaced(slots: list[Slot]) -> list[Slot]:
    """Return the slots in which something else stands, not what stands elsewhere in the other lead."""
    moved = {word for slot in slots if not (slot.left and slot.right) for word in slot.left + slot.right}
    return [
        slot
        for slot in slots
        if slot.left
        and slot.right
        and max(len(slot.left), len(slot.right)) <= MAX_SLOT
        and moved.isdisjoint(slot.left + slot.right)
    ]
