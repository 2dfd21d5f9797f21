"""`finsurge detect` over files of counts."""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import finsurge
from pipeline.errors import CommandFailed

START = datetime(2026, 1, 1, tzinfo=UTC)


def detect(*arguments: object) -> Result:
    return CliRunner().invoke(finsurge, ["detect", *map(str, arguments)])


def written(file: Path, counts: list[str], step: timedelta = timedelta(minutes=5)) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{START + n * step:%Y-%m-%d %H:%M:%S},{count}" for n, count in enumerate(counts)]
    file.write_text("\n".join(["timestamp,value", *lines]) + "\n", encoding="utf-8")


def scores(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as raw:
        return list(csv.DictReader(raw))


@pytest.fixture
def counts() -> list[str]:
    """Ten days by five minutes, in the ninth of which something happens."""
    draw = random.Random(1)
    usual = [draw.randrange(4, 12) for _ in range(10 * 288)]
    for number in range(2_500, 2_560):
        usual[number] += 30
    return list(map(str, usual))


def test_each_row_is_scored_and_a_surge_is_told_once(tmp_path: Path, counts: list[str]) -> None:
    written(tmp_path / "in" / "deep" / "acme.csv", counts)
    ended = detect(tmp_path / "in", "--out", tmp_path / "out", "--json")
    assert ended.exit_code == 0, ended.output
    told = json.loads(ended.stdout)
    assert told["files"] == [{"file": "acme.csv", "n_rows": 2_880, "n_alerts": 1, "n_bad": 0}]
    rows = scores(tmp_path / "out" / "deep" / "acme.csv")
    assert list(rows[0]) == ["timestamp", "anomaly_score", "alert"]
    assert [row["timestamp"] for row in rows[:2]] == ["2026-01-01 00:00:00", "2026-01-01 00:05:00"]
    [at] = [number for number, row in enumerate(rows) if row["alert"] == "1"]
    assert 2_500 <= at <= 2_506
    assert [number for number, row in enumerate(rows) if float(row["anomaly_score"]) >= 0.5] == [at]


def test_what_comes_later_changes_no_earlier_score(tmp_path: Path, counts: list[str]) -> None:
    written(tmp_path / "whole" / "a.csv", counts)
    written(tmp_path / "other" / "a.csv", counts[:2_000] + ["900"] * 880)
    for name in ("whole", "other"):
        assert detect(tmp_path / name, "--out", tmp_path / f"{name}-out").exit_code == 0
    whole, other = (scores(tmp_path / f"{name}-out" / "a.csv") for name in ("whole", "other"))
    assert whole[:2_000] == other[:2_000]
    assert whole[2_000:] != other[2_000:]


def test_a_bad_row_is_told_and_scored_nothing_and_the_others_go_on(tmp_path: Path, counts: list[str]) -> None:
    for place, count in ((10, "many"), (11, "-3"), (12, "nan"), (13, "")):
        counts[place] = count
    written(tmp_path / "in" / "a.csv", counts)
    file = tmp_path / "in" / "a.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[20] = "yesterday,4"
    lines[30] = lines[29]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ended = detect(tmp_path / "in", "--out", tmp_path / "out")
    assert ended.exit_code == 0
    places = [line.removeprefix(f"{file}:").split(": ")[0] for line in ended.stderr.splitlines()]
    assert places == ["12", "13", "14", "21", "31"]
    assert "value must be a number >= 0, or empty where nobody counted, got 'many'" in ended.stderr
    rows = scores(tmp_path / "out" / "a.csv")
    assert len(rows) == 2_880
    assert sum(row["alert"] == "1" for row in rows) == 1


@pytest.mark.parametrize("step", [timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)])
def test_bins_may_be_of_any_length(tmp_path: Path, step: timedelta) -> None:
    n_usual = round(timedelta(days=40) / step) if step < timedelta(days=1) else 200
    draw = random.Random(2)
    written(tmp_path / "in" / "a.csv", [str(draw.randrange(5, 15)) for _ in range(n_usual)] + ["400"] * 5, step)
    assert detect(tmp_path / "in", "--out", tmp_path / "out").exit_code == 0
    rows = scores(tmp_path / "out" / "a.csv")
    assert [row["alert"] for row in rows[n_usual:]].count("1") == 1


def test_what_cannot_be_done_is_told_with_the_mend(tmp_path: Path, counts: list[str]) -> None:
    (tmp_path / "none").mkdir()
    assert "no CSV file in" in str(detect(tmp_path / "none", "--out", tmp_path / "out").exception)
    written(tmp_path / "in" / "a.csv", counts)
    assert "must be another folder" in str(detect(tmp_path / "in", "--out", tmp_path / "in").exception)
    (tmp_path / "in" / "a.csv").write_text("time,n\n1,2\n", encoding="utf-8")
    ended = detect(tmp_path / "in", "--out", tmp_path / "out")
    assert isinstance(ended.exception, CommandFailed)
    assert "has no column 'timestamp'" in str(ended.exception)
    assert not (tmp_path / "out" / "a.csv").exists()
