from pathlib import Path

import pytest

from pipeline.checks.check import Level
from pipeline.checks.reading import check_device, check_policy, check_watchlist
from pipeline.settings import Settings


def test_the_shipped_policy_decides_a_sentence_as_negative() -> None:
    (check,) = check_policy(Settings(device="cpu"))
    assert check.level is Level.OK, check.said
    assert check.said.startswith("p-")


def test_a_policy_that_is_not_there_is_told_with_its_setting(tmp_path: Path) -> None:
    (check,) = check_policy(Settings(policy=str(tmp_path)))
    assert check.level is Level.FAIL
    assert check.said.startswith(f"cannot read {tmp_path}/manifest.json: ")
    assert check.said.endswith(f"(FINSURGE_POLICY={tmp_path})")


def test_the_cpu_is_always_there() -> None:
    (check,) = check_device(Settings(device="cpu"))
    assert (check.level, check.said[:5]) == (Level.OK, "cpu, ")


@pytest.mark.parametrize("name", ["default", "crypto"])
def test_the_watchlists_that_come_with_finsurge_are_well(name: str) -> None:
    (check,) = check_watchlist(Settings(watchlist=name))
    assert check.level is Level.OK
    assert check.said.startswith(f"{name}, ")


def test_a_watchlist_that_is_not_there_is_told_with_its_setting(tmp_path: Path) -> None:
    (check,) = check_watchlist(Settings(watchlist=str(tmp_path / "mine.yaml")))
    assert check.level is Level.FAIL
    assert check.said.endswith(f"(FINSURGE_WATCHLIST={tmp_path}/mine.yaml)")
