"""Does a swap of policies look like a surge? Steady synthetic topics, read by a policy that says negative more often.

    python benchmarks/swap.py --topics 200        # the table; --json for JSON

Each topic's stories come at random at a constant rate, a quarter of them negative to the first policy; the candidate
says so of five points more. From day 15 of 30 on it reads all, some or (rolled back) for a while. An episode is held
against the same stories read by one policy throughout: what neither of those two runs opens within a day is the
swap's, or chance, as a policy that calls other stories negative has other false alarms: the control is a swap to a
policy that says so just as often as the first one, of other stories. Baselines begin as those do that have seen the
topic for months: what a detector finds in its first days would be in its memory of maxima for two months, and hide a
swap.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from alerts.episodes.episodes import EpisodeTracker, TransitionKind
from alerts.rules.rule import Rule
from alerts.surges.baseline import BaselineConfig
from alerts.surges.current import TickCounts
from alerts.surges.surge import SurgeConfig, SurgeDetector

DAY = 288  # ticks
DAYS, SWAP = 30, 15 * DAY
P_FIRST, P_CANDIDATE = 0.25, 0.30
N_SOURCES = 20
Share = Callable[[int], float]
"""Of the stories of a tick that the candidate reads."""


@dataclass(frozen=True)
class Case:
    """A way to bring the candidate in."""

    name: str
    share: Share
    measured_on: int | None = None  # shadow documents; None: the true ratio
    is_told: bool = True  # decisions carry the ratio
    is_control: bool = False  # the other policy says negative as often as the first one


@dataclass(frozen=True)
class Topic:
    """Stories by tick, and what each policy says of them: the same in every case."""

    per_day: float
    stories: np.ndarray  # (ticks,) int
    uniform: list[np.ndarray]  # (ticks) of (stories, 3): label, candidate's doubt, reader

    @classmethod
    def drawn(cls, seed: int, per_day: float, days: int) -> Topic:
        """Return a topic with so many stories a day."""
        draw = np.random.default_rng(seed)
        stories = draw.poisson(per_day / DAY, days * DAY)
        return cls(per_day, stories, [draw.random((n, 3)) for n in stories])


def measured_ratio(case: Case, seed: int) -> float:
    """Return the ratio as shadow decisions on the same documents give it."""
    if not case.is_told:
        return 1.0
    if case.measured_on is None:
        return P_CANDIDATE / P_FIRST
    draw = np.random.default_rng(seed)
    label, doubt = draw.random((2, case.measured_on))
    is_first = label < P_FIRST
    return float((is_first | _is_more(doubt)).mean() / is_first.mean())


def _is_more(doubt: np.ndarray) -> np.ndarray:
    return np.asarray(doubt < (P_CANDIDATE - P_FIRST) / (1 - P_FIRST))


def _by_candidate(label: np.ndarray, doubt: np.ndarray, case: Case) -> np.ndarray:
    """Return what the candidate calls negative; the control's as much less of the first policy's as it is more."""
    least = 2 * P_FIRST - P_CANDIDATE if case.is_control else P_FIRST
    return np.asarray((label < least) | ((label >= P_FIRST) & _is_more(doubt)))


def opened(topic: Topic, case: Case, ratio: float) -> list[int]:
    """Return the ticks in which an episode of the topic opens."""
    p_before = P_CANDIDATE if case.share is always else P_FIRST
    settled = BaselineConfig(prior_level=topic.per_day * p_before / 24, prior_hours=72.0)
    detector = SurgeDetector("topic", SurgeConfig(baseline=settled), first_tick=0)
    tracker = EpisodeTracker("topic", Rule())
    found: list[int] = []
    sources = tuple(range(N_SOURCES))
    for tick in range(len(topic.stories)):
        due = detector.next_tick()
        if not topic.stories[tick] and due != tick:
            continue
        label, doubt, reader = topic.uniform[tick].T
        by_candidate = reader < case.share(tick)
        is_negative = np.where(by_candidate, _by_candidate(label, doubt, case), label < P_FIRST)
        n_negative = int(is_negative.sum())
        counts = TickCounts(
            tick,
            int(topic.stories[tick]),
            n_negative,
            0,
            sources[: min(n_negative, N_SOURCES)] if n_negative > 1 else sources[tick % 20 : tick % 20 + n_negative],
            int(by_candidate.sum()) * (ratio - 1),
            int((is_negative & by_candidate).sum()) * (1 / ratio - 1),
        )
        evidence = detector.update(counts)
        transition = tracker.update(evidence).transition if evidence is not None else None
        if transition is not None and transition.kind is TransitionKind.OPENED:
            found.append(tick)
    return found


def never(_tick: int) -> float:
    """The first policy reads all."""
    return 0.0


def always(_tick: int) -> float:
    """The candidate reads all."""
    return 1.0


def swapped(tick: int) -> float:
    """The candidate reads all from the swap on."""
    return float(tick >= SWAP)


def rolling(tick: int) -> float:
    """Workers swap one after the other, within three hours."""
    return min(1.0, max(0.0, (tick - SWAP) / 36))


def canary(tick: int) -> float:
    """A tenth for three days, then half for three days, then all."""
    return 0.0 if tick < SWAP else 0.1 if tick < SWAP + 3 * DAY else 0.5 if tick < SWAP + 6 * DAY else 1.0


def rolled_back(tick: int) -> float:
    """The candidate reads all for four days."""
    return float(SWAP <= tick < SWAP + 4 * DAY)


CASES = (
    Case("control: swap to a policy of the same rate", swapped, is_told=False, is_control=True),
    Case("swap, decisions without the ratio", swapped, is_told=False),
    Case("swap", swapped),
    Case("swap, ratio from 2,000 documents", swapped, measured_on=2_000),
    Case("workers swap one by one", rolling, measured_on=2_000),
    Case("canary 10 %, 50 %, all", canary, measured_on=2_000),
    Case("rolled back after four days", rolled_back, measured_on=2_000),
)


def volumes(n_topics: int) -> list[float]:
    """Return stories a day from 12 to 3,000, evenly on a log scale."""
    return [float(volume) for volume in np.geomspace(12, 3_000, n_topics)]


def rows(n_topics: int, part: tuple[int, int] = (0, 1)) -> list[dict[str, Any]]:
    """Return what each case opens after the swap, and how many of these episodes are the swap's.

    Args:
        n_topics: their number.
        part: of so many, the topics of one process.
    """
    table: dict[str, list[int]] = {case.name: [0, 0] for case in CASES}
    steady = [0, 0]
    for seed, per_day in list(enumerate(volumes(n_topics)))[part[0] :: part[1]]:
        topic = Topic.drawn(seed, per_day, DAYS)
        without = [opened(topic, Case("", share), 1.0) for share in (never, always)]
        for n, ticks in enumerate(without):
            steady[n] += sum(tick >= SWAP for tick in ticks)
        for case in CASES:
            ticks = opened(topic, case, measured_ratio(case, seed))
            after = [tick for tick in ticks if tick >= SWAP]
            own = [
                tick for tick in after if not any(abs(tick - other) <= DAY for other in (*without[0], *without[1]))
            ]
            table[case.name][0] += len(after)
            table[case.name][1] += len(own)
    head = [
        {"case": "first policy throughout", "opened": steady[0], "by_the_swap": 0},
        {"case": "candidate throughout", "opened": steady[1], "by_the_swap": 0},
    ]
    return [*head, *({"case": name, "opened": n[0], "by_the_swap": n[1]} for name, n in table.items())]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topics", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        parts = list(pool.map(rows, [arguments.topics] * 2, [(0, 2), (1, 2)]))
    found = [
        {
            **left,
            "opened": left["opened"] + right["opened"],
            "by_the_swap": left["by_the_swap"] + right["by_the_swap"],
        }
        for left, right in zip(*parts, strict=True)
    ]
    if arguments.json:
        print(json.dumps(found))
        return
    print("| case | episodes opened in 15 days | by the swap |\n|---|---:|---:|")
    for row in found:
        print(f"| {row['case']} | {row['opened']} | {row['by_the_swap']} |")


if __name__ == "__main__":
    main()
