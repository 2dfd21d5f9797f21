"""`finsurge replay` with the policy that is shipped, over a small file."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from pipeline.cli import finsurge
from pipeline.records import AlertRecord, Decision, TrendRecord

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "exchange_failure"
WATCHLIST = {"FINSURGE_WATCHLIST": "crypto", "FINSURGE_DEVICE": "cpu"}
FILES = ("decisions.jsonl", "trends.jsonl", "late.jsonl", "alerts.jsonl")


def replay(*arguments: object) -> Result:
    with contextlib.chdir(GOLDEN):  # a short name, which no terminal breaks
        ended = CliRunner().invoke(finsurge, ["replay", "documents.jsonl", *map(str, arguments)], env=WATCHLIST)
    assert ended.exit_code == 0, ended.output
    return ended


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A folder with the results, and what was printed."""
    out = tmp_path_factory.mktemp("replayed")
    return out, replay("--out", out)


def test_the_same_file_gives_the_same_bytes(tmp_path: Path, replayed: tuple[Path, Result]) -> None:
    again = tmp_path / "again"
    totals = json.loads(replay("--out", again, "--json").stdout)
    # one late document: of Tether, and so of stablecoins
    assert (totals["n_decided"], totals["n_rejected"], totals["n_late"]) == (132, 2, 2)
    assert totals["seconds"] > 0
    assert sorted(path.name for path in again.iterdir()) == sorted(FILES)
    for name in FILES:
        assert (again / name).read_bytes() == (replayed[0] / name).read_bytes(), name


def test_results_are_records_as_on_the_wire_with_times_of_the_data(replayed: tuple[Path, Result]) -> None:
    for name, kind in (("decisions", Decision), ("trends", TrendRecord), ("alerts", AlertRecord)):
        lines = (replayed[0] / f"{name}.jsonl").read_bytes().splitlines()
        records = [msgspec.json.decode(line, type=kind) for line in lines]
        assert name == "alerts" or records
    decisions = [json.loads(line) for line in (replayed[0] / "decisions.jsonl").read_bytes().splitlines()]
    assert all(decision["decided_at"] == decision["published_at"] for decision in decisions)


def test_bad_rows_are_told_with_their_line_and_the_rest_goes_through(replayed: tuple[Path, Result]) -> None:
    printed = " ".join(replayed[1].output.split())
    assert "documents.jsonl:21: bad_time" in printed
    assert "documents.jsonl:41: malformed_json" in printed
    assert "132 documents decided, 2 rejected" in printed


def test_the_shipped_policy_sees_the_crisis_of_the_golden_case(replayed: tuple[Path, Result]) -> None:
    alerts = [json.loads(line) for line in (replayed[0] / "alerts.jsonl").read_bytes().splitlines()]
    (opened,) = [alert for alert in alerts if alert["id"] == "ftx/1/1"]
    assert "2022-11-07T14:00:00Z" < opened["at"] <= "2022-11-07T18:15:00Z"  # while the crisis is written about


@pytest.mark.parametrize("arguments", [["--out", "o"], ["news.jsonl", "--from-kafka", "--out", "o"]])
def test_either_a_file_or_a_kafka_is_replayed(arguments: list[str]) -> None:
    ended = CliRunner().invoke(finsurge, ["replay", *arguments])
    assert ended.exit_code == 2
    assert "name either a FILE or --from-kafka" in ended.output
