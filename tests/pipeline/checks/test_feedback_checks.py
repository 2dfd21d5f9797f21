from pathlib import Path

import pytest

from pipeline.checks.check import Level
from pipeline.checks.feedback import check_analysts, check_sensitive_topics
from pipeline.settings import Settings

TEAM = "analysts: [{id: ada}, {id: bob, may_release: true}]\n"


def settings_with(folder: Path, text: str, **changes: str) -> Settings:
    file = folder / "analysts.yaml"
    file.write_text(text)
    return Settings(analysts=file, **changes)


def test_without_a_file_nobody_may_correct() -> None:
    (check,) = check_analysts(Settings())
    assert check.level is Level.WARN
    assert check.said.startswith("nobody may correct; set FINSURGE_ANALYSTS to a YAML file")


def test_a_team_with_a_second_person_is_well(tmp_path: Path) -> None:
    (check,) = check_analysts(settings_with(tmp_path, TEAM))
    assert check.level is Level.OK
    assert check.said.endswith("2 may correct, 1 of them may release what is held")


@pytest.mark.parametrize(
    ("text", "level", "said"),
    [
        ("analysts: [{id: ada}]", Level.WARN, "say `may_release: true` of one"),
        ("analysts: []", Level.WARN, "names nobody; add lines like `- id: ada`"),
        (
            "analysts: [{id: ada}, {id: ada}]",
            Level.FAIL,
            "analyst 'ada' is there twice; give each an id of their own",
        ),
        ("analysts: [{name: Ada}]", Level.FAIL, "it needs `analysts:` with lines like `- id: ada`"),
        ("analysts: [", Level.FAIL, "not YAML: "),
    ],
)
def test_what_is_wrong_with_the_file_is_told(tmp_path: Path, text: str, level: Level, said: str) -> None:
    (check,) = check_analysts(settings_with(tmp_path, text))
    assert check.level is level
    assert said in check.said


def test_sensitive_topics_must_be_topics_and_need_two_analysts(tmp_path: Path) -> None:
    assert list(check_sensitive_topics(Settings())) == []
    known = {"watchlist": "crypto", "sensitive_topics": "ftx"}
    (check,) = check_sensitive_topics(settings_with(tmp_path, TEAM, **known))
    assert (check.level, check.said) == (Level.OK, "1 topics need a second analyst")
    (check,) = check_sensitive_topics(settings_with(tmp_path, "analysts: [{id: ada}]", **known))
    assert check.level is Level.WARN
    (check,) = check_sensitive_topics(settings_with(tmp_path, TEAM, watchlist="crypto", sensitive_topics="ftx,nope"))
    assert (check.level, check.said[:21]) == (Level.FAIL, "nope: no such topics;")
