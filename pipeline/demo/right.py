"""What is right of the feed's documents, which whoever wrote them knows. Knows no policy and no analyst."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Tone = Literal["negative", "neutral", "positive"]
Span = tuple[int, int]
"""Characters [start, end) of what the policy reads."""


@dataclass(frozen=True, slots=True)
class Right:
    """The labels that a document deserves.

    >>> Right.of("Nike sues Nike Inc over $NKE", "negative", ("Nike", "$NKE")).mentions
    ((0, 4), (10, 14), (24, 28))
    """

    tone: Tone
    mentions: tuple[Span, ...]  # of the document's subject, with the same tone; there may be others
    is_red_flag: bool = False  # bad news in sober words

    @classmethod
    def of(cls, text: str, tone: Tone, surfaces: Iterable[str], *, is_red_flag: bool = False) -> Right:
        """Return what is right of a text whose subject goes by these names."""
        return cls(tone, places_of(text, surfaces), is_red_flag)


def places_of(text: str, surfaces: Iterable[str]) -> tuple[Span, ...]:
    """Return where any of the names stands as a whole, in order."""
    # of IBM and $IBM, the cashtag is one name and not two
    ways = sorted((re.escape(surface) for surface in surfaces), key=len, reverse=True)
    if not ways:
        return ()
    return tuple(match.span() for match in re.finditer(rf"(?<![\w$])(?:{'|'.join(ways)})(?!\w)", text))
