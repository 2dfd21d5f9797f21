"""The guide to sizing says what its calculation prints; the simulation of bursts, what is worked out by hand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def sizing() -> ModuleType:
    """The benchmark as a module."""
    spec = importlib.util.spec_from_file_location("sizing", ROOT / "benchmarks" / "sizing.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["sizing"] = module
    spec.loader.exec_module(module)
    return module


def test_every_table_of_the_guide_is_the_calculation_s(sizing: ModuleType) -> None:
    lines = [line.strip() for line in (ROOT / "docs" / "sizing.md").read_text(encoding="utf-8").splitlines()]
    made = list(sizing.tables(sizing.Figures.read()))
    assert [name for name, _ in made] == [
        "loads", "disk", "windows", "memory", "marks", "surges", "bursts", "world"
    ]  # fmt: skip
    missing = [line for _, text in made for line in text.splitlines() if line not in lines]
    assert missing == [], "put the output of `python benchmarks/sizing.py` into docs/sizing.md"


def test_a_burst_waits_and_is_caught_up_with_as_worked_out_by_hand(sizing: ModuleType) -> None:
    # ten a second for 100 s into three a second: 700 wait, and two a second of them go afterwards
    burst = sizing.simulate(3.0, 10.0, 100)
    assert burst.peak_backlog_s == pytest.approx(700, abs=1)
    assert burst.catching_up_s == pytest.approx(350, abs=1)
    assert burst.worst_delay_s == pytest.approx(233, abs=2)  # 700 / 3


def test_what_can_do_as_much_as_the_burst_has_nothing_waiting(sizing: ModuleType) -> None:
    assert sizing.simulate(10.0, 10.0, 100).peak_backlog_s == 0
