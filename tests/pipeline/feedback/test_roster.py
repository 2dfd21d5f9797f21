import os
from pathlib import Path

from pipeline.feedback.roster import RosterFile


def write(path: Path, text: str, second: int) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (second, second))


def test_a_file_with_a_mistake_changes_nothing_and_stays_a_problem_until_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "analysts.yaml"
    write(path, "analysts: [{id: ada}]", 1)
    roster = RosterFile(path)
    assert roster.problem is None
    write(path, "analysts: [{name: bob}]", 2)
    problem = roster.refresh()
    assert problem is not None
    assert "analysts.yaml" in problem
    assert (roster.refresh(), roster.problem) == (None, problem)  # told once, and still so
    assert roster.roster.check("ada").id == "ada"
    write(path, "analysts: [{id: bob}]", 3)
    assert (roster.refresh(), roster.problem) == (None, None)
    assert roster.roster.check("bob").id == "bob"
