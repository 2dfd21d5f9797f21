from __future__ import annotations

from pathlib import Path

from pipeline.checks.check import Check, Level
from pipeline.checks.rules import check_rules
from pipeline.settings import Settings


def checks(tmp_path: Path, text: str, watchlist: str = "default") -> list[Check]:
    file = tmp_path / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    return list(check_rules(Settings(rules=file, watchlist=watchlist)))


def test_without_rules_what_is_built_in_holds() -> None:
    (check,) = check_rules(Settings())
    assert (check.level, check.said) == (Level.OK, "none: what is built in holds")


def test_good_rules_are_told_with_their_version(tmp_path: Path) -> None:
    (check,) = checks(tmp_path, "topics: {tesla: {hold: 3h}}")
    assert check.level is Level.OK
    assert check.said.startswith(f"{tmp_path}/rules.yaml, version ")


def test_rules_that_cannot_be_used_are_told_with_their_setting(tmp_path: Path) -> None:
    (check,) = checks(tmp_path, "topics: {tesla: {hold: 8h}}")
    assert check.level is Level.FAIL
    assert check.said.startswith(f"{tmp_path}/rules.yaml: topics.tesla: `hold` must be ")
    assert check.said.endswith(f"(FINSURGE_RULES={tmp_path}/rules.yaml)")


def test_what_changes_nothing_is_a_warning_each(tmp_path: Path) -> None:
    found = checks(tmp_path, "topics: {tessla: {hold: 3h}, forrd: {hold: 3h}}")
    assert [check.level for check in found] == [Level.WARN, Level.WARN]
    assert found[0].said.endswith("'tessla' is no topic of the watchlist; did you mean tesla?")


def test_a_watchlist_that_is_wrong_is_told_by_its_own_check(tmp_path: Path) -> None:
    assert checks(tmp_path, "topics: {tesla: {hold: 3h}}", watchlist=str(tmp_path / "none.yaml")) == []
