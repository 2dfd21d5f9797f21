"""Decisions are read once: kept with what they were made of, used again while that is the same."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from models.batching import BatchLimits
from models.keyword import KeywordPolicy
from pipeline.backtest.decisions import DecisionLog, DecisionStore, Kept, find_log
from pipeline.backtest.reading import decide_file, made_of
from pipeline.errors import CommandFailed
from pipeline.ingest.input_file import InputFile
from pipeline.ingest.mapping import FieldMapping
from pipeline.ingest.view import IngestView
from pipeline.reading.reader import Reader
from pipeline.records import Decision, Origin, encode
from pipeline.settings import Settings

HEAD = '{"id": "%d", "kind": "news", "source": "s", "published_at": "2026-01-01T00:00:00Z", "text": "Tesla falls"}\n'


class Desk:
    """Decides a file into a folder, and counts how often a reader was needed."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "news.jsonl"
        self.file.write_text(HEAD % 1 + HEAD % 2 + "no JSON\n")
        self.store = DecisionStore(folder / "out")
        self.n_readers = 0
        self.said = ""

    def decide(
        self, version: str = "v1", settings: Settings | None = None, mapping: FieldMapping | None = None
    ) -> Kept:
        file, mapping = InputFile(str(self.file), None), mapping or FieldMapping(kind="news", source="s")
        depends_on = made_of(settings or Settings(), version, file, mapping)
        console = Console(file=io.StringIO(), width=500)
        with IngestView(console, max_shown=5) as view:
            kept = decide_file(file, mapping, depends_on, self.store, view, self._new_reader)
        assert isinstance(console.file, io.StringIO)
        self.said = console.file.getvalue()
        return kept

    def _new_reader(self) -> Reader:
        self.n_readers += 1
        return Reader(KeywordPolicy(), BatchLimits(), now=lambda raw: raw.ingested_at)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_same_file_is_read_once_and_that_is_said(desk: Desk) -> None:
    first = desk.decide()
    assert (first.n_decided, first.n_rejected) == (2, 1)
    assert "news.jsonl:3: malformed_json" in desk.said
    written = desk.store.log.file.read_bytes()
    assert desk.decide() == first
    assert "2 decisions of v1 used again, from" in desk.said
    assert desk.n_readers == 1
    assert desk.store.log.file.read_bytes() == written


def test_another_policy_option_or_content_is_read_anew(desk: Desk) -> None:
    desk.decide()
    desk.decide(version="v2")
    desk.decide(version="v2", settings=Settings(max_padded_tokens=512))
    desk.decide(version="v2", mapping=FieldMapping(kind="social", source="s"))
    assert desk.n_readers == 4
    desk.file.write_text(HEAD % 3)
    assert desk.decide().n_decided == 1
    assert desk.n_readers == 5


def test_an_interrupted_reading_leaves_what_was_there(desk: Desk) -> None:
    before = desk.decide()
    (decision, _), *_ = desk.store.log.decisions()

    def interrupted() -> Iterator[Decision]:
        yield decision
        raise KeyboardInterrupt

    other = made_of(Settings(), "v2", InputFile(str(desk.file), None), FieldMapping())
    with pytest.raises(KeyboardInterrupt):
        desk.store.keep(other, interrupted(), lambda: 0)
    assert desk.decide() == before
    assert desk.n_readers == 1


def test_the_decisions_of_a_replay_are_not_written_over(desk: Desk) -> None:
    desk.decide()
    (desk.store.log.file.parent / "decisions.json").unlink()  # as a replay leaves them
    with pytest.raises(CommandFailed, match="holds the decisions of a replay; name another folder with --out"):
        desk.decide()


def test_a_folder_and_a_file_of_decisions_are_known_by_what_they_hold(
    log: DecisionLog, desk: Desk, tmp_path: Path
) -> None:
    other_name = tmp_path / "some.jsonl"
    shutil.copy(log.file, other_name)
    for name in (log.file.parent, log.file, other_name):
        found = find_log(str(name))
        assert found is not None
        assert sum(1 for _ in found.decisions()) == 132
    assert find_log(str(desk.file)) is None
    assert find_log(str(tmp_path / "missing.jsonl")) is None
    with pytest.raises(CommandFailed, match=r"no decisions\.jsonl in .*name a folder that `finsurge replay` wrote"):
        find_log(str(desk.file.parent))


def test_a_line_that_is_no_decision_is_told_with_its_number(log: DecisionLog, tmp_path: Path) -> None:
    file = tmp_path / "decisions.jsonl"
    file.write_bytes(log.file.read_bytes().splitlines(keepends=True)[0] + b'{"type": "tick"}\n')
    with pytest.raises(CommandFailed, match=r"decisions\.jsonl:2: is no decision: "):
        list(DecisionLog(file).decisions())


def test_the_number_of_sources_is_that_of_the_partitions_that_decisions_name(
    log: DecisionLog, tmp_path: Path
) -> None:
    (first, _), *_ = log.decisions()
    file = tmp_path / "decisions.jsonl"
    moved = [encode(_at(first, partition)) + b"\n" for partition in (0, 4, 2)]
    file.write_bytes(b"".join(moved))
    assert (log.n_sources(), DecisionLog(file).n_sources()) == (1, 5)


def _at(decision: Decision, partition: int) -> Decision:
    return msgspec.structs.replace(decision, origin=Origin(partition, 0))


def test_standard_input_cannot_be_read_twice(desk: Desk) -> None:
    with pytest.raises(CommandFailed, match="needs a file, not standard input"):
        made_of(Settings(), "v1", InputFile("-", None), FieldMapping())
