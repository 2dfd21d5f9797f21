"""`finsurge backtest` with the policy that is shipped, over a small file."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import finsurge

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "exchange_failure"
WATCHLIST = {"FINSURGE_WATCHLIST": "crypto", "FINSURGE_DEVICE": "cpu"}


def backtest(*arguments: object) -> Result:
    with contextlib.chdir(GOLDEN):
        return CliRunner().invoke(finsurge, ["backtest", *map(str, arguments)], env=WATCHLIST)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backtest")


@pytest.fixture(scope="module")
def events(folder: Path) -> Path:
    file = folder / "events.yaml"
    file.write_text("events: [{topic: FTX, at: 2022-11-07T14:00:00Z, name: withdrawals halted}]")
    return file


@pytest.fixture(scope="module")
def first(folder: Path, events: Path) -> Result:
    """What the first back-test of the file printed."""
    ended = backtest("documents.jsonl", "--events", events, "--out", folder / "out")
    assert ended.exit_code == 0, ended.output
    return ended


def test_documents_give_a_report_and_plots(first: Result, folder: Path) -> None:
    printed = " ".join(first.output.split())
    assert "documents.jsonl:21: bad_time" in printed
    assert "132 documents from 2022-11-04" in printed
    assert "2 rows rejected" in printed
    assert "events found under their own topic" in printed
    report = json.loads((folder / "out" / "report.json").read_bytes())
    (trial,) = report["trials"]
    (found,) = trial["events"]
    assert (found["found"], trial["rules"]) == ("own", "default")
    assert 0 < found["delay_s"] <= 15_300  # while the crisis is written about, until 18:13
    plots = [row["plot"] for row in trial["episodes"]]
    assert plots
    assert all((folder / "out" / plot).is_file() for plot in plots)
    page = (folder / "out" / "report.md").read_text()
    assert all(f"]({plot})" in page for plot in plots)


def test_a_second_back_test_and_one_of_the_decisions_say_the_same(first: Result, folder: Path, events: Path) -> None:
    again = backtest("documents.jsonl", "--events", events, "--out", folder / "out", "--no-plots", "--json")
    assert "132 decisions of p-" in " ".join(again.stderr.split())
    from_log = backtest(folder / "out", "--events", events, "--out", folder / "log", "--no-plots", "--json")
    reports = [json.loads(ended.stdout) for ended in (again, from_log)]
    assert reports[0]["trials"] == reports[1]["trials"]
    assert [report["n_documents"] for report in reports] == [132, 132]
    assert all(row["plot"] is None for row in reports[0]["trials"][0]["episodes"])
    assert sorted(path.name for path in (folder / "log").iterdir()) == ["report.json", "report.md"]


def test_rule_sets_are_compared(first: Result, folder: Path, events: Path) -> None:
    rules = folder / "deaf.yaml"
    rules.write_text("topics: {ftx: {is_on: false}}")
    ended = backtest(
        *(folder / "out", "--rules", "default", "--rules", rules, "--events", events, "--out", folder / "compared"),
        *("--no-plots", "--json"),
    )
    default, deaf = json.loads(ended.stdout)["trials"]
    assert (default["rules"], default["n_found"]["own"]) == ("default", 1)
    assert (deaf["rules"], deaf["n_found"]["own"]) == ("deaf", 0)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("missing.jsonl",), "cannot read missing.jsonl: no such file or directory"),
        (("-", "--format", "jsonl"), "a back-test needs a file, not standard input"),
        (("documents.jsonl", "--rules", "missing.yaml"), "missing.yaml: cannot be read: No such file or directory"),
        (("documents.jsonl", "--events", "README.md"), "README.md: "),
        (("feed.xml",), "unknown kind of file: say --format jsonl, csv or lines"),
        ((".",), "no decisions.jsonl in .; name a folder that `finsurge replay` wrote, or a file"),
    ],
)
def test_a_mistake_is_told_before_anything_is_written(tmp_path: Path, arguments: tuple[str, ...], line: str) -> None:
    out = tmp_path / "out"
    ended = backtest(*arguments, "--out", out)
    assert line in str(ended.exception)
    assert not out.exists()
