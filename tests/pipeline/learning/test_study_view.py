import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from pipeline.learning.study_plot import save_plot
from pipeline.learning.study_run import Step
from pipeline.learning.study_view import StudyView, tables_of
from rl.study.course import Held
from rl.study.plan import HOSTILE_PARTS, StudyConfig, StudyPart
from rl.study.results import StudyResult, result_of
from rl.study.scores import N_COUNTS, Scores

CONFIG = StudyConfig(seeds=(1, 2), arms=("supervised", "rloo"), verdict_arms=("rloo",))
N = 40


def earning(n_right: int) -> Scores:
    """The first so many of the held-out documents are decided right, the others wrong."""
    rows = np.zeros((N, N_COUNTS))
    is_right = np.arange(N) < n_right
    rows[:, 0], rows[:, 1] = is_right, 1.0
    rows[:, 2] = is_right  # negative, and decided so
    rows[:, 3] = ~is_right  # negative, and decided neutral
    rows[:, 11], rows[:, 12], rows[:, 13] = is_right, 1.0, 1.0
    rows[:, 14], rows[:, 15] = 0.1, 1.0
    return Scores(rows)


@pytest.fixture
def result() -> StudyResult:
    n_right = {
        StudyPart.CORRECTIONS: 28,
        StudyPart.VERDICTS: 20,
        StudyPart.HOSTILE: 27,
        StudyPart.FINDING: 26,
    }
    scores = {plan: [earning(15), earning(n_right[plan.part] + (plan.arm == "rloo"))] for plan in CONFIG.courses()}
    held = {plan: Held(2, 2, 0) for plan in scores if plan.part in HOSTILE_PARTS}
    return result_of(CONFIG, scores, earning(10), earning(34), np.arange(N), held)


def test_a_study_tells_what_share_of_the_way_to_the_ceiling_each_arm_has_gone(result: StudyResult) -> None:
    shares = {(arm.part.value, arm.arm): arm.share["reward"].value for arm in result.arms}
    # of the 24 documents between 10 and 34
    assert shares["corrections", "supervised"] == pytest.approx(18 / 24)
    assert shares["corrections", "rloo"] == pytest.approx(19 / 24)
    assert shares["verdicts", "rloo"] == pytest.approx(11 / 24)
    over = {arm.arm: arm.over_yardstick for arm in result.arms if arm.part is StudyPart.CORRECTIONS}
    assert over["supervised"] is None
    assert over["rloo"] is not None
    assert over["rloo"]["reward"].value == pytest.approx(1 / N)


def test_hostile_analysts_are_told_by_what_they_changed(result: StudyResult) -> None:
    [hostile, finding] = result.hostile
    assert hostile.joint_f1_lost.value == pytest.approx(1 / N)
    assert finding.joint_f1_lost.value == pytest.approx(2 / N)
    assert (hostile.polarity_moved.value, hostile.n_hostile, hostile.n_quarantined) == (0.0, 4, 4)


def test_tables_name_every_arm_between_none_and_the_ceiling(result: StudyResult) -> None:
    printed = io.StringIO()
    for table in tables_of(result):
        Console(file=printed, width=240).print(table)
    rows = [line.split("│")[1].strip() for line in printed.getvalue().splitlines() if line.startswith("│")]
    of_one = ["none", "rloo", "ceiling"]
    assert rows == ["none", "supervised", "rloo", "ceiling", *of_one, *of_one, *of_one, "where asked", "and unasked"]


def test_a_study_is_drawn(result: StudyResult, tmp_path: Path) -> None:
    assert save_plot(result, tmp_path).stat().st_size > 10_000


def test_without_a_terminal_there_is_a_line_for_each_part_that_is_done() -> None:
    printed = io.StringIO()
    with StudyView(Console(file=printed, width=80), n=2) as view:
        view.advance(Step("start", 1, 3))
        view.advance(Step("start", 1, 1))
    assert printed.getvalue() == "start is done, 1 of 2\n"
