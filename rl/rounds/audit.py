"""Which rounds are kept out of learning, so that they can judge what was learned from the others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from rl.rounds.round import Round

AUDIT_SHARE = 0.2
"""Of stories. One in five: the gate's second witness needs hundreds, learning thousands."""


def is_audit(story: str) -> bool:
    """Return whether a story's rounds are for judging; the same for all copies, and for ever.

    >>> [is_audit(story) for story in ("a", "b", "c")]
    [False, False, True]
    """
    digest = hashlib.sha256(story.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") < AUDIT_SHARE * 2**32


def parted(rounds: Iterable[Round]) -> tuple[list[Round], list[Round]]:
    """Return the rounds to learn from, and those to judge by, each in order."""
    learned: list[Round] = []
    audited: list[Round] = []
    for answered in rounds:
        (audited if is_audit(answered.story) else learned).append(answered)
    return learned, audited
