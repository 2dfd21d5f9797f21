"""Tallies: how many stories each analyst judged and moved one way, by day, on one topic.

Counts only; knows nothing of what is usual.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rl.analysts.claim import Claim, Push

_DAY_S = 86_400.0
_MIN_THERE = 0.5  # stories near in time: an analyst with fewer has no opinion to trim
_SHRUNK = 2.0  # stories, half of them pushed, added to an opinion, so that one story ranks nobody first


def day_of(at: datetime) -> int:
    """Return the day since 1970, UTC."""
    return int(at.timestamp() // _DAY_S)


Tally = NDArray[np.float64]
"""Stories of one analyst by day, (days, 6): drawn ones that could be moved, those moved that way; moved ones, drawn
or found, those moved that way; answers of others who were asked about them, those that this analyst's lies beyond."""


@dataclass(frozen=True, slots=True)
class JudgedStory:
    """What an analyst made of a story: copies bring one opinion, however often it is given.

    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> claim = Claim("r", "d", "s", ("TSLA",), "ada", at, "p-1", served=((None, 1),), said=((None, 0),))
    >>> [story.is_pushed for story in stories_of([claim, claim], Push.NEGATIVE)]
    [True]
    """

    analyst: str
    at: datetime
    is_found: bool
    is_moved: bool
    is_pushed: bool
    n_compared: int = 0  # answers of others who were asked the same, and which could be moved that way
    n_beyond: int = 0  # of these, those that this analyst's lies beyond


def stories_of(claims: Sequence[Claim], push: Push) -> list[JudgedStory]:
    """Return what each analyst made of each story that was moved that way, or could have been."""
    together: defaultdict[tuple[str, str], list[Claim]] = defaultdict(list)
    asked: defaultdict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        if not claim.is_found:
            asked[claim.document_id].append(claim)
        if claim.push == push or claim.can_move(push):
            together[claim.analyst, claim.story].append(claim)
    stories: list[JudgedStory] = []
    for (analyst, _), copies in together.items():
        others = {other.analyst: (claim, other) for claim in copies for other in asked[claim.document_id]}
        others.pop(analyst, None)
        beyond = [is_beyond for pair in others.values() if (is_beyond := _is_beyond(*pair, push)) is not None]
        stories.append(
            JudgedStory(
                analyst,
                min(claim.known_at for claim in copies),
                all(claim.is_found for claim in copies),
                any(claim.push for claim in copies),
                any(claim.push == push for claim in copies),
                len(beyond),
                sum(beyond),
            )
        )
    return stories


def _is_beyond(claim: Claim, other: Claim, push: Push) -> bool | None:
    """Return whether a claim lies further that way than another one; None where it could not."""
    of_other = dict(other.said)
    both = [(label, of_other[span]) for span, label in claim.said if span in of_other]
    if all(theirs - 1 == push for _, theirs in both):
        return None
    return sum(label - theirs for label, theirs in both) * push > 0


def tallies_of(stories: Iterable[JudgedStory], days: NDArray[np.int64], *, moved_drawn: bool) -> dict[str, Tally]:
    """Return the tally of each analyst; against an analyst, drawn ones that were moved do not count twice."""
    tallies: defaultdict[str, Tally] = defaultdict(lambda: np.zeros((len(days), 6)))
    for story in stories:
        row = tallies[story.analyst][np.searchsorted(days, day_of(story.at))]
        if not story.is_found:
            row[:2] += (1, story.is_pushed)
        if story.is_moved and (story.is_found or moved_drawn):
            row[2:4] += (1, story.is_pushed)
        row[4:] += (story.n_compared, story.n_beyond)
    return tallies


@dataclass(frozen=True, slots=True)
class Usual:
    """What the analysts of a topic made of it: near each day, and in all.

    >>> usual = Usual.of({"ada": np.ones((2, 6))}, np.array([0, 1]), nearness_s=86_400.0)
    >>> usual.near.round(2)[0, :, 0].tolist(), usual.without("ada").names
    ([1.37, 1.37], [])
    """

    names: list[str]
    near: NDArray[np.float64]  # (analysts, days, 6)
    overall: NDArray[np.float64]  # (analysts, 1, 6)

    @classmethod
    def of(cls, tallies: Mapping[str, Tally], days: NDArray[np.int64], nearness_s: float) -> Usual:
        """Return sums over all days, each day weighted by exp(-time apart / nearness_s), and unweighted ones."""
        names = sorted(tallies)
        stacked = np.stack([tallies[name] for name in names])  # (analysts, days, 6)
        apart_s = np.abs(days[:, None] - days[None, :]) * _DAY_S
        near = np.exp(-apart_s / nearness_s) @ stacked
        return cls(names, near, stacked.sum(axis=1, keepdims=True))

    def without(self, analyst: str) -> Usual:
        """Return the same of all but one analyst."""
        is_other = np.array([name != analyst for name in self.names])
        return Usual([name for name in self.names if name != analyst], self.near[is_other], self.overall[is_other])


def trimmed(counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many (days,) and how many pushed, over analysts, without the quarter of them who pushed most.

    Args:
        counts: stories, and those pushed, (analysts, days, 2).
    """
    n, n_pushed = counts[..., 0], counts[..., 1]
    is_there = n >= _MIN_THERE
    share = np.where(is_there, (n_pushed + _SHRUNK / 2) / (n + _SHRUNK), -1.0)
    rank = np.argsort(np.argsort(-share, axis=0, kind="stable"), axis=0)
    n_trimmed = (is_there.sum(axis=0) + 1) // 4  # none of two, one of three, two of seven
    is_kept = rank >= n_trimmed
    return (n * is_kept).sum(axis=0), (n_pushed * is_kept).sum(axis=0)
