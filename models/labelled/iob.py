"""Entities as tags of words: begin, inside, outside. Pure; knows no file format.

Reads IOB1, IOB2, BIOES and BILOU alike, and sequences that no scheme allows as `conlleval` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Entity = tuple[int, int, str]
"""First word, word after the last, type."""

_TAG = re.compile(r"O|[BIESLU](-.+)?")


def is_tag(tag: str) -> bool:
    """Return whether a tag is `O`, or a position in an entity and its type.

    >>> [is_tag(tag) for tag in ("O", "B-PER", "S-creative-work", "I", "NNP", "")]
    [True, True, True, True, False, False]
    """
    return _TAG.fullmatch(tag) is not None


def iob2(tags: Sequence[str]) -> list[str]:
    """Return the tags such that every entity begins with B; what is IOB2 already stays as it is.

    An inside tag that continues nothing, or another type, begins an entity: the rule of `conlleval`.

    >>> iob2(["I-PER", "I-PER", "B-PER", "I-ORG", "O", "S-LOC", "I-LOC", "E-LOC", "I-LOC"])
    ['B-PER', 'I-PER', 'B-PER', 'B-ORG', 'O', 'B-LOC', 'B-LOC', 'I-LOC', 'B-LOC']
    """
    plain: list[str] = []
    open_type: str | None = None
    for tag in tags:
        position, dash, kind = tag.partition("-")
        if tag == "O":
            plain.append(tag)
            open_type = None
            continue
        begins = position in ("B", "S", "U") or open_type != kind
        plain.append(f"{'B' if begins else 'I'}{dash}{kind}")
        open_type = None if position in ("E", "L", "S", "U") else kind
    return plain


def entities_of(tags: Sequence[str]) -> list[Entity]:
    """Return the entities that a sentence's tags mark, in order.

    >>> entities_of(["B-PER", "I-PER", "O", "I-ORG", "I-LOC"])
    [(0, 2, 'PER'), (3, 4, 'ORG'), (4, 5, 'LOC')]
    """
    found: list[Entity] = []
    for position, tag in enumerate(iob2(tags)):
        kind = tag.partition("-")[2]
        if tag.startswith("B"):
            found.append((position, position + 1, kind))
        elif tag != "O":
            found[-1] = (found[-1][0], position + 1, kind)
    return found
