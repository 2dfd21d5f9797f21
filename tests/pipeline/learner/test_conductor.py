from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from pipeline.feedback.audit import AuditAction, AuditLog, entries_of
from pipeline.learner.conductor import Conductor
from pipeline.learner.ledger import LearnerLedger
from pipeline.learner.metrics import LearnerMetrics
from pipeline.learner.trial import TrialFile
from pipeline.policies.board import ReleaseBoard
from pipeline.policies.changes import Author, ChangeRefused, Releases, promoted, registered
from pipeline.policies.desk import PolicyDesk
from pipeline.policies.release import Change
from pipeline.policies.release_log import ChangeLost
from pipeline.records import Origin, ReadingRecord, ShadowDecision
from pipeline.settings import Settings
from rl.gate.reasons import GateReason
from rl.gate.report import GateReport, Question
from rl.learner.rollout import RolloutConfig, RolloutReason, RolloutStage
from rl.registry.stored import StoredPolicy

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
NEGATIVE, POSITIVE = (0.8, 0.1, 0.1), (0.1, 0.1, 0.8)
CONFIG = RolloutConfig(min_shadow_documents=100, min_canary_documents=10, canary_share=0.1, watch_s=3_600.0)


class Desk(PolicyDesk):
    """A `PolicyDesk` without a registry and without Kafka: a folder's name is its version."""

    def __init__(self) -> None:
        super().__init__(Settings())
        self._board = ReleaseBoard()
        self.n_to_lose = 0  # changes that somebody else is faster with

    def board(self) -> ReleaseBoard:
        return self._board

    def change(self, make: Callable[[ReleaseBoard], Releases]) -> Releases:
        releases = make(self._board)
        if self.n_to_lose:
            self.n_to_lose -= 1
            raise ChangeLost("somebody else was faster")
        self._board.update(Change(id="c", base=self._board.generation, releases=tuple(releases)))
        return releases

    def put(self, folder: Path, author: Author) -> str:
        stored = StoredPolicy(folder.name, f"memory://{folder.name}", {})
        self.insist(lambda board: registered(board, stored, None, author))
        return folder.name

    def put_default(self, author: Author) -> str:
        return self.put(Path("p-1"), author)

    def serving(self, board: ReleaseBoard) -> str:
        return board.current.version if board.current else "p-1"


class Course:
    """A conductor with its desk, restarted at will."""

    def __init__(self, folder: Path, ledger: LearnerLedger, *, is_automatic: bool = True) -> None:
        self.desk = Desk()
        self.registry = CollectorRegistry()
        metrics = LearnerMetrics(self.registry)
        self._make = lambda: Conductor(
            self.desk, TrialFile(folder / "trial.json"), CONFIG, metrics, ledger, is_automatic=is_automatic
        )
        self.conductor = self._make()

    def present(self, reason: GateReason = GateReason.PROMOTED, version: str = "p-2") -> None:
        self.conductor.present(Path(version), lambda serving: report(version, serving, reason), Path("page"), NOON)

    def read(self, n: int, *, n_negative: int, served_negative: int, is_canary: bool = False) -> None:
        for number in range(n):
            own, served = number < n_negative, number < served_negative
            self.conductor.evidence.update(shadow(number, own, served, is_canary=is_canary))

    def restart(self) -> None:
        self.conductor = self._make()

    @property
    def stage(self) -> RolloutStage | None:
        return self.conductor.trial.stage if self.conductor.trial else None


def report(version: str, serving: str, reason: GateReason) -> GateReport:
    return GateReport(
        question=Question(candidate=version, serving=serving, anchor="p-1", asked_at=NOON),
        reasons=(reason,),
        margin=0.01,
        held_out="h",
        n_items=3_000,
        min_items=2_500,
        p_error=0.05,
        max_calibration_error=0.03,
    )


def shadow(number: int, is_negative: bool, served_negative: bool, *, is_canary: bool) -> ShadowDecision:
    """What the other of p-1 and p-2 says of a document; p-2 served it if it was the canary's."""
    own = ReadingRecord(NEGATIVE if is_negative else POSITIVE, ())
    served = ReadingRecord(NEGATIVE if served_negative else POSITIVE, ())
    versions = ("p-1", "p-2") if is_canary else ("p-2", "p-1")
    return ShadowDecision(
        document_id=f"d-{number}",
        origin=Origin(0, number),
        kind="news",
        source="Wire",
        published_at=NOON,
        decided_at=NOON,
        served_version=versions[1],
        served=served,
        policy_version=versions[0],
        reading=own,
    )


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[AuditLog]:
    with AuditLog(tmp_path / "audit.jsonl", NOON) as log:
        yield log


@pytest.fixture
def course(tmp_path: Path, audit: AuditLog) -> Course:
    return Course(tmp_path, LearnerLedger(audit))


