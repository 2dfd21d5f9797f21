"""The surge detector on made-up streams: recall, delay and evenness at a given rate of false alarms.

    python benchmarks/surges.py [--topics 1000] [--seeds 11,12,13] [--processes 2] [--json]

Streams are those of benchmarks/surge_streams.py; detector and episodes are the pipeline's, with the return period at
which a surge begins as the one thing that changes. A surge counts as found if an episode opens from its first quarter
hour to two hours after its end; other openings are false alarms, but for those in a shock that reaches the topic.
Figures at a rate lie on the line between the two return periods whose rates enclose it. Seeds below 10 are to choose
by.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from surge_streams import A_DAY, BIN_S, N_BINS, SIZES, WARM_UP, Stream, shocks_of, stream_of

from alerts.current import TickCounts
from alerts.episodes import EpisodeTracker, TransitionKind
from alerts.rules.rule import Rule
from alerts.surge import SurgeConfig, SurgeDetector

RETURN_PERIODS_D = (3, 6, 12, 30, 60, 120, 365)
RATES = (0.1, 0.3, 1.0, 3.0)  # false alarms a topic and month
AFTER_BINS = 8
N_DAYS = (N_BINS - WARM_UP) / A_DAY


@dataclass(frozen=True)
class TopicRun:
    """What the detector made of one topic."""

    volume: float
    n_false: int
    n_in_shocks: int
    found: tuple[tuple[int, int], ...]  # size and delay in bins; -1: missed


def opened(stream: Stream, config: SurgeConfig) -> list[int]:
    """Return the bins in which episodes opened."""
    detector, episodes = SurgeDetector("t", config), EpisodeTracker("t", Rule())
    bins: list[int] = []

    def take(counts: TickCounts) -> None:
        evidence = detector.update(counts)
        if evidence is not None:
            transition = episodes.update(evidence).transition
            if transition is not None and transition.kind is TransitionKind.OPENED:
                bins.append(counts.tick)

    for tick in range(N_BINS):
        n_stories = int(stream.n_stories[tick])
        if n_stories or detector.next_tick() == tick:
            n_negative = int(stream.n_negative[tick])
            take(TickCounts(tick, n_stories, n_negative, sources=stream.sources[tick]))
    return bins


def judged(stream: Stream, bins: Sequence[int]) -> TopicRun:
    left = [at for at in bins if at >= WARM_UP]
    found = []
    for surge in stream.surges:
        hits = [at for at in left if surge.begin <= at < surge.end + AFTER_BINS]
        left = [at for at in left if at not in hits]
        # what a quarter hour holds is known at its end
        found.append((surge.size, min(hits) + 1 - surge.begin if hits else -1))
    in_shocks = [at for at in left if any(begin <= at < end + AFTER_BINS for begin, end in stream.shocks)]
    return TopicRun(stream.volume, len(left) - len(in_shocks), len(in_shocks), tuple(found))


def run_topics(job: tuple[int, range, SurgeConfig]) -> dict[int, list[TopicRun]]:
    seed, topics, config = job
    shocks = shocks_of(seed)
    runs: dict[int, list[TopicRun]] = {days: [] for days in RETURN_PERIODS_D}
    for topic in topics:
        stream = stream_of(seed, topic, shocks)
        for days in RETURN_PERIODS_D:
            period_s = days * 86_400.0
            at = replace(
                config, return_period_s=period_s, keep_return_period_s=min(period_s, config.keep_return_period_s)
            )
            runs[days].append(judged(stream, opened(stream, at)))
    return runs


def figures(runs: Sequence[TopicRun]) -> dict[str, Any]:
    months = len(runs) * N_DAYS / 30
    found = [each for run in runs for each in run.found]
    hit = [delay for _, delay in found if delay >= 0]
    borders = np.quantile([run.volume for run in runs], (0.2, 0.4, 0.6, 0.8))
    quintile = np.searchsorted(borders, [run.volume for run in runs])
    n_false = np.array([run.n_false for run in runs])
    by_quintile = [
        {
            "false": float(n_false[quintile == n].mean() * 30 / N_DAYS),
            "recall": recall([e for run, q in zip(runs, quintile, strict=True) if q == n for e in run.found]),
        }
        for n in range(5)
    ]
    return {
        "false": float(n_false.sum() / months),
        "recall": recall(found),
        "delay_min": float(np.median(hit) * BIN_S / 60) if hit else float("nan"),
        "by_size": {size: recall([each for each in found if each[0] == size]) for size in SIZES},
        "by_quintile": by_quintile,
        "in_shocks": sum(run.n_in_shocks for run in runs),
    }


def recall(found: Sequence[tuple[int, int]]) -> float:
    return sum(delay >= 0 for _, delay in found) / len(found) if found else float("nan")


def at_rate(by_period: dict[int, dict[str, Any]], rate: float) -> dict[str, float] | None:
    """Return recall and delay where false alarms come at a rate, between the return periods that enclose it."""
    rows = sorted(by_period.values(), key=lambda row: row["false"])
    for low, high in pairwise(rows):
        if low["false"] <= rate <= high["false"]:
            share = (rate - low["false"]) / max(1e-9, high["false"] - low["false"])
            keys = ("recall", "delay_min")
            told = {key: low[key] + share * (high[key] - low[key]) for key in keys}
            of_large = [np.mean([row["by_size"][size] for size in (50, 100)]) for row in (low, high)]
            return {**told, "recall_50_and_more": float(of_large[0] + share * (of_large[1] - of_large[0]))}
    return None


def measured(seeds: Sequence[int], n_topics: int, n_processes: int, config: SurgeConfig) -> dict[str, Any]:
    step = max(1, n_topics // (4 * n_processes))
    jobs = [
        (seed, range(begin, min(begin + step, n_topics)), config)
        for seed in seeds
        for begin in range(0, n_topics, step)
    ]
    together: dict[int, list[TopicRun]] = {days: [] for days in RETURN_PERIODS_D}
    with ProcessPoolExecutor(n_processes) as pool:
        for runs in pool.map(run_topics, jobs):
            for days, of_period in runs.items():
                together[days] += of_period
    by_period = {days: figures(runs) for days, runs in together.items()}
    return {
        "seeds": list(seeds),
        "n_topics": n_topics,
        "by_return_period_d": by_period,
        "at_rate": {rate: at_rate(by_period, rate) for rate in RATES},
        "config": asdict(config),
    }


def show(told: dict[str, Any]) -> None:
    print(
        "| return period, days | false alarms a topic and month | recall | delay, min | "
        + " | ".join(map(str, SIZES))
    )
    for days, row in told["by_return_period_d"].items():
        sizes = " | ".join(f"{row['by_size'][size]:.2f}" for size in SIZES)
        print(f"| {days} | {row['false']:.2f} | {row['recall']:.2f} | {row['delay_min']:.0f} | {sizes} |")
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
