"""What a person reads after an install: what to do next, and what is missing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from .conftest import CHART, values_of


@pytest.fixture(scope="module")
def notes(tool) -> Callable[..., str]:
    """Returns the notes for a case's values, with further ones set."""

    def read(case: str, *changes: str) -> str:
        command = [tool("helm"), "install", "prod", str(CHART), "--namespace", "news", "--dry-run=client"]
        given = [part for change in changes for part in ("--set", change)]
        done = subprocess.run(
            [*command, "--values", str(values_of(case)), *given], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\nNOTES:\n")[1]

    return read


def test_they_name_what_can_be_asked_for(notes, rendered):
    text = notes("default")
    assert "rollout status deployment/prod-finsurge-read" in text
    assert "prod-finsurge-read" in {each["metadata"]["name"] for each in rendered("default")}
    assert "helm -n news test prod" in text


@pytest.mark.parametrize(
    ("missing", "given"),
    [
        ("Nobody is told of alerts", "secrets.receivers=a"),
        ("Nobody is told of alerts", "settings.alertmanager_url=http://a:9093"),
        ("watchlist is the one that comes with finsurge", "files.watchlist.configMap=a"),
        ("can foretell which documents are reviewed", "secrets.reviewSalt.name=a"),
    ],
)
def test_they_tell_what_is_missing_until_it_is_there(missing, given, notes):
    assert missing in notes("default")
    assert missing not in notes("default", given)


def test_they_tell_whose_task_the_topics_are_and_that_roles_stand_still(notes):
    assert "topics are yours to make" in notes("minimal")
    assert "link, trends and surges stand still" in notes("rebuilding")
    assert "yours to make" not in notes("default")
    assert "stand still" not in notes("default")
