from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.feedback.actions import QuarantineReleased
from pipeline.feedback.audit import AuditAction, AuditLog, entries_of, verify
from pipeline.learner.ledger import LearnerLedger
from rl.analysts.burst import Burst
from rl.analysts.claim import Push
from rl.analysts.quarantine import Quarantine, QuarantineReason

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
RELEASED = QuarantineReleased(id="a-1", topic="tesla", analyst="eve", by="ada", at=LATER, reason="a true crisis")


def held(analyst: str = "eve", push: Push = Push.POSITIVE) -> Quarantine:
    burst = Burst(analyst, push, 20_000, 20_003, 9, 9, 0.12, 14.0, 17.5)
    return Quarantine(analyst, "tesla", QuarantineReason.AGAINST_OTHERS, burst, ("r-1", "r-2"))


def actions(path: Path) -> list[tuple[str, str]]:
    return [(entry.action.value, entry.who) for entry in entries_of(path)]


def test_a_quarantine_is_written_once_and_so_is_its_end(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with AuditLog(path, NOON) as log:
        ledger = LearnerLedger(log)
        ledger.quarantines([held()], NOON)
        ledger.quarantines([held()], LATER)
        ledger.quarantines([], LATER)
        ledger.quarantines([], LATER)
    assert actions(path) == [("quarantined", "learner"), ("quarantine_released", "learner")]
    first = next(iter(entries_of(path)))
    assert (first.subject, first.details["push"], first.details["n_rounds"]) == ("eve on tesla", "positive", "2")


def test_a_restart_repeats_nothing(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for _ in range(2):
        with AuditLog(path, NOON) as log:
            ledger = LearnerLedger(log)
            ledger.release(RELEASED)
            ledger.quarantines([held("mal")], NOON)
    assert actions(path) == [("quarantine_released", "ada"), ("quarantined", "learner")]


def test_what_a_person_releases_does_not_end_a_second_time_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with AuditLog(path, NOON) as log:
        ledger = LearnerLedger(log)
        ledger.quarantines([held(), held(push=Push.NEGATIVE)], NOON)
        ledger.release(RELEASED)
        ledger.quarantines([], LATER)
    assert actions(path)[2:] == [("quarantine_released", "ada")]


def test_who_is_held_again_after_a_release_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with AuditLog(path, NOON) as log:
        ledger = LearnerLedger(log)
        for _ in range(2):
            ledger.quarantines([held()], NOON)
            ledger.release(RELEASED)
        ledger.quarantines([held()], LATER)
    assert [action for action, _ in actions(path)] == ["quarantined", "quarantine_released", "quarantined"]


def test_steps_of_versions_are_chained_with_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with AuditLog(path, NOON) as log:
        LearnerLedger(log).step(AuditAction.GATED, "p-2", NOON, {"reason": "better"})
        LearnerLedger(log).step(AuditAction.ROLLED_BACK, "p-2", LATER, {"reason": "worse"})
        head = log.head
    assert verify(path, head).n_entries == 2
