"""The command over a study that is done: what courses learn is tested in tests/rl; here, what a user is told."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from models.labelled.datasets import read_examples
from models.labelled.example import examples_of
from pipeline.commands.study import command as study
from pipeline.settings import Settings
from rl.study.plan import QUICK
from rl.study.scores import N_COUNTS, Scores
from rl.study.study import STREAM_FILE

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def _run(*arguments: str) -> Result:
        given = ["--quick", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--processes", "1"]
        return CliRunner().invoke(study, [*given, *arguments], obj=Settings(device="cpu"))

    return _run


def lay_out(folder: Path) -> int:
    """Lay a study of seed 11 there as if it had been done, and return how many held-out documents it has."""
    stream = folder / "data" / STREAM_FILE
    stream.parent.mkdir(parents=True)
    rows = [{"text": f"headline number {n}", "label": "neutral"} for n in range(60)]
    stream.write_text("".join(json.dumps(row) + "\n" for row in rows))
    n_held_out = len(examples_of(read_examples(stream), "test"))
    (folder / "out" / "start").mkdir(parents=True)
    (folder / "out" / "start" / "done").touch()
    earning(n_held_out, 0.5).save(folder / "out" / "start" / "scores.npy")
    (folder / "out" / "ceiling").mkdir()
    earning(n_held_out, 0.9).save(folder / "out" / "ceiling" / "scores.npy")
    for plan in QUICK.courses():
        course = folder / "out" / plan.name
        course.mkdir()
        for number, reward in ((1, 0.6), (2, 0.8)):
            earning(n_held_out, reward).save(course / f"scores-{number}.npy")
            (course / f"rounds-{number}.json").write_text("[]")
    return n_held_out


def earning(n_documents: int, reward: float) -> Scores:
    rows = np.zeros((n_documents, N_COUNTS))
    rows[:, 0], rows[:, 1], rows[:, 2] = reward, 1.0, 1.0
    return Scores(rows)


def test_a_study_that_is_done_is_told_as_json_and_drawn(run: Run, tmp_path: Path) -> None:
    n_held_out = lay_out(tmp_path)
    told = run("--seeds", "11", "--json")
    assert told.exit_code == 0, told.output
    answer = json.loads(told.stdout)
    assert answer["result"]["n_held_out"] == n_held_out
    [rloo] = [arm for arm in answer["result"]["arms"] if (arm["part"], arm["arm"]) == ("corrections", "rloo")]
    # from 0.5 to 0.8, of the way to 0.9
    assert rloo["share"]["reward"]["value"] == pytest.approx(0.75)
    assert [row["reward"] for row in rloo["course"]] == pytest.approx([0.6, 0.8])
    assert (tmp_path / "out" / "study.png").is_file()
    assert json.loads((tmp_path / "out" / "result.json").read_text()) == answer


def test_a_folder_with_another_study_is_left_alone(run: Run, tmp_path: Path) -> None:
    lay_out(tmp_path)
    assert run("--seeds", "11").exit_code == 0
    refused = run("--seeds", "11,12")
    assert refused.exit_code == 1
    assert "holds another study; name a new folder with --out" in str(refused.exception)


def test_missing_data_is_one_line_with_the_mend(run: Run) -> None:
    refused = run()
    assert "pass --data, or set FINSURGE_DATA" in str(refused.exception)
