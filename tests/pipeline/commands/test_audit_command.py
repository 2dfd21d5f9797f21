import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.commands.audit import command
from pipeline.errors import CommandFailed
from pipeline.feedback.audit import AuditAction, AuditLog, Deed
from pipeline.settings import Settings

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A state folder in which two processes keep a log each."""
    for number, (name, action) in enumerate(
        [("learner", AuditAction.PROMOTED), ("feedback", AuditAction.CORRECTION_ACCEPTED)]
    ):
        folder = tmp_path / name
        folder.mkdir()
        at = NOON.replace(minute=number)
        with AuditLog(folder / "audit.jsonl", NOON) as log:
            log.append_all([Deed(at, name, action, "p-2", {"reason": "a test"}), Deed(at, name, action, "p-3")])
    return Settings(state_dir=tmp_path)


def test_whole_logs_are_told_with_number_and_hash(settings: Settings) -> None:
    result = CliRunner().invoke(command, ["verify", "--json"], obj=settings)
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert [(log["is_whole"], log["n_entries"], len(log["hash"])) for log in found] == [(True, 2, 64)] * 2


def test_a_changed_line_is_told_with_its_file_and_place(settings: Settings) -> None:
    path = settings.state_dir / "learner" / "audit.jsonl"
    path.write_bytes(path.read_bytes().replace(b"p-3", b"p-4"))
    result = CliRunner().invoke(command, ["verify"], obj=settings)
    assert result.exit_code == 1
    assert f"{path}: line 2 of the audit log was changed after it was written" in result.stdout
    whole = CliRunner().invoke(
        command, ["verify", str(settings.state_dir / "feedback" / "audit.jsonl")], obj=settings
    )
    assert whole.exit_code == 0
    shown = CliRunner().invoke(command, ["show"], obj=settings)
    assert isinstance(shown.exception, CommandFailed)


def test_lines_that_were_cut_off_the_end_show_by_what_was_known(settings: Settings) -> None:
    path = settings.state_dir / "learner" / "audit.jsonl"
    told = CliRunner().invoke(command, ["verify", str(path)], obj=settings).stdout.split()[-1]
    assert CliRunner().invoke(command, ["verify", str(path), "--known", told], obj=settings).exit_code == 0
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    assert CliRunner().invoke(command, ["verify", str(path)], obj=settings).exit_code == 0
    cut = CliRunner().invoke(command, ["verify", str(path), "--known", told], obj=settings)
    assert cut.exit_code == 1
    assert "the 2 entries that are known to have been written are not all there (it holds 1)" in cut.stdout
    assert CliRunner().invoke(command, ["verify", "--known", told], obj=settings).exit_code == 2


def test_entries_of_all_logs_are_shown_in_order_of_time(settings: Settings) -> None:
    result = CliRunner().invoke(command, ["show"], obj=settings)
    assert result.stdout.splitlines()[0] == "2026-01-02 12:00:00 learner: promoted p-2 reason=a test"
    assert [line.split()[2] for line in result.stdout.splitlines()] == ["learner:"] * 2 + ["feedback:"] * 2
    last = CliRunner().invoke(command, ["show", "--last", "1", "--json"], obj=settings)
    assert [entry["subject"] for entry in json.loads(last.stdout)] == ["p-3"]


def test_where_there_is_no_log_it_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["verify"], obj=Settings(state_dir=tmp_path))
    assert isinstance(result.exception, CommandFailed)
    assert "no audit log in" in str(result.exception)
