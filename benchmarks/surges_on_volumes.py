"""The surge detector on real volumes with made-up sentiment: recall and delay at a given rate of false alarms.

    python benchmarks/surges_on_volumes.py [--data ../shared/data/volumes/realtweets] [--streams 120]
        [--seeds 11,12,13] [--processes 2] [--young] [--json]

Volumes are mentions per five minutes of companies (NAB's realTweets), each taken as a story. The usual share of
negatives drifts from day to day as in benchmarks/surge_streams.py, and its logarithm of odds varies from hour to
hour (AR(1), 0.7, deviation 0.8: so much that plain detectors of volumes, counts and shares find about as little as
in the trial that this repeats). Surges add 0.5 to 8 times the median negatives of four hours, at least 5. What is
found and what is false is as in benchmarks/surges.py. Seeds below 10 are to choose by. `--young` tests days 2 to 14
of new topics.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from surge_streams import (
    A_DAY,
    AN_HOUR,
    BIN_S,
    WARM_UP,
    Floats,
    InjectedSurge,
    Ints,
    Stream,
    as_read,
    extra_of,
    share_of,
    sources_of,
)
from surges import TopicRun, gathered, runs_of, show, told_of

from alerts.surges.surge import SurgeConfig
from pipeline.replay.counts import read_counts

TIMES = (0.5, 1.0, 2.0, 4.0, 8.0)  # of the median negatives of four hours
MIN_EXTRA = 5.0
N_SURGES = 2.0  # a stream, expected: one in three weeks
KEPT, DEVIATION = 0.7, 0.8


def volumes_of(data: Path, *, is_young: bool = False) -> list[Ints]:
    """Return each file's counts; of young topics two fortnights of each."""
    files = sorted((data / "data").rglob("*.csv"))
    whole = [np.array([int(row.value) for row in read_counts(file, lambda *_: None)]) for file in files]
    if not is_young:
        return whole
    return [counts[begin * A_DAY : (begin + 14) * A_DAY] for begin in (0, 20) for counts in whole]


def stream_on(volume: Ints, seed: int, number: int, warm_up: int = WARM_UP) -> Stream:
    """Return a stream with this volume; the same for the same seed and number."""
    draw = np.random.default_rng([seed, 3, number])
    share = _restless(draw, share_of(draw, len(volume)))
    n_negative = draw.binomial(volume, share)
    n_other = volume - n_negative
    whole = len(volume) // (4 * AN_HOUR) * 4 * AN_HOUR
    usual = float(np.median((volume * share)[:whole].reshape(-1, 4 * AN_HOUR).sum(1)))
    surges = _surges(draw, len(volume), warm_up)
    for surge in surges:
        extra = extra_of(draw, surge, surge.size * max(MIN_EXTRA, usual))
        n_negative[surge.begin : surge.end] += draw.poisson(extra)
    called = as_read(draw, n_negative, n_other)
    per_day = float(volume.mean() * A_DAY)
    return Stream(per_day, n_negative + n_other, called, sources_of(draw, called), surges, (), warm_up)


def _restless(draw: np.random.Generator, share: Floats) -> Floats:
    """Return the share with what moves it from hour to hour."""
    steps = draw.standard_normal(len(share) // AN_HOUR + 1) * DEVIATION
    log = np.empty_like(steps)
    log[0] = steps[0]
    for hour in range(1, len(steps)):
        log[hour] = KEPT * log[hour - 1] + steps[hour] * np.sqrt(1 - KEPT**2)
    odds = np.log(share / (1 - share)) + np.repeat(log, AN_HOUR)[: len(share)]
    return np.asarray(1 / (1 + np.exp(-odds)))


def _surges(draw: np.random.Generator, n_bins: int, warm_up: int) -> tuple[InjectedSurge, ...]:
    surges: list[InjectedSurge] = []
    for begin in sorted(draw.integers(warm_up, n_bins - A_DAY, draw.poisson(N_SURGES))):
        # two days apart: one is over before another begins
        if not surges or begin - surges[-1].end > 2 * A_DAY:
            length = int(draw.integers(2 * AN_HOUR, 12 * AN_HOUR + 1))
            surges.append(InjectedSurge(int(begin), int(begin) + length, float(draw.choice(TIMES))))
    return tuple(surges)


def run_streams(data: Path, config: SurgeConfig, is_young: bool, job: tuple[int, range]) -> dict[int, list[TopicRun]]:
    seed, numbers = job
    volumes, warm_up = volumes_of(data, is_young=is_young), 2 * A_DAY if is_young else WARM_UP
    return runs_of([stream_on(volumes[number % len(volumes)], seed, number, warm_up) for number in numbers], config)


def measured(
    data: Path, seeds: Sequence[int], n_streams: int, n_processes: int, *, is_young: bool = False
) -> dict[str, Any]:
    config = SurgeConfig(bin_s=BIN_S)
    runs = gathered(partial(run_streams, data, config, is_young), seeds, n_streams, n_processes)
    return {"seeds": list(seeds), "n_streams": n_streams, **told_of(runs, config)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/volumes/realtweets"))
    parser.add_argument("--streams", type=int, default=120)
    parser.add_argument("--seeds", default="11,12,13")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--young", action="store_true", help="days 2 to 14 of new topics")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    started_s = time.monotonic()
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    told = measured(arguments.data, seeds, arguments.streams, arguments.processes, is_young=arguments.young)
    told["seconds"] = round(time.monotonic() - started_s, 1)
    if not arguments.json:
        show(told)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
