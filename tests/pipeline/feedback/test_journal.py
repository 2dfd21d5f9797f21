"""Deeds are in the audit log once, wherever a kill comes between the store and the log."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from pipeline.feedback.audit import AuditAction, AuditBroken, Deed, entries_of
from pipeline.feedback.journal import RECORD, Journal
from pipeline.feedback.store import FeedbackStore

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def deed(number: int) -> Deed:
    return Deed(NOON, "ada", AuditAction.CORRECTION_ACCEPTED, f"c-{number}", {RECORD: f"0@{number}"})


def note(store: FeedbackStore, journal: Journal, *numbers: int) -> None:
    with store.step():
        for number in numbers:
            journal.note(deed(number))


def subjects(path: Path) -> list[str]:
    return [entry.subject for entry in entries_of(path)]


def test_what_was_noted_before_a_kill_is_written_by_the_next(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    with FeedbackStore(tmp_path / "s.sqlite") as store:
        with Journal(store, log, NOON) as journal:
            note(store, journal, 1, 2)
        assert subjects(log) == []
        with Journal(store, log, NOON) as journal:
            journal.flush()
            journal.flush()
    assert subjects(log) == ["c-1", "c-2"]


def test_what_was_written_before_a_kill_is_not_written_again(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    with FeedbackStore(tmp_path / "s.sqlite") as store:
        with Journal(store, log, NOON) as journal:
            note(store, journal, 0)
            journal.flush()
        head = store.fact("audit head")
        with Journal(store, log, NOON) as journal:
            note(store, journal, 1, 2)
            journal.flush()
        # as if the store had not come to know that two of these three were written
        with store.step():
            for number in (1, 2, 3):
                store.connection.execute("INSERT INTO deeds (deed) VALUES (?)", (msgspec.json.encode(deed(number)),))
            store.set_fact("audit head", head or b"")
        with log.open("ab") as torn:
            torn.write(b'{"half')
        with Journal(store, log, NOON) as journal:
            journal.flush()
    assert subjects(log) == ["c-0", "c-1", "c-2", "audit.jsonl", "c-3"]


def test_entries_that_were_cut_off_the_end_are_missed(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    with FeedbackStore(tmp_path / "s.sqlite") as store:
        with Journal(store, log, NOON) as journal:
            note(store, journal, 1, 2)
            journal.flush()
        log.write_bytes(log.read_bytes().splitlines(keepends=True)[0])
        with pytest.raises(AuditBroken, match="the 2 entries that are known to have been written are not all there"):
            Journal(store, log, NOON)