def test_a_candidate_goes_from_shadow_over_canary_to_service_and_its_watch_ends(
    course: Course, audit: AuditLog
) -> None:
    def since(stage: str) -> float | None:
        return course.registry.get_sample_value("finsurge_trial_since_timestamp_seconds", {"stage": stage})

    assert since("shadow") == 0
    course.present()
    assert course.stage is RolloutStage.SHADOW
    assert (since("shadow"), since("canary")) == (NOON.timestamp(), 0)
    assert course.conductor.advance(NOON) is RolloutReason.WAITING

    course.read(100, n_negative=30, served_negative=25)
    assert course.conductor.advance(NOON) is RolloutReason.ENOUGH_SHADOW
    canary = course.desk.board().canary
    assert canary is not None
    # 30 of 100 against 25 of 100, shrunk a little towards 1
    assert (canary.version, canary.share, 1.05 < canary.negative_ratio < 1.2) == ("p-2", 0.1, True)

    course.read(10, n_negative=3, served_negative=3, is_canary=True)
    assert course.conductor.advance(NOON) is RolloutReason.ENOUGH_CANARY
    board = course.desk.board()
    assert board.current is not None
    assert board.shadow is not None
    assert (board.current.version, board.shadow.version, board.canary) == ("p-2", "p-1", None)

    assert course.conductor.advance(NOON + timedelta(minutes=59)) is RolloutReason.WAITING
    assert course.conductor.advance(NOON + timedelta(minutes=60)) is RolloutReason.WATCH_OVER
    assert (course.stage, course.desk.board().shadow) == (None, None)
    assert [since(stage.value) for stage in RolloutStage] == [0] * len(RolloutStage)
    assert [entry.action for entry in entries_of(audit.path)] == [
        AuditAction.GATED,
        AuditAction.SHADOWED,
        AuditAction.CANARIED,
        AuditAction.PROMOTED,
        AuditAction.SETTLED,
    ]


def test_what_the_gate_refuses_is_known_and_never_tried(course: Course) -> None:
    course.present(GateReason.WORSE_THAN_SERVING)
    board = course.desk.board()
    gate = board.versions["p-2"].gate
    assert gate is not None
    assert (gate.is_promoted, gate.reason, gate.baseline_version) == (False, "worse_than_serving", "p-1")
    assert (course.stage, board.shadow) == (None, None)
    count = course.registry.get_sample_value("finsurge_gate_answers_total", {"reason": "worse_than_serving"})
    assert count == 1


def test_without_automatic_promotion_what_passes_waits_for_a_person(tmp_path: Path, audit: AuditLog) -> None:
    course = Course(tmp_path, LearnerLedger(audit), is_automatic=False)
    course.present()
    assert (course.stage, course.desk.board().shadow) == (None, None)


def test_one_that_calls_far_more_documents_negative_never_serves(course: Course) -> None:
    course.present()
    course.read(100, n_negative=90, served_negative=30)
    assert course.conductor.advance(NOON) is RolloutReason.DIFFERS
    board = course.desk.board()
    assert (course.stage, board.current, board.canary, board.shadow) == (None, None, None, None)


def test_one_that_serves_and_is_found_worse_is_rolled_back(course: Course) -> None:
    course.present()
    course.read(100, n_negative=30, served_negative=30)
    course.conductor.advance(NOON)
    course.read(10, n_negative=3, served_negative=3, is_canary=True)
    course.conductor.advance(NOON)
    assert course.conductor.advance(NOON, is_worse=True) is RolloutReason.WORSE
    board = course.desk.board()
    assert board.current is not None
    assert (board.current.version, board.shadow, course.stage) == ("p-1", None, None)


def test_a_canary_that_is_found_worse_ends(course: Course) -> None:
    course.present()
    course.read(100, n_negative=30, served_negative=30)
    course.conductor.advance(NOON)
    assert course.conductor.advance(NOON, is_worse=True) is RolloutReason.WORSE
    board = course.desk.board()
    assert (board.current, board.canary, board.shadow) == (None, None, None)


def test_a_change_with_which_somebody_else_was_faster_is_made_anew(course: Course) -> None:
    course.desk.n_to_lose = 2
    course.present()
    assert course.stage is RolloutStage.SHADOW
    assert course.desk.n_to_lose == 0


def test_a_restart_goes_on_with_the_trial(course: Course) -> None:
    course.present()
    course.restart()
    assert course.stage is RolloutStage.SHADOW
    course.read(100, n_negative=30, served_negative=30)
    assert course.conductor.advance(NOON) is RolloutReason.ENOUGH_SHADOW


@pytest.mark.parametrize("is_watched", [False, True])
def test_what_a_person_promotes_meanwhile_is_neither_overruled_nor_rolled_back(
    course: Course, is_watched: bool
) -> None:
    course.present()
    course.read(100, n_negative=30, served_negative=30)
    course.conductor.advance(NOON)
    course.read(10, n_negative=3, served_negative=3, is_canary=True)
    if is_watched:
        course.conductor.advance(NOON)
    course.desk.put(Path("p-3"), Author("ada", NOON))
    course.desk.change(
        lambda board: promoted(
            board, "p-3", Author("ada", NOON, "ours"), serving="p-1", negative_ratio=1.0, is_forced=True
        )
    )
    with pytest.raises(ChangeRefused, match="p-3 serves"):
        course.conductor.advance(NOON, is_worse=is_watched)
    course.conductor.give_up(NOON, "p-3 serves")
    board = course.desk.board()
    assert (course.desk.serving(board), board.canary, course.stage) == ("p-3", None, None)
    assert board.shadow is None or board.shadow.version != "p-2"
