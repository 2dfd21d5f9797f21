"""A shock of the whole market, and a crisis inside it: how many notifications people get.

    python benchmarks/shock.py [--worlds 3] [--seed 11] [--json]

A world has 500 topics in ten sectors of one market, for three weeks of five-minute bins; nothing of it is measured
on real news. Volumes are log-normal (median 20 stories a day), with the hours of the day and an hourly AR(1). From
the third week on a shock comes every day and a half: each topic's negative stories are multiplied, by about 3 and by
more or less from topic to topic, for two to six hours; one topic has a crisis of its own inside it, with 50 negative
stories more in four hours. Detectors, episodes and fleet are the pipeline's. Without the fleet every episode is a
notification: the peer. Seeds below 10 were to choose by.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alerts.episodes.episodes import EpisodeTracker, TransitionKind
from alerts.episodes.fleet import Family, Fleet
from alerts.rules.book import RuleBook
from alerts.surges.current import TickCounts
from alerts.surges.evidence import Evidence
from alerts.surges.surge import SurgeConfig, SurgeDetector
from alerts.ticks import tick_end

BIN_S = 300
A_DAY = 86_400 // BIN_S
N_TOPICS, N_SECTORS = 500, 10
N_BINS, WARM_UP = 21 * A_DAY, 14 * A_DAY
N_SOURCES = 30
CRISIS_STORIES = 50
AFTER_BINS = 2 * 3_600 // BIN_S
SHARE = 0.2

SECTORS = tuple(f"sector{n}" for n in range(N_SECTORS))
TOPICS = tuple(f"topic{n:03}" for n in range(N_TOPICS))
SECTOR_OF = {topic: SECTORS[n % N_SECTORS] for n, topic in enumerate(TOPICS)}
FAMILY = Family(
    {topic: (sector, "market") for topic, sector in SECTOR_OF.items()} | dict.fromkeys(SECTORS, ("market",))
)


@dataclass(frozen=True)
class Shock:
    """When it was, and who had a crisis of its own in it."""

    begin: int  # bin
    end: int  # exclusive
    crisis: str
    crisis_begin: int
    crisis_end: int


@dataclass(frozen=True)
class World:
    """Counts by topic and bin, and the shocks in them."""

    negative: NDArray[np.int64]  # (topics, bins)
    other: NDArray[np.int64]
    shocks: tuple[Shock, ...]


def world_of(seed: int) -> World:
    draw = np.random.default_rng([seed, 7])
    volume = np.clip(20 * np.exp(1.6 * draw.standard_normal(N_TOPICS)), 0.5, 3_000)
    hours = np.arange(N_BINS) / 12
    profile = 1 + 0.6 * np.cos(2 * np.pi * (hours - 15) / 24)
    rate = volume[:, None] / A_DAY * profile * np.repeat(_weather(draw), 12, axis=1)
    negative, other = SHARE * rate, (1 - SHARE) * rate
    shocks = []
    for begin in range(WARM_UP + A_DAY // 2, N_BINS - A_DAY, A_DAY * 3 // 2):
        end = begin + int(draw.integers(24, 73))
        factor = 3.0 * np.exp(0.3 * draw.standard_normal(N_TOPICS))
        rising = np.minimum(1.0, (np.arange(end - begin) + 1) / 6)
        negative[:, begin:end] *= 1 + (factor[:, None] - 1) * rising
        own = int(draw.integers(N_TOPICS))
        crisis_begin = int(draw.integers(begin + 6, end - 12))
        negative[own, crisis_begin : crisis_begin + 48] += CRISIS_STORIES / 48
        shocks.append(Shock(begin, end, TOPICS[own], crisis_begin, crisis_begin + 48))
    return World(draw.poisson(negative), draw.poisson(other), tuple(shocks))


def _weather(draw: np.random.Generator) -> NDArray[np.float64]:
    kept, deviation = 0.9, 0.4
    steps = draw.standard_normal((N_TOPICS, N_BINS // 12)) * deviation * np.sqrt(1 - kept**2)
    log = np.empty_like(steps)
    log[:, 0] = draw.standard_normal(N_TOPICS) * deviation
    for hour in range(1, steps.shape[1]):
        log[:, hour] = kept * log[:, hour - 1] + steps[:, hour]
    return np.asarray(np.exp(log - deviation**2 / 2))


def evidence_by_tick(world: World, seed: int) -> Iterator[tuple[datetime, list[Evidence]]]:
    """Yield each tick's evidence, of topics, sectors and the market."""
    draw = np.random.default_rng([seed, 8])
    index = {topic: n for n, topic in enumerate(TOPICS)}
    members = {sector: [index[topic] for topic in TOPICS if SECTOR_OF[topic] == sector] for sector in SECTORS}
    members |= {topic: [n] for topic, n in index.items()} | {"market": list(range(N_TOPICS))}
    negative = {name: world.negative[of].sum(axis=0) for name, of in members.items()}
    stories = {name: negative[name] + world.other[of].sum(axis=0) for name, of in members.items()}
    detectors = {name: SurgeDetector(name, SurgeConfig(bin_s=BIN_S)) for name in members}
    for tick in range(N_BINS):
        told = []
        for name, detector in detectors.items():
            n_stories = int(stories[name][tick])
            if not n_stories and detector.next_tick() != tick:
                continue
            n_negative = int(negative[name][tick])
            sources = tuple(sorted({int(one) for one in draw.integers(N_SOURCES, size=min(n_negative, 20))}))
            evidence = detector.notice(TickCounts(tick, n_stories, n_negative, sources=sources))
            if evidence is not None:
                told.append(evidence)
        if told:
            yield tick_end(tick, BIN_S), told


