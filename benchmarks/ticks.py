"""What one tick costs for many topics: the detectors alone, and the trends stage with snapshot and emission.

    python benchmarks/ticks.py [--topics 10000,100000] [--ticks 6] [--with-stage 10000] [--json]

Realistic: volumes are log-normal (median 20 stories a day, 0.5 to 3,000), so that most topics have no story in five
minutes. Full: every topic has one, one in four negative. Detectors have seen a day before. With stage: mentions are
counted and a mark closes the tick, states are encoded as for the changelog and what comes out as for Kafka. Memory is
what the process grows by. Beside each time, in units of the machine: a tick of an empty loop over as many topics.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry

from alerts.surges.current import TickCounts
from alerts.surges.surge import SurgeConfig, SurgeDetector
from pipeline import wiring
from pipeline.metrics import Metrics
from pipeline.records import Mark, Mention, Origin, SketchRecord, encode
from pipeline.settings import Settings
from pipeline.stage import MemoryStates
from pipeline.stages.trends import TrendsStage, TrendsState

A_DAY = 288
P_NEGATIVE = 0.25
FIRST = 4_800_000  # any tick that begins an hour
START = datetime.fromtimestamp(FIRST * 300, UTC)


def volumes_of(draw: np.random.Generator, n_topics: int) -> np.ndarray:
    return np.clip(20 * np.exp(1.6 * draw.standard_normal(n_topics)), 0.5, 3_000) / A_DAY


def counts_of(draw: np.random.Generator, tick: int, n_stories: np.ndarray) -> list[tuple[int, TickCounts]]:
    """Return the counts of the topics that have stories in a tick."""
    negative = draw.binomial(n_stories, P_NEGATIVE)
    source = draw.integers(20, size=len(n_stories))
    return [
        (int(n), TickCounts(tick, int(n_stories[n]), int(negative[n]), 0, (int(source[n]),) if negative[n] else ()))
        for n in np.flatnonzero(n_stories)
    ]


def detectors(n_topics: int, n_ticks: int) -> dict[str, Any]:
    draw, before_kb = np.random.default_rng(n_topics), resident_kb()
    volumes, config = volumes_of(draw, n_topics), SurgeConfig()
    held = [SurgeDetector(f"t{n}", config, FIRST) for n in range(n_topics)]
    tick = FIRST
    for _ in range(A_DAY):
        tick_of_all(held, counts_of(draw, tick, draw.poisson(volumes)), tick)
        tick += 1
    row: dict[str, Any] = {"n_topics": n_topics}
    for name in ("realistic", "full"):
        took, n_updates = [], 0
        for _ in range(n_ticks):
            n_stories = draw.poisson(volumes) if name == "realistic" else np.ones(n_topics, dtype=int)
            counts = counts_of(draw, tick, n_stories)
            began = time.process_time()
            n_updates += tick_of_all(held, counts, tick)
            took.append(time.process_time() - began)
            tick += 1
        row[name] = {"ms": float(np.median(took)) * 1e3, "n_updates": n_updates / n_ticks}
    row["loop_ms"] = empty_ms(n_topics)
    row["state_bytes"] = float(np.mean([len(detector.snapshot()) for detector in held[:: max(1, n_topics // 500)]]))
    row["memory_bytes"] = (resident_kb() - before_kb) * 1024 / n_topics
    return row


def tick_of_all(held: list[SurgeDetector], counts: list[tuple[int, TickCounts]], tick: int) -> int:
    """Give each detector its counts, or an empty tick where it follows something; return how many were updated."""
    seen = set()
    for n, each in counts:
        held[n].update(each)
        seen.add(n)
    due = [n for n, detector in enumerate(held) if n not in seen and detector.next_tick() == tick]
    for n in due:
        held[n].update(TickCounts(tick))
    return len(counts) + len(due)


def empty_ms(n_topics: int) -> float:
    began = time.process_time()
    for _ in range(n_topics):
        pass
    return (time.process_time() - began) * 1e3


def staged(n_topics: int, n_ticks: int) -> dict[str, Any]:
    """Return the cost of a tick of the trends stage, one partition."""
    draw, settings = np.random.default_rng(n_topics), Settings(partitions=1)
    states: MemoryStates[TrendsState] = MemoryStates()
    stage = wiring.trends_stage(settings, states, Metrics(CollectorRegistry()))
    volumes = volumes_of(draw, n_topics)
    tick, offset = 0, 0
    row: dict[str, Any] = {"n_topics": n_topics}
    for name, n_before in (("realistic", 12), ("full", 1)):
        took, n_touched, n_out = [], 0, 0
        for number in range(n_before + n_ticks):
            n_stories = draw.poisson(volumes) if name == "realistic" else np.ones(n_topics, dtype=int)
            of_topic = np.repeat(np.arange(n_topics), n_stories)
            mentions = [mention_of(draw, int(n), offset + place, tick) for place, n in enumerate(of_topic)]
            offset += len(mentions)
            tick += 1
            watermark = START + timedelta(seconds=300 * tick)
            mark = Mark(origin=Origin(0, offset), watermark=watermark, began_at=START, n_sources=1)
            began = time.process_time()
            touched, outbound = one_tick(stage, states, mentions, mark)
            if number >= n_before:
                took.append(time.process_time() - began)
                n_touched, n_out = n_touched + touched, n_out + outbound
        row[name] = {
            "ms": float(np.median(took)) * 1e3,
            "n_states": n_touched / n_ticks,
            "n_outbound": n_out / n_ticks,
        }
    return row


def one_tick(
    stage: TrendsStage, states: MemoryStates[TrendsState], mentions: list[Mention], mark: Mark
) -> tuple[int, int]:
    """Count, close, and encode what would be written; return how many states and records that is."""
    for mention in mentions:
        stage.step(mention, Origin(0, 0))
    outbound = stage.step(mark, Origin(0, 0))
    touched = {record.record.topic for record in outbound if hasattr(record.record, "topic")}
    for record in outbound:
        encode(record.record)
    for topic in touched:
        state = states.get(topic)
        if state is not None:
            wiring.encode_trends_state(state)
    return len(touched), len(outbound)


def mention_of(draw: np.random.Generator, topic: int, offset: int, tick: int) -> Mention:
    at = START + timedelta(seconds=300 * tick + 60)
    words = tuple(sorted(int(word) for word in draw.integers(1 << 32, size=10)))
    is_negative = draw.random() < P_NEGATIVE
    return Mention(
        topic=f"t{topic}",
        document_id=str(offset),
        origin=Origin(0, offset),
        kind="news",
        source=f"S{offset % 20}",
        published_at=at,
        known_at=None,
        is_late=False,
        sentiment=(0.8, 0.1, 0.1) if is_negative else (0.1, 0.8, 0.1),
        excerpt="A headline of about eighty characters, as they stand in the news of every day",
        url="https://example.com/news/1",
        policy_version="p-1",
        sketch=SketchRecord(words, words[:3]),
    )


def resident_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topics", default="10000,100000")
    parser.add_argument("--with-stage", default="10000")
    parser.add_argument("--ticks", type=int, default=6)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    told: dict[str, Any] = {
        "detectors": [detectors(int(n), arguments.ticks) for n in arguments.topics.split(",") if n],
        "with_stage": [staged(int(n), arguments.ticks) for n in arguments.with_stage.split(",") if n],
    }
    if not arguments.json:
        print("| topics | tick | what | CPU ms | updated |\n|---:|---|---|---:|---:|")
        for what, key in (("detectors", "n_updates"), ("with_stage", "n_states")):
            for row in told[what]:
                for name in ("realistic", "full"):
                    print(f"| {row['n_topics']} | {name} | {what} | {row[name]['ms']:.1f} | {row[name][key]:.0f} |")
    print(json.dumps(told))


if __name__ == "__main__":
    main()
