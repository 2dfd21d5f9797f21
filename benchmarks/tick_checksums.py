"""Checksums of all that detectors and the trends stage say and keep, over random streams.

    python benchmarks/tick_checksums.py [--days 20] [--seeds 1,2,3] [--tree DIR]

A change that is for speed alone must leave them as they are: run it here, and with `--tree` on a checkout of the code
before. The streams have topics of every volume, bursts, copies, late documents, two policies with ratios, corrections
of every kind, marks that close several ticks at once, and restarts from what a changelog would hold.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

A_DAY = 288
FIRST = 4_800_000
START = datetime.fromtimestamp(FIRST * 300, UTC)


class Checksum:
    """What was said and kept, in order."""

    def __init__(self) -> None:
        self._hash = sha256()
        self.n = 0

    def add(self, *parts: bytes) -> None:
        """Take note of a record."""
        for part in parts:
            self._hash.update(len(part).to_bytes(4, "little") + part)
        self.n += 1

    def __str__(self) -> str:
        return self._hash.hexdigest()[:16]


def rates(draw: np.random.Generator, n_topics: int) -> np.ndarray:
    """Return stories a tick by topic, from one a week to a thousand a day."""
    return np.geomspace(1 / 7, 1_000, n_topics)[draw.permutation(n_topics)] / A_DAY


def detectors(seed: int, days: int, n_topics: int = 30) -> tuple[Checksum, int]:
    """Return the checksum of all evidence and states of detectors that are told counts, and how much was evidence."""
    import msgspec

    from alerts.surges.current import StoryCount, TickCounts
    from alerts.surges.surge import SurgeConfig, SurgeDetector

    draw, checksum, n_evidence = np.random.default_rng(seed), Checksum(), 0
    config = SurgeConfig()
    held = [SurgeDetector(f"t{n}", config, FIRST) for n in range(n_topics)]
    volumes, burst = rates(draw, n_topics), np.zeros(n_topics)
    told: list[list[tuple[int, Any]]] = [[] for _ in held]
    for tick in range(FIRST, FIRST + days * A_DAY):
        begins = draw.random(n_topics) < 1 / (4 * A_DAY)
        burst = np.where(begins, draw.exponential(8, n_topics), burst * 0.98)
        ratio = (1.0, 1.3, 0.7)[(tick // 1_500) % 3]
        for n, n_stories in enumerate(draw.poisson(volumes * (1 + burst) + burst / 60)):
            detector, has_grown = held[n], False
            p_negative = 0.25 if burst[n] < 0.5 else 0.6
            stories = [
                StoryCount(
                    bool(draw.random() < p_negative),
                    bool(draw.random() < 0.3),
                    int(draw.integers(6)),
                    ratio,
                    bool(draw.random() < 0.8),
                )
                for _ in range(n_stories)
            ]
            if told[n] and draw.random() < 0.02:
                when, was = told[n][int(draw.integers(len(told[n])))]
                now = None if draw.random() < 0.3 else msgspec.structs.replace(was, is_negative=not was.is_negative)
                detector.revise(when, was, now, [])
                has_grown = now is not None and now.is_negative and when > tick - config.window_ticks
            if not stories and not has_grown and detector.next_tick() != tick:
                continue
            counts = TickCounts(tick)
            counts.add(stories)
            told[n] = [*told[n], *((tick, story) for story in stories)][-20:]
            evidence = detector.update(counts, has_grown=has_grown)
            n_evidence += evidence is not None
            checksum.add(msgspec.msgpack.encode(evidence))
            if draw.random() < 0.01:
                checksum.add(detector.snapshot())
                held[n] = SurgeDetector.restore(f"t{n}", config, detector.snapshot())
    for detector in held:
        checksum.add(detector.snapshot())
    return checksum, n_evidence


class Stream:
    """Mentions and marks of one partition of `mentions`, from two source partitions."""

    def __init__(self, seed: int, n_topics: int = 30) -> None:
        self._draw = np.random.default_rng(seed)
        self._volumes = rates(self._draw, n_topics)
        self._burst = np.zeros(n_topics)
        self._n = [0, 0]
        self._n_revisions = [0, 0]
        self._let: list[Any] = []

    def tick(self, tick: int) -> list[Any]:
        """Return the mentions of a tick, those of each source in the order of its log."""
        draw, n_topics = self._draw, len(self._volumes)
        begins = draw.random(n_topics) < 1 / (4 * A_DAY)
        self._burst = np.where(begins, draw.exponential(8, n_topics), self._burst * 0.98)
        counts = draw.poisson(self._volumes * (1 + self._burst) + self._burst / 60)
        mentions = [self._mention(n, tick) for n in np.flatnonzero(counts) for _ in range(counts[n])]
        if self._let and draw.random() < 0.1:
            mentions.append(self._correction(tick))
        self._let = [*self._let, *(each for each in mentions if each.revision is None)][-200:]
        return mentions

    def _mention(self, topic: int, tick: int) -> Any:
        from pipeline.records import Mention, Origin, SketchRecord

        draw = self._draw
        source = int(draw.integers(2))
        self._n[source] += 1
        is_delayed, is_late = draw.random() < 0.05, draw.random() < 0.01
        ago = 3 if is_delayed else 12 if is_late else 0
        at = START + timedelta(seconds=300 * (tick - ago) + int(draw.integers(300)))
        # of few words, so that some stories are like others
        words = tuple(sorted({int(word) for word in draw.integers(60, size=9)}))
        negative = float(
            draw.uniform(0.5, 0.9) if draw.random() < (0.25 if self._burst[topic] < 0.5 else 0.6) else 0.1
        )
        version = (tick // 1_500) % 2
        return Mention(
            topic=f"t{topic}",
            document_id=f"{source}-{self._n[source]}",
            origin=Origin(source, self._n[source]),
            kind="social" if draw.random() < 0.3 else "news",
            source=f"S{draw.integers(8)}",
            published_at=at,
            known_at=START + timedelta(seconds=300 * tick),
            is_late=bool(is_late and not is_delayed),
            sentiment=(negative, 0.95 - negative, 0.05),
            excerpt=f"A headline {draw.integers(1_000)}",
            url=None,
            policy_version=f"p-{version}",
            sketch=SketchRecord(words, words[:2], words[:1], 0, words[:5]),
            negative_ratio=(1.0, 1.3)[version],
            beside=(f"t{draw.integers(3)}",),
            is_named=bool(draw.random() < 0.8),
        )

    def _correction(self, tick: int) -> Any:
        import msgspec

        draw, let = self._draw, self._let
        mention = let[int(draw.integers(len(let)))]
        source = mention.origin.partition
        self._n_revisions[source] += 1
        changes: dict[str, Any] = {
            "known_at": START + timedelta(seconds=300 * tick),
            "is_late": False,
            "revision": self._n_revisions[source],
            "change": ("revised", "retracted", "added")[int(draw.integers(3))],
            "sentiment": ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0))[int(draw.integers(2))],
        }
        if changes["change"] == "added":
            changes["document_id"] = f"{mention.document_id}+"
        return msgspec.structs.replace(mention, **changes)


def stage(seed: int, days: int) -> tuple[Checksum, int]:
    """Return the checksum of what a trends stage causes and keeps, and how much of it is evidence."""
    from prometheus_client import CollectorRegistry

    from pipeline import wiring
    from pipeline.metrics import Metrics
    from pipeline.records import Mark, Origin, encode
    from pipeline.settings import Settings
    from pipeline.stage import MemoryStates

    settings, stream, checksum, n_evidence = Settings(partitions=1), Stream(seed), Checksum(), 0
    draw, states = np.random.default_rng(seed + 1_000), MemoryStates()
    metrics = Metrics(CollectorRegistry())
    made = wiring.trends_stage(settings, states, metrics)
    for tick in range(days * A_DAY):
        outbound = [each for mention in stream.tick(tick) for each in made.step(mention, Origin(0, 0))]
        if draw.random() < 0.8:
            at = START + timedelta(seconds=300 * (tick + 1))
            for source in (0, 1):
                mark = Mark(origin=Origin(source, tick), watermark=at, began_at=START, n_sources=2)
                outbound += made.step(mark, Origin(0, 0))
        for each in outbound:
            checksum.add(each.kafka_topic.encode(), each.key, encode(each.record))
        n_evidence += sum(each.kafka_topic == "candidates" and each.key != b"" for each in outbound)
        if draw.random() < 0.01:
            kept = {key: wiring.encode_trends_state(state) for key, state in states.items()}
            states = MemoryStates()
            for key, value in sorted(kept.items()):
                checksum.add(key.encode(), value)
                states.put(key, 0, wiring.decode_trends_state(settings, key, value))
            made = wiring.trends_stage(settings, states, metrics)
    return checksum, n_evidence


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--tree", type=Path, default=Path(__file__).parents[1], help="of the code to run")
    arguments = parser.parse_args()
    sys.path.insert(0, str(arguments.tree.resolve()))
    for seed in (int(written) for written in arguments.seeds.split(",")):
        for name, run in (("detectors", detectors), ("stage", stage)):
            checksum, n_evidence = run(seed, arguments.days)
            print(f"{name:9} seed {seed}: {checksum} of {checksum.n:,} records, {n_evidence:,} of evidence")


if __name__ == "__main__":
    main()
