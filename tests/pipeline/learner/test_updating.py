from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.checkpoint import SHIPPED, read_manifest
from pipeline.feedback.records import RoundRecord
from pipeline.learner.run_folder import Request, RunFolder
from pipeline.learner.updating import run
from pipeline.learning.tuning_plot import PLOT_FILE
from rl.learner.wake import WakeReason

RecordOf = Callable[..., RoundRecord]


def asked(folder: Path, rounds: list[RoundRecord], parent: Path = SHIPPED) -> RunFolder:
    told = RunFolder(folder)
    request = Request(
        number=1,
        why=WakeReason.ASKED,
        parent=str(parent),
        parent_version=read_manifest(SHIPPED).version,
        algorithm="supervised",
        device="cpu",
        seed=7,
        asked_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    told.ask(request, rounds, [])
    return told


def test_an_update_leaves_a_candidate_its_figures_and_a_plot(tmp_path: Path, record: RecordOf) -> None:
    folder = asked(tmp_path, [record(number) for number in range(4)])
    outcome = run(folder)
    candidate = read_manifest(folder.candidate)
    assert outcome.version == candidate.version
    assert candidate.parent_version == read_manifest(SHIPPED).version
    assert folder.steps.read_text().count("\n") == 30  # the least that an update takes
    assert (tmp_path / PLOT_FILE).stat().st_size > 1_000


def test_an_update_without_anything_to_learn_says_so(tmp_path: Path) -> None:
    outcome = run(asked(tmp_path, []))
    assert outcome.failure == "none of 0 rounds teaches anything"


def test_an_update_from_a_damaged_policy_says_so(tmp_path: Path, record: RecordOf) -> None:
    outcome = run(asked(tmp_path / "run", [record(1)], parent=tmp_path / "nowhere"))
    assert outcome.failure is not None
    assert "nowhere" in outcome.failure


def test_a_folder_that_nobody_asked_anything_of_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="request"):
        run(RunFolder(tmp_path))
