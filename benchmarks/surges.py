"""The surge detector on made-up streams: recall, delay and evenness at a given rate of false alarms.

    python benchmarks/surges.py [--topics 1000] [--seeds 11,12,13] [--processes 2] [--json]

Streams are those of benchmarks/surge_streams.py; detector, rules and episodes are the pipeline's, with the false
alarms that a rule allows as the one thing that changes. A surge counts as found if an episode opens from its first
bin to two hours after its end; other openings are false alarms, but for those in a shock that reaches the topic.
Figures at a rate lie on the line between the two budgets whose rates enclose it. Seeds below 10 are to choose by.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from surge_streams import A_DAY, AN_HOUR, BIN_S, Stream, shocks_of, stream_of

from alerts.episodes.episodes import EpisodeTracker, TransitionKind
from alerts.episodes.judgement import judged
from alerts.rules.rule import Rule
from alerts.surges.current import TickCounts
from alerts.surges.surge import SurgeConfig, SurgeDetector

RETURN_PERIODS_D = (3, 4, 6, 9, 13, 20, 30, 45, 70, 120)
RATES = (0.1, 0.3, 1.0, 3.0)  # false alarms a topic and month
AFTER_BINS = 2 * AN_HOUR
AIM_RECALL = 0.65


@dataclass(frozen=True)
class TopicRun:
    """What came of one topic at one budget."""

    volume: float
    n_days: float
    n_false: int
    n_in_shocks: int
    found: tuple[tuple[float, int], ...]  # size and delay in bins; -1: missed


def opened(stream: Stream, config: SurgeConfig) -> dict[int, list[int]]:
    """Return the bins in which episodes opened, by the return period that a rule asks for in days."""
    detector = SurgeDetector("t", config)
    rules = {days: Rule(false_alarms=30 / days) for days in RETURN_PERIODS_D}
    trackers = {days: EpisodeTracker("t", rule) for days, rule in rules.items()}
    bins: dict[int, list[int]] = {days: [] for days in RETURN_PERIODS_D}
    for tick, n_stories in enumerate(stream.n_stories.tolist()):
        if not n_stories and detector.next_tick() != tick:
            continue
        n_negative = int(stream.n_negative[tick])
        evidence = detector.notice(TickCounts(tick, n_stories, n_negative, sources=stream.sources[tick]))
        if evidence is None or not detector.is_followed:
            continue
        for days, rule in rules.items():
            transition = trackers[days].update(judged(evidence, rule, config)).transition
            if transition is not None and transition.kind is TransitionKind.OPENED:
                bins[days].append(tick)
    return bins


def counted(stream: Stream, bins: Sequence[int]) -> TopicRun:
    left = [at for at in bins if at >= stream.warm_up]
    found = []
    for surge in stream.surges:
        hits = [at for at in left if surge.begin <= at < surge.end + AFTER_BINS]
        left = [at for at in left if at not in hits]
        # what a bin holds is known at its end
        found.append((surge.size, min(hits) + 1 - surge.begin if hits else -1))
    in_shocks = [at for at in left if any(begin <= at < end + AFTER_BINS for begin, end in stream.shocks)]
    n_days = (len(stream.n_stories) - stream.warm_up) / A_DAY
    return TopicRun(stream.volume, n_days, len(left) - len(in_shocks), len(in_shocks), tuple(found))


def run_topics(config: SurgeConfig, job: tuple[int, range]) -> dict[int, list[TopicRun]]:
    seed, topics = job
    shocks = shocks_of(seed)
    return runs_of([stream_of(seed, topic, shocks) for topic in topics], config)


def runs_of(streams: Sequence[Stream], config: SurgeConfig) -> dict[int, list[TopicRun]]:
    runs: dict[int, list[TopicRun]] = {days: [] for days in RETURN_PERIODS_D}
    for stream in streams:
        for days, bins in opened(stream, config).items():
            runs[days].append(counted(stream, bins))
    return runs


def figures(runs: Sequence[TopicRun]) -> dict[str, Any]:
    found = [each for run in runs for each in run.found]
    borders = np.quantile([run.volume for run in runs], (0.2, 0.4, 0.6, 0.8))
    quintile = np.searchsorted(borders, [run.volume for run in runs])
    groups = [[run for run, q in zip(runs, quintile, strict=True) if q == n] for n in range(5)]
    sizes = sorted({size for size, _ in found})
    by_size = {size: [each for each in found if each[0] == size] for size in sizes}
    return {
        "false": false_alarms(runs),
        "recall": recall(found),
        "delay_min": delay_min(found),
        "delay_min_at_aim": delay_min(soonest(found, AIM_RECALL)),
        "by_size": {size: recall(of_size) for size, of_size in by_size.items()},
        "delay_min_by_size": {size: delay_min(of_size) for size, of_size in by_size.items()},
        "by_quintile": [
            {"false": false_alarms(group), "recall": recall([each for run in group for each in run.found])}
            for group in groups
        ],
        "in_shocks": sum(run.n_in_shocks for run in runs),
    }


def false_alarms(runs: Sequence[TopicRun]) -> float:
    """Return how many come a topic and month."""
    return sum(run.n_false for run in runs) / max(1e-9, sum(run.n_days for run in runs) / 30)


def recall(found: Sequence[tuple[float, int]]) -> float:
    return sum(delay >= 0 for _, delay in found) / len(found) if found else float("nan")


def delay_min(found: Sequence[tuple[float, int]]) -> float:
    """Return the median delay of what was found, in minutes."""
    hit = [delay for _, delay in found if delay >= 0]
    return float(np.median(hit) * BIN_S / 60) if hit else float("nan")


def soonest(found: Sequence[tuple[float, int]], share: float) -> list[tuple[float, int]]:
    """Return the surges that were found first, as many as make a recall: the others as if they had been missed."""
    hit = sorted((each for each in found if each[1] >= 0), key=lambda each: each[1])
    return hit[: round(share * len(found))]


def at_rate(by_period: dict[int, dict[str, Any]], rate: float) -> dict[str, float] | None:
    """Return recall and delays where false alarms come at a rate, between the budgets that enclose it."""
    rows = sorted(by_period.values(), key=lambda row: row["false"])
    for low, high in pairwise(rows):
        if low["false"] <= rate <= high["false"]:
            share = (rate - low["false"]) / max(1e-9, high["false"] - low["false"])
            told = {}
            for key in ("recall", "delay_min", "delay_min_at_aim"):
                told[key] = low[key] + share * (high[key] - low[key])
            for key in ("by_size", "delay_min_by_size"):
                for size in low[key]:
                    told[f"{key}_{size:g}"] = low[key][size] + share * (high[key][size] - low[key][size])
            return told
    return None


def measured(seeds: Sequence[int], n_topics: int, n_processes: int, config: SurgeConfig) -> dict[str, Any]:
    runs = gathered(partial(run_topics, config), seeds, n_topics, n_processes)
    return {"seeds": list(seeds), "n_topics": n_topics, **told_of(runs, config)}


def gathered(
    run: Callable[[tuple[int, range]], dict[int, list[TopicRun]]],
    seeds: Sequence[int],
    n_streams: int,
    n_processes: int,
) -> dict[int, list[TopicRun]]:
    """Return what comes of all streams of these seeds, by return period; `run` is given a seed and some numbers."""
    step = max(1, n_streams // (4 * n_processes))
    jobs = [
        (seed, range(begin, min(begin + step, n_streams))) for seed in seeds for begin in range(0, n_streams, step)
    ]
    together: dict[int, list[TopicRun]] = {days: [] for days in RETURN_PERIODS_D}
    with ProcessPoolExecutor(n_processes) as pool:
        for runs in pool.map(run, jobs):
            for days, of_period in runs.items():
                together[days] += of_period
    return together


def told_of(runs: dict[int, list[TopicRun]], config: SurgeConfig) -> dict[str, Any]:
    by_period = {days: figures(of_period) for days, of_period in runs.items()}
    return {
        "by_return_period_d": by_period,
        "at_rate": {rate: at_rate(by_period, rate) for rate in RATES},
        "config": asdict(config),
    }


def show(told: dict[str, Any]) -> None:
    sizes = sorted({size for row in told["by_return_period_d"].values() for size in row["by_size"]})
    heads = " | ".join(f"{size:g}" for size in sizes)
    print(f"| return period, days | false alarms a topic and month | recall | delay, min | {heads} |")
    for days, row in told["by_return_period_d"].items():
        by_size = " | ".join(f"{row['by_size'].get(size, float('nan')):.2f}" for size in sizes)
        print(f"| {days} | {row['false']:.2f} | {row['recall']:.2f} | {row['delay_min']:.0f} | {by_size} |")
    for rate, row in told["at_rate"].items():
        shown = "not reached" if row is None else {key: round(value, 3) for key, value in row.items()}
        print(f"at {rate} false alarms a topic and month: {shown}")
    for days, row in told["by_return_period_d"].items():
        even = ", ".join(f"{q['false']:.2f} ({q['recall']:.2f})" for q in row["by_quintile"])
        print(f"{days} days, false alarms (recall) by volume quintile: {even}; in shocks {row['in_shocks']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topics", type=int, default=1000)
    parser.add_argument("--seeds", default="11,12,13")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    started_s = time.monotonic()
    config = SurgeConfig(bin_s=BIN_S)
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    told = measured(seeds, arguments.topics, arguments.processes, config)
    told["seconds"] = round(time.monotonic() - started_s, 1)
    if not arguments.json:
        show(told)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
