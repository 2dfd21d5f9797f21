from __future__ import annotations

import json

from click.testing import CliRunner

from pipeline.cli import finsurge


def test_settings_are_shown_as_they_are_in_effect() -> None:
    ended = CliRunner().invoke(
        finsurge, ["--broker", "kafka://b:2", "settings", "--json"], env={"FINSURGE_BIN_S": "60"}
    )
    assert ended.exit_code == 0, ended.output
    shown = json.loads(ended.stdout)
    assert (shown["broker"], shown["bin_s"], shown["webhook_url"]) == ("kafka://b:2", 60, None)
    assert shown["state_dir"] == ".finsurge"


def test_secrets_are_not_shown() -> None:
    environ = {"FINSURGE_REVIEW_SALT": "pepper", "FINSURGE_WEBHOOK_URL": "http://hooks/T0KEN", "COLUMNS": "200"}
    for arguments in (["settings"], ["settings", "--json"]):
        ended = CliRunner().invoke(finsurge, arguments, env=environ)
        assert ended.exit_code == 0, ended.output
        assert "pepper" not in ended.output
        assert "T0KEN" not in ended.output
        assert ended.output.count("(set, not shown)") == 2


def test_settings_are_shown_with_what_they_are_for() -> None:
    ended = CliRunner().invoke(finsurge, ["settings"], env={"COLUMNS": "200"})
    assert ended.exit_code == 0, ended.output
    assert "FINSURGE_GRACE_S" in ended.stdout
    assert "seconds in a window" in ended.stdout
