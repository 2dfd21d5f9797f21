from pathlib import Path

import pytest

from pipeline.demo.home import N_HELD_OUT, demo_settings, furnish, own_folder
from pipeline.demo.texts import Texts
from pipeline.errors import CommandFailed
from pipeline.feedback.roster import load_roster
from pipeline.settings import Settings


def test_a_demo_shares_neither_receivers_nor_state_nor_releases_with_a_deployment(tmp_path: Path) -> None:
    users = Settings(
        webhook_url="http://pager", registry="s3://releases", promotion="manual", state_dir=tmp_path, device="cpu"
    )
    ours = demo_settings(users, tmp_path / "demo")
    assert (ours.webhook_url, ours.registry, ours.promotion) == (None, None, "auto")
    assert ours.registry_url == str(tmp_path / "demo" / "policies")
    assert ours.device == "cpu"


def test_a_new_demo_finds_nothing_of_the_last_one(tmp_path: Path) -> None:
    with own_folder(tmp_path) as home:
        (home / "learner").mkdir()
        (home / "learner" / "rounds.sqlite").touch()
        (home / "read.log").touch()
    assert (home / "read.log").exists()  # until then it can be looked at
    with own_folder(tmp_path) as home:
        assert [left.name for left in home.iterdir()] == ["lock"]


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with own_folder(tmp_path), pytest.raises(CommandFailed, match=r"another demo runs in .*: end it, or set"):
        own_folder(tmp_path).__enter__()


def test_who_may_correct_and_what_the_gate_judges_by_is_there(tmp_path: Path, texts: Texts) -> None:
    furnish(tmp_path, texts, seed=1)
    ours = demo_settings(Settings(), tmp_path)
    assert ours.analysts is not None
    assert [analyst.id for analyst in load_roster(ours.analysts)] == ["ada", "ben", "chloe", "dev"]
    [held_out] = ours.held_out_files
    assert len(held_out.read_bytes().splitlines()) == N_HELD_OUT
