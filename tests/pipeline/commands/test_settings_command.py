from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import finsurge
from pipeline.settings import Group, Settings, all_settings

CANARY = "whsec_Q0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZ"  # base64 of CANARY, four times


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(finsurge, [*arguments], env={"COLUMNS": "200", **environ})


def shown(*before: str, **environ: str) -> dict[str, dict[str, Any]]:
    ended = run(*before, "settings", "--json", **environ)
    assert ended.exit_code == 0, ended.output
    entries: dict[str, dict[str, Any]] = json.loads(ended.stdout)
    return entries


def test_settings_are_shown_as_they_are_in_effect_with_their_sources(folder: Path) -> None:
    (folder / "prod.yaml").write_text("grace_s: 60\ndisorder_s: 5\n")
    entries = shown(
        *("--config", "prod.yaml", "--broker", "kafka://b:2"), FINSURGE_BIN_S="60", FINSURGE_DISORDER_S="6"
    )
    told = {name: (entry["value"], entry["source"], entry["from"]) for name, entry in entries.items()}
    assert told["broker"] == ("kafka://b:2", "command line", "--broker")
    assert told["bin_s"] == (60, "environment", "FINSURGE_BIN_S")
    assert told["disorder_s"] == (6, "environment", "FINSURGE_DISORDER_S")
    assert told["grace_s"] == (60, "file", "prod.yaml")
    assert told["state_dir"] == (".finsurge", "default", None)
    assert told["webhook_url"] == (None, "default", None)


def test_a_person_reads_them_in_groups_with_headings() -> None:
    ended = run("settings", FINSURGE_GRACE_S="60")
    assert ended.exit_code == 0, ended.output
    places = [ended.stdout.index(f"{group.value} ") for group in Group]
    assert places == sorted(places)
    line = next(line for line in ended.stdout.splitlines() if line.split()[:1] == ["grace_s"])
    assert "60" in line
    assert "environment: FINSURGE_GRACE_S" in line
    assert "seconds after its end in which" in line


def test_no_secret_is_shown_wherever_it_comes_from(folder: Path) -> None:
    secrets = [each for each in all_settings() if each.is_secret]
    assert {each.name for each in secrets} >= {"webhook_url", "webhook_secret", "review_salt"}
    for each in secrets:
        assert each.file_variable is not None
        (folder / "secret").write_text(f"{CANARY}\n")
        (folder / "secret.yaml").write_text(f"{each.name}: {CANARY}\n")
        (folder / "secret-file.yaml").write_text(f"{each.name}_file: secret\n")
        for before, environ in (
            ((), {each.variable: CANARY}),
            ((), {each.file_variable: "secret"}),
            (("--config", "secret.yaml"), {}),
            (("--config", "secret-file.yaml"), {}),
        ):
            environ = environ | ({"FINSURGE_KAFKA_USER": "ada"} if each.name == "kafka_password" else {})
            for arguments in (["settings"], ["settings", "--json"], ["settings", "--markdown"]):
                ended = run(*before, *arguments, **environ)
                assert ended.exit_code == 0, ended.output
                assert CANARY not in ended.output
            assert shown(*before, **environ)[each.name]["value"] == "(set, not shown)"


def test_users_and_passwords_in_addresses_are_not_shown() -> None:
    entries = shown(
        FINSURGE_ALERTMANAGER_URL="https://ada:CANARY@am.example.com/am?token=CANARY",
        FINSURGE_REGISTRY="s3://CANARY@bucket/policies",
    )
    assert entries["alertmanager_url"]["value"] == "https://…@am.example.com/am?token=…"
    assert entries["registry"]["value"] == "s3://…@bucket/policies"


@pytest.mark.parametrize(
    "text",
    [
        "webhook_secret: [CANARY]",
        "webhook_secret: {CANARY: 1}",
        "webhook_secret: CANARY",
        'webhook_secret: "CANARY',
        "webhook_secret: *CANARY",
        "webhook_secret: !CANARY",
        "webhook_secret: %CANARY",
        "review_salt: CANARY: x",
        "review_salt: `CANARY",
    ],
)
def test_a_mistake_in_a_secret_is_told_without_it(folder: Path, text: str) -> None:
    (folder / "finsurge.yaml").write_text(f"{text}\n")
    ended = run("settings")
    assert ended.exit_code != 0
    assert "finsurge.yaml: " in str(ended.exception)
    assert "CANARY" not in ended.output + str(ended.exception)


def test_a_secret_does_not_show_in_what_python_prints_of_the_settings() -> None:
    secrets = {"review_salt": "CANARY", "webhook_url": "http://CANARY", "webhook_secret": CANARY}
    secrets |= {"kafka_password": "CANARY"}
    assert set(secrets) == {each.name for each in all_settings() if each.is_secret}
    told = repr(Settings(kafka_user="ada", **secrets))  # type: ignore[arg-type]
    assert "CANARY" not in told
    assert CANARY not in told


def test_a_variable_that_nobody_reads_is_told_and_does_no_harm() -> None:
    ended = run("settings", "--json", FINSURGE_SLACK="x")
    assert ended.exit_code == 0
    assert ended.stderr == ("finsurge: FINSURGE_SLACK is set, and is no setting: finsurge itself does not read it\n")
    json.loads(ended.stdout)