class _Kept(dict[str, EpisodeTracker]):
    def put(self, topic: str, tracker: EpisodeTracker) -> None:
        self[topic] = tracker


def measured(seed: int) -> list[dict[str, Any]]:
    """Return what people were told in each shock of a world, with the fleet and without."""
    world = world_of(seed)
    with_family, alone = (Fleet(_Kept(), family, lambda _at: RuleBook()) for family in (FAMILY, Family({})))
    opened: dict[str, list[tuple[int, str]]] = {"fleet": [], "alone": []}
    for at, told in evidence_by_tick(world, seed):
        tick = int(at.timestamp()) // BIN_S
        for name, fleet in (("fleet", with_family), ("alone", alone)):
            for change in fleet.close(at, told):
                if change.transition.kind is TransitionKind.OPENED:
                    opened[name].append((tick, change.transition.topic))
    rows = []
    for shock in world.shocks:
        row: dict[str, Any] = {"seed": seed, "begin": shock.begin, "crisis": shock.crisis}
        for name, all_opened in opened.items():
            within = [(tick, topic) for tick, topic in all_opened if shock.begin < tick <= shock.end + AFTER_BINS]
            own = [
                tick
                for tick, topic in within
                if topic == shock.crisis and shock.crisis_begin < tick <= shock.crisis_end + AFTER_BINS
            ]
            row[name] = {
                "n_opened": len(within),
                "of_crisis": bool(own),
                "crisis_delay_min": (own[0] - shock.crisis_begin) * BIN_S / 60 if own else None,
                "first": within[0][1] if within else None,
                "delay_min": (within[0][0] - shock.begin) * BIN_S / 60 if within else None,
                "others": [topic for tick, topic in within if topic != shock.crisis],
            }
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    started_s = time.monotonic()
    rows = [row for seed in range(arguments.seed, arguments.seed + arguments.worlds) for row in measured(seed)]
    summary = {
        "n_shocks": len(rows),
        "one_notification": sum(len(row["fleet"]["others"]) == 1 for row in rows),
        "notifications": statistics.mean(len(row["fleet"]["others"]) for row in rows),
        "notifications_alone": statistics.mean(len(row["alone"]["others"]) for row in rows),
        "crises_told": sum(row["fleet"]["of_crisis"] for row in rows),
        "crises_told_alone": sum(row["alone"]["of_crisis"] for row in rows),
        "seconds": round(time.monotonic() - started_s, 1),
    }
    if not arguments.json:
        print("| seed | told of the shock | after, min | all but the crisis | without the fleet | crisis told, min |")
        for row in rows:
            fleet, alone = row["fleet"], row["alone"]
            print(
                f"| {row['seed']} | {fleet['first']} | {fleet['delay_min']} | {len(fleet['others'])} "
                f"| {len(alone['others'])} | {fleet['crisis_delay_min']} |"
            )
    print(json.dumps({"summary": summary, "rows": rows}))


if __name__ == "__main__":
    main()
