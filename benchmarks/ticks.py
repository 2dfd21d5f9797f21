"""What one tick costs for many topics: the detectors alone, and the trends stage with snapshot and emission.

    python benchmarks/ticks.py [--topics 10000,100000] [--with-stage 10000] [--tree DIR] [--json]

Realistic: volumes are log-normal (median 20 stories a day, 0.5 to 3,000), so that most topics have no story in five
minutes; an hour of ticks, the last of which closes it. Full: every topic has a story, one in four
negative. Detectors have seen four days before, so that some follow something notable; the stage has seen `--hours`.
Topics beyond those that were warmed up are copies of them. With stage: `counted` is taking in the mentions as they
come, spread over five minutes in life; `closed` is what a mark does, with the encoding of states as for the changelog
and of what comes out as for Kafka. Times are of the CPU; `--tree` measures the code of another checkout.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from made_mention import made_mention

A_DAY, AN_HOUR, N_FULL = 288, 12, 3
P_NEGATIVE = 0.25
FIRST = 4_800_000  # any tick that begins an hour
START = datetime.fromtimestamp(FIRST * 300, UTC)
WARMED = {"detectors": 1_000, "with_stage": 300}
"""Topics that see what came before; the others are copies."""


def volumes_of(draw: np.random.Generator, n_topics: int) -> np.ndarray:
    return np.clip(20 * np.exp(1.6 * draw.standard_normal(n_topics)), 0.5, 3_000) / A_DAY


def summary(took: dict[str, list[float]]) -> dict[str, float]:
    """Return milliseconds: medians, and the least of ticks, which says most where other work shares the machine."""
    medians = {name: float(np.median(times)) * 1e3 for name, times in took.items() if times}
    return {**medians, "least": min(took["tick"]) * 1e3}


def detectors(n_topics: int, n_days: int) -> dict[str, Any]:
    from alerts.surges.surge import SurgeConfig, SurgeDetector

    draw, config, n_warmed = np.random.default_rng(n_topics), SurgeConfig(), min(n_topics, WARMED["detectors"])
    volumes = volumes_of(draw, n_warmed)
    held = [SurgeDetector(f"t{n}", config, FIRST) for n in range(n_warmed)]
    tick = FIRST
    for _ in range(n_days * A_DAY):
        detect(held, counts_of(draw, tick, draw.poisson(volumes)), tick)
        tick += 1
    before_kb, snapshots = resident_kb(), [detector.snapshot() for detector in held]
    held = [SurgeDetector.restore(f"t{n}", config, snapshots[n % n_warmed]) for n in range(n_topics)]
    volumes = np.resize(volumes, n_topics)
    row: dict[str, Any] = {"n_topics": n_topics, "memory_bytes": (resident_kb() - before_kb) * 1024 / n_topics}
    row["state_bytes"] = float(np.mean([len(snapshot) for snapshot in snapshots]))
    row["followed"] = sum(detector.is_followed for detector in held)
    for name in ("realistic", "full"):
        took: dict[str, list[float]] = {"tick": [], "hour": []}
        n_updates = 0
        n_ticks = AN_HOUR if name == "realistic" else N_FULL
        for n in range(n_ticks):
            n_stories = draw.poisson(volumes) if name == "realistic" else np.ones(n_topics, dtype=int)
            counts = counts_of(draw, tick, n_stories)
            began = time.process_time()
            n_updates += detect(held, counts, tick)
            took["hour" if n == AN_HOUR - 1 else "tick"].append(time.process_time() - began)
            tick += 1
        row[name] = {**summary(took), "n_updates": n_updates / n_ticks}
    row["loop_ms"] = empty_ms(n_topics)
    return row


def counts_of(draw: np.random.Generator, tick: int, n_stories: np.ndarray) -> list[tuple[int, Any]]:
    """Return the counts of the topics that have stories in a tick."""
    from alerts.surges.current import TickCounts

    negative = draw.binomial(n_stories, P_NEGATIVE)
    source = draw.integers(20, size=len(n_stories))
    return [
        (int(n), TickCounts(tick, int(n_stories[n]), int(negative[n]), 0, (int(source[n]),) if negative[n] else ()))
        for n in np.flatnonzero(n_stories)
    ]


def detect(held: list[Any], counts: list[tuple[int, Any]], tick: int) -> int:
    """Give each detector its counts, or an empty tick where it follows something; return how many were updated."""
    from alerts.surges.current import TickCounts

    notices = hasattr(held[0], "notice")  # before it could, all evidence was made
    seen = set()
    for n, each in counts:
        held[n].notice(each) if notices else held[n].update(each)
        seen.add(n)
    due = [n for n, detector in enumerate(held) if n not in seen and detector.next_tick() == tick]
    for n in due:
        held[n].notice(TickCounts(tick)) if notices else held[n].update(TickCounts(tick))
    return len(counts) + len(due)


def empty_ms(n_topics: int) -> float:
    began = time.process_time()
    for _ in range(n_topics):
        pass
    return (time.process_time() - began) * 1e3


class Staged:
    """The trends stage of one partition, and its states."""

    def __init__(self, n_topics: int) -> None:
        self._draw = np.random.default_rng(n_topics)
        self._n_topics = self._n_warmed = min(n_topics, WARMED["with_stage"])
        self._volumes = volumes_of(self._draw, self._n_warmed)
        self._n_asked = n_topics
        self._tick = self._offset = 0
        self.n_states = self.n_outbound = 0
        self._use([])

    def _use(self, kept: list[tuple[str, Any]]) -> None:
        from prometheus_client import CollectorRegistry

        from pipeline import wiring
        from pipeline.metrics import Metrics
        from pipeline.settings import Settings
        from pipeline.stage import MemoryStates

        self._states: Any = MemoryStates()
        for key, state in kept:
            self._states.put(key, 0, state)
        self._stage = wiring.trends_stage(Settings(partitions=1), self._states, Metrics(CollectorRegistry()))

    def copy(self) -> float:
        """Put copies of the topics beside them, and return how many bytes a topic takes."""
        import msgspec

        from alerts.topic import TopicState, TopicTrend
        from pipeline import wiring
        from pipeline.settings import Settings

        config = wiring.topic_config(Settings(partitions=1))
        kept = dict(self._states.items())
        states = [
            msgspec.msgpack.decode(wiring.encode_trends_state(trend), type=TopicState)
            for trend in kept.values()
            if isinstance(trend, TopicTrend)
        ]
        volumes = {f"t{n}": volume for n, volume in enumerate(self._volumes)}
        copies: list[tuple[str, Any]] = [("#0", kept["#0"])]
        before_kb, self._volumes = resident_kb(), np.zeros(self._n_asked)
        for n in range(self._n_asked):
            state = states[n % len(states)]
            self._volumes[n] = volumes[state.topic]
            snapshot = msgspec.msgpack.encode(msgspec.structs.replace(state, topic=f"t{n}"))
            copies.append((f"t{n}", TopicTrend.restore(config, snapshot)))
        self._n_topics = self._n_asked
        self._use(copies)
        return (resident_kb() - before_kb) * 1024 / self._n_asked

    def tick(self, *, is_full: bool = False) -> tuple[float, float]:
        """Let a tick pass, and return the seconds of counting and of closing."""
        from pipeline import wiring
        from pipeline.records import Mark, Origin, encode

        n_stories = np.ones(self._n_topics, dtype=int) if is_full else self._draw.poisson(self._volumes)
        of_topic = np.repeat(np.arange(self._n_topics), n_stories)
        mentions = [mention_of(self._draw, int(n), self._offset + at, self._tick) for at, n in enumerate(of_topic)]
        self._offset += len(mentions)
        self._tick += 1
        watermark = START + timedelta(seconds=300 * self._tick)
        mark = Mark(origin=Origin(0, self._offset), watermark=watermark, began_at=START, n_sources=1)
        began = time.process_time()
        for mention in mentions:
            self._stage.step(mention, Origin(0, 0))
        counted_s = time.process_time() - began
        waiting = [state for key, state in self._states.items() if key.startswith("+")]
        began = time.process_time()
        for state in waiting:
            wiring.encode_trends_state(state)
        counted_s += time.process_time() - began
        began = time.process_time()
        outbound = self._stage.step(mark, Origin(0, 0))
        for record in outbound:
            encode(record.record)
        touched = {record.record.topic for record in outbound if hasattr(record.record, "topic")}
        for topic in touched:
            wiring.encode_trends_state(self._states.get(topic))
        self.n_states, self.n_outbound = len(touched), len(outbound)
        return counted_s, time.process_time() - began


def staged(n_topics: int, n_hours: int) -> dict[str, Any]:
    """Return the cost of a tick of the trends stage, one partition."""
    collect_as_worker()
    stage = Staged(n_topics)
    for _ in range(n_hours * AN_HOUR):
        stage.tick()
    row: dict[str, Any] = {"n_topics": n_topics, "memory_bytes": stage.copy()}
    for name in ("realistic", "full"):
        took: dict[str, list[float]] = {"counted": [], "tick": [], "hour": []}
        n_states = n_outbound = 0
        n_ticks = AN_HOUR if name == "realistic" else N_FULL
        for n in range(n_ticks):
            counted, closed = stage.tick(is_full=name == "full")
            took["counted"].append(counted)
            took["hour" if n == AN_HOUR - 1 else "tick"].append(closed)
            n_states, n_outbound = n_states + stage.n_states, n_outbound + stage.n_outbound
        row[name] = {**summary(took), "n_states": n_states / n_ticks, "n_outbound": n_outbound / n_ticks}
    return row


def mention_of(draw: np.random.Generator, topic: int, offset: int, tick: int) -> Any:
    at = START + timedelta(seconds=300 * tick + 60)
    words = [int(word) for word in draw.integers(1 << 32, size=10)]
    return made_mention(f"t{topic}", str(offset), offset, at, words, is_negative=draw.random() < P_NEGATIVE)


def collect_as_worker() -> None:
    """Look for garbage as often as the process of the role does."""
    try:
        from pipeline.garbage import collect_seldom
    except ModuleNotFoundError:  # before there was such a thing
        return
    collect_seldom()


def resident_kb() -> int:
    gc.collect()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topics", default="10000,100000")
    parser.add_argument("--with-stage", default="10000")
    parser.add_argument("--days", type=int, default=4, help="that detectors have seen")
    parser.add_argument("--hours", type=int, default=24, help="that the stage has seen")
    parser.add_argument("--tree", type=Path, default=Path(__file__).parents[1], help="of the code to measure")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    sys.path.insert(0, str(arguments.tree.resolve()))
    told: dict[str, Any] = {
        "detectors": [detectors(int(n), arguments.days) for n in arguments.topics.split(",") if n],
        "with_stage": [staged(int(n), arguments.hours) for n in arguments.with_stage.split(",") if n],
    }
    if not arguments.json:
        columns = ("topics", "tick", "what", "CPU ms", "least", "on the hour", "mentions", "updated")
        print(f"| {' | '.join(columns)} |\n|---:|---|---|{'---:|' * 5}")
        for what, key in (("detectors", "n_updates"), ("with_stage", "n_states")):
            for row in told[what]:
                for name in ("realistic", "full"):
                    cells = (
                        f"{row[name][column]:.1f}" if column in row[name] else ""
                        for column in ("tick", "least", "hour", "counted")
                    )
                    print(f"| {row['n_topics']} | {name} | {what} | {' | '.join(cells)} | {row[name][key]:.0f} |")
    print(json.dumps(told))


if __name__ == "__main__":
    main()
