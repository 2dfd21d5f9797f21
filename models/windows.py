"""A long document as overlapping windows: where they are cut, how their answers become one.

Pure planning and arithmetic; knows no network, and of a text only where its sentences begin.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.tokens import MAX_PIECES, Tokens

OVERLAP = 64
"""Pieces that neighbouring windows share at least where words allow: 32 either side of a seam, a sentence or so."""

LEAD_WEIGHT = 2 / 3
"""Of the first window in a long document's sentiment. News says first what it is about: at two thirds a lead with a
probability of 0.7 for its label outweighs a neutral rest, and one that is undecided lets the rest decide."""

_STOPS = frozenset(".!?…。！？")


@dataclass(frozen=True, slots=True)
class Window:
    """The tokens [first, past) of a document.

    >>> Window(first=0, past=3).n_tokens
    3
    """

    first: int
    past: int

    @property
    def n_tokens(self) -> int:
        """How many tokens it holds."""
        return self.past - self.first


def plan_windows(tokens: Tokens, max_pieces: int = MAX_PIECES, overlap: int = OVERLAP) -> list[Window]:
    """Return the windows that cover all tokens, in order; one for a document that fits.

    Each holds at most `max_pieces` pieces with the marks, whole words, as many as fit. Each but the first begins
    `overlap` pieces before the end of the one before; or where a sentence does, if that is at most half as many
    earlier.

    >>> text = "a b. c d. e"
    >>> offsets = tuple((n, n + 1) for n, c in enumerate(text) if c != " ")
    >>> tokens = Tokens(text, offsets, tuple(range(1, 8)), (101, *range(7), 102), (0, *[1] * 7, 0))
    >>> plan_windows(tokens, max_pieces=7, overlap=2)
    [Window(first=0, past=5), Window(first=3, past=7)]
    """
    n_tokens = len(tokens.firsts)
    if len(tokens) <= max_pieces or n_tokens == 0:
        return [Window(0, n_tokens)]
    bounds = tokens.bounds
    room = max_pieces - bounds[0] - (len(tokens) - bounds[-1])
    if not 0 <= 2 * overlap < room:
        raise ValueError(f"overlap must be below half of the {room} pieces of a window, got {overlap}")
    starts = _sentence_starts(tokens)
    windows: list[Window] = []
    first = 0
    while True:
        past = max(first + 1, bisect_right(bounds, bounds[first] + room) - 1)
        windows.append(Window(first, past))
        if past >= n_tokens:
            return windows
        latest = bisect_right(bounds, bounds[past] - overlap) - 1
        earliest = bisect_left(bounds, bounds[past] - overlap - overlap // 2)
        begins = bisect_right(starts, latest) - 1
        snapped = starts[begins] if begins >= 0 and starts[begins] >= earliest else latest
        first = min(past, max(first + 1, snapped))


def _sentence_starts(tokens: Tokens) -> list[int]:
    """Return the tokens before which a sentence or a line ends."""
    found: list[int] = []
    for position in range(1, len(tokens.offsets)):
        (_, end), (start, _) = tokens.offsets[position - 1], tokens.offsets[position]
        gap = tokens.text[end:start]
        if (gap and tokens.text[end - 1] in _STOPS) or "\n" in gap or tokens.text[end - 1] in "。！？":
            found.append(position)
    return found


def weights(windows: Sequence[Window]) -> list[float]:
    """Return how much each window weighs in the document's sentiment; they sum to 1.

    The first one has LEAD_WEIGHT, or its share of the tokens if that is more; the others share the rest by the
    tokens they add.

    >>> [round(weight, 3) for weight in weights([Window(0, 200), Window(150, 350), Window(300, 450)])]
    [0.667, 0.2, 0.133]
    >>> [round(weight, 3) for weight in weights([Window(0, 200), Window(150, 210)])]
    [0.952, 0.048]
    """
    if len(windows) == 1:
        return [1.0]
    ends = [0, *(window.past for window in windows)]
    added = [end - before for before, end in pairwise(ends)]
    lead = max(LEAD_WEIGHT, added[0] / ends[-1])
    n_rest = ends[-1] - added[0]
    return [lead, *((1.0 - lead) * n_added / n_rest for n_added in added[1:])]


def join_rows(
    windows: Sequence[Window], rows: Sequence[NDArray[np.float32]], is_inside: Sequence[NDArray[np.bool_]]
) -> NDArray[np.float32]:
    """Return one row per token of the document: of the window in which it stands farther from a border.

    Between two windows the seam is the border of words nearest to the middle of their overlap across which
    neither sees a mention go on, so that no mention is cut, or found twice.

    Args:
        windows: of one document, as planned.
        rows: of each window, what is told of its tokens, (T, A).
        is_inside: of each window, whether the likeliest tag of a token goes on with a mention, (T,).
    """
    joined: list[NDArray[np.float32]] = []
    begin = 0
    for n, window in enumerate(windows):
        end = window.past if n + 1 == len(windows) else _seam(window, windows[n + 1], is_inside[n], is_inside[n + 1])
        end = max(begin, end)
        joined.append(rows[n][begin - window.first : end - window.first])
        begin = end
    return np.concatenate(joined)


def _seam(left: Window, right: Window, left_inside: NDArray[np.bool_], right_inside: NDArray[np.bool_]) -> int:
    """Return the first token that is the right window's."""
    first, past = right.first, left.past
    middle = (first + past) // 2
    goes_on = left_inside[first - left.first :] | right_inside[: past - first]
    free = [position for position in range(first, past) if not goes_on[position - first]]
    return min(free, key=lambda position: abs(position - middle), default=middle)
