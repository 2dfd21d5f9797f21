"""Drift as the learner watches it: what is read from `decisions` and of rounds, kept in a file over restarts.

Offsets and figures are written together, so that no decision counts twice or is missed. Knows no Kafka client.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from models.language import ENGLISH
from pipeline.learner.metrics import LearnerMetrics
from pipeline.records import AwareDatetime, Kind
from rl.drift.monitor import DriftMonitor, DriftSignal, DriftState, ReadDocument
from rl.rounds.round import Round

log = logging.getLogger(__name__)


class WatchedDecision(msgspec.Struct, frozen=True, tag_field="type", tag="decision"):
    """What is read of a decision: no text, and nothing by which a document could be told.

    >>> raw = b'{"type":"decision","published_at":"2026-01-02T03:04:05Z","kind":"news","sentiment":[0.1,0.8,0.1],'
    >>> msgspec.json.decode(raw + b'"spans":[],"policy_version":"p-1"}', type=WatchedDecision).read.n_mentions
    0
    """

    published_at: AwareDatetime
    kind: Kind
    sentiment: tuple[float, float, float]
    spans: list[msgspec.Raw]
    policy_version: str
    language: str = ENGLISH

    @property
    def read(self) -> ReadDocument:
        """What is watched of it."""
        return ReadDocument(
            self.published_at,
            self.policy_version,
            self.sentiment,
            n_mentions=len(self.spans),
            is_english=self.language == ENGLISH,
            is_social=self.kind == "social",
        )


class _File(msgspec.Struct):
    state: DriftState
    offsets: dict[int, int]
    drifted: list[DriftSignal]


class DriftWatch:
    """The drift monitor of a deployment.

    >>> import tempfile
    >>> from prometheus_client import CollectorRegistry
    >>> watch = DriftWatch(Path(tempfile.mkdtemp()) / "drift.json", LearnerMetrics(CollectorRegistry()))
    >>> watch.has_drifted, watch.next_offsets
    (False, {})

    Args:
        path: where it is kept.
        metrics: counts drifts, and shows how far each figure lies from the usual.
    """

    def __init__(self, path: Path, metrics: LearnerMetrics) -> None:
        self._path = path
        self._metrics = metrics
        kept = msgspec.json.decode(path.read_bytes(), type=_File) if path.is_file() else _File(DriftState(), {}, [])
        self._monitor = DriftMonitor(state=kept.state)
        self.next_offsets: dict[int, int] = dict(kept.offsets)
        self._drifted = list(kept.drifted)
        self._is_kept = True
        metrics.set_drift(self._monitor.get())

    @property
    def has_drifted(self) -> bool:
        """Whether something has drifted since the last update."""
        return bool(self._drifted)

    def answer(self) -> None:
        """Take note that an update has begun: what has drifted until now wakes the learner no more."""
        self._drifted = []
        self.save()

    def read(self, decisions: Iterable[WatchedDecision], next_offsets: Mapping[int, int]) -> None:
        """Take decisions in, together with where reading goes on."""
        for decision in decisions:
            self._note(self._monitor.read(decision.read))
        self.next_offsets.update(next_offsets)
        self._is_kept = False

    def answered(self, answered: Round) -> None:
        """Take a round in."""
        self._note(self._monitor.answered(answered))
        self._is_kept = False

    def save(self) -> None:
        """Write down what is known by now."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_name(f"{self._path.name}.part")
        kept = _File(self._monitor.snapshot(), self.next_offsets, self._drifted)
        unfinished.write_bytes(msgspec.json.encode(kept))
        os.replace(unfinished, self._path)
        self._is_kept = True
        self._metrics.set_drift(self._monitor.get())

    def save_if_new(self) -> None:
        """Write it down if something has come since the last time."""
        if not self._is_kept:
            self.save()

    def _note(self, drifted: Iterable[DriftSignal]) -> None:
        for signal in drifted:
            log.warning("drift: the usual level of `%s` has changed for good", signal.value)
            self._metrics.count_drift(signal)
            if signal not in self._drifted:
                self._drifted.append(signal)
