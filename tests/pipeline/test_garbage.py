"""A process that seldom looks for garbage still finds it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from pipeline.garbage import YOUNG, collect_seldom


class Ring:
    """Holds itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def seldom() -> Iterator[None]:
    before = gc.get_threshold()
    gc.collect()
    collect_seldom()
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("seldom")
def test_cycles_that_nobody_holds_go_while_more_come() -> None:
    alive: set[int] = set()
    most = 0
    for number in range(5 * YOUNG):
        weakref.finalize(Ring(), alive.discard, number).atexit = False
        alive.add(number)
        most = max(most, len(alive))
    assert YOUNG / 10 < most <= YOUNG


@pytest.mark.usefixtures("seldom")
def test_it_looks_for_them_less_often_than_python_does_by_itself() -> None:
    before = gc.get_stats()[0]["collections"]
    held = [[number] for number in range(YOUNG - 1_000)]
    assert gc.get_stats()[0]["collections"] == before
    assert len(held) == YOUNG - 1_000
