"""Bursts: whether one analyst pushes a topic one way, compared with what the others said of it at about that time.

A test over the claims about one topic. Knows no names of topics, no releases and no weights.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rl.analysts.claim import Claim, Push
from rl.analysts.tally import Tally, Usual, day_of, stories_of, tallies_of, trimmed

_MIN_MOVES_TOGETHER = 2  # of one analyst, to be looked at together with others


@dataclass(frozen=True, slots=True)
class BurstConfig:
    """What is usual, what a push looks like, and how much evidence it takes.

    >>> BurstConfig(p_push=0.05)
    Traceback (most recent call last):
    ValueError: p_push must be in (p_usual (0.1), 1), got 0.05
    """

    p_usual: float = 0.10
    # Of documents that an honest analyst moves one given way, on a topic that nobody else has seen.
    n_usual: float = 4.0
    # Documents that this belief is worth: two days of others' answers outweigh it, as a true crisis must.
    p_push: float = 0.75
    # Of documents that one who pushes moves that way, where they can be moved.
    n_balance: float = 20.0
    # Found documents are mostly mistakes, so only the way they are moved counts; that both ways are as likely is
    # believed as firmly as 20 of them would show it.
    p_push_found: float = 0.95
    # Of moved found documents that one who pushes moves that way.
    p_beyond: float = 0.20
    # Of documents that somebody else was asked about too, those on which an honest but careless analyst lies beyond
    # the other one, that way.
    p_push_beyond: float = 0.80
    # Those on which one who pushes does.
    nearness_s: float = 2 * 86_400.0
    # Others' answers count by exp(-time apart / this): a crisis lasts days.
    min_evidence: float = 9.2
    # Log of how much likelier a push is than what is usual: 10,000 to 1, as thousands of pairs of analyst and topic
    # are looked at again and again.
    min_moves: int = 4
    # With fewer, nothing is called a burst, whatever the others said.
    min_others: float = 2.0
    # Documents of others, near in time: with fewer the analyst is alone, and may be the first to see something.

    def __post_init__(self) -> None:
        if not 0 < self.p_usual < 1:
            raise ValueError(f"p_usual must be in (0, 1), got {self.p_usual}")
        if not self.p_usual < self.p_push < 1:
            raise ValueError(f"p_push must be in (p_usual ({self.p_usual}), 1), got {self.p_push}")
        if not 0.5 < self.p_push_found < 1:
            raise ValueError(f"p_push_found must be in (0.5, 1), got {self.p_push_found}")
        if not 0 < self.p_beyond < self.p_push_beyond < 1:
            raise ValueError(
                f"p_beyond and p_push_beyond must rise in (0, 1), got {self.p_beyond} and {self.p_push_beyond}"
            )
        for name in ("n_usual", "n_balance", "nearness_s", "min_evidence", "min_moves", "min_others"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Burst:
    """A stretch of days in which an analyst moved a topic one way far more often than the others did.

    >>> Burst("eve", Push.POSITIVE, 20_000, 20_003, 9, 9, 0.12, 14.0, 17.5).n_moves
    9
    """

    analyst: str
    push: Push
    first_day: int  # since 1970, UTC
    last_day: int  # inclusive
    n_moves: int  # stories moved that way
    n_stories: int  # that could have been
    usual_share: float  # that would have been moved so, judging by the others, with doubt on the analyst's side
    n_others: float  # stories that others judged, weighted by how near in time they were
    evidence: float  # log of how much likelier a push is

    def covers(self, claim: Claim) -> bool:
        """Whether a claim of the analyst on the topic lies in the stretch, or moves the same way outside it."""
        return self.first_day <= day_of(claim.known_at) <= self.last_day or claim.push == self.push


def bursts_of(
    claims: Sequence[Claim], cleared_at: Mapping[str, datetime], config: BurstConfig | None = None
) -> list[Burst]:
    """Return at most one burst of each analyst and way.

    *See* "Continuous inspection schemes" by Page: the greatest sum, over all stretches of days, of the log-likelihood
    ratio of a push against what is usual. What is usual is learned from the others on the same topic near in time, a
    quarter of them trimmed, those who move it most that way, so that a few who push together do not vouch for each
    other; then one standard deviation is added, in doubt for the analyst. Not an exact test, and blind where those
    who push outnumber the others on a topic: its rates are measured in `benchmarks/analysts.py`.

    Args:
        claims: all about one topic, of all analysts.
        cleared_at: of analysts, until when their claims are above suspicion; they still tell what is usual.
        config: the test.
    """
    config = config or BurstConfig()
    return [
        burst
        for push in (Push.NEGATIVE, Push.POSITIVE)
        for burst in _bursts_towards(push, claims, cleared_at, config)
    ]


def _bursts_towards(
    push: Push, claims: Sequence[Claim], cleared_at: Mapping[str, datetime], config: BurstConfig
) -> list[Burst]:
    stories = stories_of(claims, push)
    held = [story for story in stories if story.analyst not in cleared_at or story.at > cleared_at[story.analyst]]
    n_moves = Counter(story.analyst for story in held if story.is_pushed)
    suspects = sorted(name for name, n in n_moves.items() if n >= _MIN_MOVES_TOGETHER)
    if sum(n_moves[name] for name in suspects) < config.min_moves:
        return []
    days = np.array(sorted({day_of(story.at) for story in stories}))  # (days,)
    suspected = tallies_of(held, days, moved_drawn=False)
    usual = Usual.of(tallies_of(stories, days, moved_drawn=True), days, config.nearness_s)
    bursts = [_burst_of(name, push, days, suspected[name], usual, config) for name in suspects]
    n_judged = {name: float(suspected[name][:, :4:2].sum()) for name in suspects}
    return _shown([burst for burst in bursts if burst is not None], n_judged, len(usual.names), config)


def _shown(
    bursts: Sequence[Burst], n_judged: Mapping[str, float], n_analysts: int, config: BurstConfig
) -> list[Burst]:
    """Return those for which the evidence is enough: of an analyst alone, or of up to a quarter of them together.

    Together it has to outweigh the number of ways in which so many could have been picked, and in which the greatest
    stretch of each was: from one of the judged stories to another. Who does not add to that is not among them.
    """
    costs = {name: math.log(max(1.0, n * (n + 1) / 2)) for name, n in n_judged.items()}
    ranked = sorted(bursts, key=lambda burst: costs[burst.analyst] - burst.evidence)
    together, most, total, n_moves = 0, config.min_evidence, 0.0, 0
    for n, burst in enumerate(ranked[: n_analysts // 4], start=1):
        total += burst.evidence - costs[burst.analyst]
        n_moves += burst.n_moves
        shown = total - math.log(math.comb(n_analysts, n))
        if shown >= most and n_moves >= config.min_moves:
            together, most = n, shown
    return [
        burst
        for n, burst in enumerate(ranked)
        if n < together or (burst.evidence >= config.min_evidence and burst.n_moves >= config.min_moves)
    ]


def _burst_of(
    analyst: str, push: Push, days: NDArray[np.int64], tally: Tally, usual: Usual, config: BurstConfig
) -> Burst | None:
    others = usual.without(analyst)
    n, n_pushed = trimmed(others.overall[..., :2])
    p_topic = (config.p_usual * config.n_usual + n_pushed) / (config.n_usual + n)
    n_near, n_pushed = trimmed(others.near[..., :2])
    p_drawn = _in_doubt(p_topic, config.n_usual, n_near, n_pushed, config.p_push)
    p_found = _in_doubt(0.5, config.n_balance, *trimmed(others.near[..., 2:4]), config.p_push_found)
    evidence = _log_ratio(tally[:, 0], tally[:, 1], p_drawn, config.p_push)
    evidence += _log_ratio(tally[:, 2], tally[:, 3], p_found, config.p_push_found)
    evidence += _log_ratio(tally[:, 4], tally[:, 5], np.full(len(days), config.p_beyond), config.p_push_beyond)
    first, past, greatest = _greatest_stretch(evidence)
    n_stories, n_moves = float(tally[first:past, :4:2].sum()), float(tally[first:past, 1:4:2].sum())
    if n_moves < _MIN_MOVES_TOGETHER:
        return None
    by_day = tally[first:past, :4:2]  # (days, 2)
    usual_share = float((by_day * np.stack([p_drawn, p_found], axis=1)[first:past]).sum()) / n_stories
    n_others = float((by_day.sum(axis=1) * n_near[first:past]).sum()) / n_stories
    return Burst(
        analyst,
        push,
        int(days[first]),
        int(days[past - 1]),
        int(n_moves),
        int(n_stories),
        usual_share,
        n_others,
        greatest,
    )


def _in_doubt(
    p: float | NDArray[np.float64],
    strength: float,
    n: NDArray[np.float64],
    n_pushed: NDArray[np.float64],
    most: float,
) -> NDArray[np.float64]:
    """Return the posterior mean of the usual share, plus one standard deviation, at most `most`."""
    mean = (p * strength + n_pushed) / (strength + n)
    doubted: NDArray[np.float64] = np.minimum(mean + np.sqrt(mean * (1.0 - mean) / (strength + n + 1.0)), most)
    return doubted


def _log_ratio(
    n: NDArray[np.float64], n_pushed: NDArray[np.float64], p_usual: NDArray[np.float64], p_push: float
) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = n_pushed * np.log(p_push / p_usual)
    ratio += (n - n_pushed) * np.log((1.0 - p_push) / (1.0 - p_usual))
    return ratio


def _greatest_stretch(evidence: NDArray[np.float64]) -> tuple[int, int, float]:
    """Return the [first, past) of the greatest sum, and the sum."""
    best, start, total = (0, 1, -math.inf), 0, 0.0
    for position, value in enumerate(evidence.tolist()):
        if total <= 0.0:
            start, total = position, 0.0
        total += value
        if total > best[2]:
            best = (start, position + 1, total)
    return best
