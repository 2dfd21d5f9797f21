import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from pipeline.feedback.audit import AuditLog, entries_of
from pipeline.feedback.records import RoundRecord
from pipeline.learner.drift import DriftWatch, WatchedDecision
from pipeline.learner.learner import Learner
from pipeline.learner.ledger import LearnerLedger
from pipeline.learner.metrics import LearnerMetrics
from pipeline.learner.round_log import LoggedRound, RoundLog
from pipeline.learner.weighed_rounds import WeighedRounds
from pipeline.records import encode
from rl.analysts.guard import AnalystGuard
from rl.learner.wake import WakeReason, WakeRule

RecordOf = Callable[..., RoundRecord]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OTHERS = ("ada", "bob", "cy", "dee", "flo")


class Desk:
    """The serving version, whatever is asked."""

    def board(self) -> None:
        return None

    def serving(self, _board: None) -> str:
        return "p-1"

    def folder_of(self, version: str, _board: None) -> Path:
        return Path(version)


class Workshop:
    """Notes which updates are begun, and never ends one."""

    is_busy = False
    folder = None

    def __init__(self) -> None:
        self.begun: list[tuple[WakeReason, list[RoundRecord]]] = []

    def poll(self) -> None:
        return None

    def last_ended_at(self) -> None:
        return None

    def next_number(self) -> int:
        return len(self.begun) + 1

    def begin(self, request, fresh, older) -> SimpleNamespace:  # type: ignore[no-untyped-def]
        self.begun.append((request.why, list(fresh)))
        return SimpleNamespace(path=Path("1"))


class Deployed:
    """A learner with its parts, and what it did."""

    def __init__(self, folder: Path, log: AuditLog) -> None:
        self.registry = CollectorRegistry()
        metrics = LearnerMetrics(self.registry)
        self.drift = DriftWatch(folder / "drift.json", metrics)
        self.rounds = WeighedRounds(RoundLog(":memory:"), AnalystGuard(), self.drift.answered)
        self.workshop = Workshop()
        self.learner = Learner(
            desk=Desk(),  # type: ignore[arg-type]
            rounds=self.rounds,
            drift=self.drift,
            workshop=self.workshop,  # type: ignore[arg-type]
            judging=SimpleNamespace(),  # type: ignore[arg-type]
            conductor=SimpleNamespace(has_candidate=False, trial=None),  # type: ignore[arg-type]
            watch=SimpleNamespace(),  # type: ignore[arg-type]
            ledger=LearnerLedger(log),
            rule=WakeRule(n_corrections=200, min_corrections=20),
            metrics=metrics,
            algorithm="rloo",
            device="cpu",
            started_at=NOON,
        )

    def turn(self, seconds: int = 0) -> list[WakeReason]:
        asyncio.run(self.learner.turn(NOON + timedelta(seconds=seconds)))
        return [why for why, _ in self.workshop.begun]

    def add(self, records: list[RoundRecord]) -> None:
        self.rounds.add(
            [LoggedRound(r.id, r.document_id, r.analyst, r.corrected_at, encode(r)) for r in records], {0: 1}
        )

    def let_drift(self) -> None:
        start = datetime(2026, 1, 1, tzinfo=UTC)
        for day in range(50):
            label = (0.1, 0.8, 0.1) if day < 40 else (0.6, 0.3, 0.1)
            seen = [
                WatchedDecision(start + timedelta(days=day, seconds=300 * n), "news", label, [], "p-1")
                for n in range(210)
            ]
            self.drift.read(seen, {0: day})


@pytest.fixture
def deployed(tmp_path: Path):  # type: ignore[no-untyped-def]
    with AuditLog(tmp_path / "audit.jsonl", NOON) as log:
        yield Deployed(tmp_path, log)


def test_a_drift_wakes_it_once_and_only_with_something_to_learn_from(deployed: Deployed, record: RecordOf) -> None:
    deployed.let_drift()
    deployed.add([record(number, analyst=OTHERS[number % 5]) for number in range(19)])
    assert deployed.turn() == []
    deployed.add([record(19)])
    assert deployed.turn(1) == [WakeReason.DRIFT]
    assert deployed.turn(2) == [WakeReason.DRIFT]


def test_without_drift_twenty_corrections_wait(deployed: Deployed, record: RecordOf) -> None:
    deployed.add([record(number, analyst=OTHERS[number % 5]) for number in range(20)])
    assert deployed.turn() == []


def test_rounds_that_do_not_count_wake_nobody_and_are_audited_and_shown(
    deployed: Deployed, record: RecordOf, tmp_path: Path
) -> None:
    deployed.let_drift()
    calm = [record(number * 300, analyst=OTHERS[number % 5]) for number in range(19)]
    bad = msgspec.structs.replace(calm[0].right, sentiment="negative", mentions=())
    deployed.add([msgspec.structs.replace(each, right=bad) for each in calm])
    deployed.add([record(7 + number * 400, analyst="eve") for number in range(12)])
    for second in (0, 61):
        assert deployed.turn(second) == []
    shown = deployed.registry.get_sample_value
    assert shown("finsurge_learner_quarantines", {"reason": "against_others"}) == 1.0
    assert shown("finsurge_learner_guarded_rounds", {"reason": "quarantined"}) == 12.0
    assert shown("finsurge_learner_fresh_rounds") == 19.0
    assert 0.5 < (shown("finsurge_learner_analyst_weight_median") or 0.0) < 1.0
    assert shown("finsurge_analyst_answers_total", {"analyst": "eve"}) == 12
    assert [shown("finsurge_analyst_held_topics", {"analyst": name}) for name in ("ada", "eve")] == [0, 1]
    assert (shown("finsurge_analyst_accuracy_low", {"analyst": "ada"}) or 0.0) > 0.6
    assert [entry.subject for entry in entries_of(tmp_path / "audit.jsonl")] == ["eve on tesla"]


def test_what_an_update_learns_from_has_its_weights(deployed: Deployed, record: RecordOf) -> None:
    deployed.add([record(number, analyst=OTHERS[number % 5]) for number in range(5)])
    deployed.learner.is_asked = True
    assert deployed.turn() == [WakeReason.ASKED]
    [(_, fresh)] = deployed.workshop.begun
    assert {0.5 < each.weight < 1.0 for each in fresh} == {True}
