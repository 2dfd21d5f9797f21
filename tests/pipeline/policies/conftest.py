from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from pipeline.policies.changes import Author, Releases, registered, shadowed
from rl.registry.stored import StoredPolicy

Known = Callable[[str], Callable[..., Releases]]


@pytest.fixture
def author() -> Author:
    return Author("ada", datetime(2026, 1, 2, tzinfo=UTC))


@pytest.fixture
def known(author: Author) -> Known:
    """`known("p-1")` makes the change by which a version is known."""

    def make(version: str) -> Callable[..., Releases]:
        stored = StoredPolicy(version, f"memory://{version}", {"manifest.json": "0" * 64})
        return lambda board: registered(board, stored, None, author)

    return make


@pytest.fixture
def tried(author: Author) -> Known:
    """`tried("p-1")` makes the change by which a version runs in shadow."""
    return lambda version: lambda board: shadowed(board, version, author)
