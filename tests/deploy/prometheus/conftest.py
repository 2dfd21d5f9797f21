"""The programs that rules are held against."""

from __future__ import annotations

import os
import shutil

import pytest


def _command(name: str) -> str:
    """Return a command's path; without it the test is left out, and fails in CI."""
    found = shutil.which(name)
    if found is None:
        why = f"no {name} on the path: apt-get install prometheus"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return found


@pytest.fixture
def promtool() -> str:
    """Its path."""
    return _command("promtool")


@pytest.fixture
def prometheus() -> str:
    """Its path."""
    return _command("prometheus")
