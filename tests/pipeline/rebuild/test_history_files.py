"""Which documents of the past are decided, and in which order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import CommandFailed
from pipeline.ingest.input_file import InputFile
from pipeline.ingest.mapping import FieldMapping
from pipeline.rebuild.history_files import HandOver, HistoryReport, read_files
from pipeline.rejects import RecordRejected

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
MAPPING = FieldMapping(kind="news", source="Wire")


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def file(path: Path, minutes: Sequence[float]) -> InputFile:
    rows = [{"id": f"{path.stem}{n}", "text": "Gold falls", "published_at": at(n).isoformat()} for n in minutes]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return InputFile(str(path), None)


def test_files_are_merged_by_time_of_publication(tmp_path: Path) -> None:
    files = [file(tmp_path / "a.jsonl", [0, 3, 4]), file(tmp_path / "b.jsonl", [1, 2, 5])]
    rows = list(read_files(files, MAPPING, NOW, lambda *_: pytest.fail("nothing is wrong with them")))
    assert [row.document.id for row in rows] == ["a0", "b1", "b2", "a3", "a4", "b5"]
    assert (rows[1].file, rows[1].number) == (files[1].name, 1)


def test_a_document_of_the_future_is_rejected_or_all_live_ones_would_be_late(tmp_path: Path) -> None:
    rejected: list[tuple[int, str]] = []

    def reject(_name: str, number: int, why: RecordRejected) -> None:
        rejected.append((number, why.reason.value))

    files = [file(tmp_path / "a.jsonl", [0, 60 * 24 * 365])]
    rows = list(read_files(files, MAPPING, NOW, reject))
    assert [row.document.id for row in rows] == ["a0"]
    assert rejected == [(2, "in_future")]


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"none\.jsonl: no such file or directory"):
        list(read_files([InputFile(str(tmp_path / "none.jsonl"), None)], MAPPING, NOW, lambda *_: None))


def test_history_ends_at_the_hand_over_and_has_each_id_once_and_none_that_is_live() -> None:
    report = HistoryReport()
    hand_over = HandOver(at(10), {"live"}, set(), report)
    taken = [hand_over.takes(*row) for row in [("a", at(1)), ("a", at(2)), ("live", at(3)), ("b", at(9.9))]]
    assert taken == [True, False, False, True]
    assert [hand_over.takes("live", at(11)), hand_over.takes("c", at(10))] == [False, False]
    assert (report.n_known, report.n_left, report.last_at) == (3, 1, at(9.9))


def test_what_an_interrupted_run_has_decided_is_not_decided_again() -> None:
    report = HistoryReport()
    hand_over = HandOver(None, set(), {"a"}, report)
    assert [hand_over.takes("a", at(1)), hand_over.takes("b", at(2)), hand_over.takes("a", at(3))] == [
        False,
        True,
        False,
    ]
    assert (report.n_before, report.n_known, report.last_at) == (1, 1, at(2))
