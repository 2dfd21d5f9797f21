"""What is taken out of the image, on an environment made for it."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

IMAGE = Path(__file__).resolve().parents[3] / "deploy" / "image"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Like site-packages: what is read, and what is not, each file of ten bytes."""
    for name in (
        "numpy/core.py",
        "numpy/tests/test_core.py",
        "numpy/tests/data/big.npy",
        "jinja2/tests.py",
        "torch/testing/_utils.py",
        "torch/bin/torch_shm_manager",
        "torch/bin/protoc-3.13.0.0",
        "torch/include/ATen/ATen.h",
        "torch/lib/libtorch_cpu.so",
        "nvidia/cu13/include/cublas.h",
        "nvidia/cu13/lib/libcublas.so.13",
        "msgspec/__init__.pyi",
        "numpy/__pycache__/core.cpython-311.pyc",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"0123456789")
    return tmp_path


@pytest.fixture
def slim() -> Callable[[Path], dict[str, int]]:
    found: dict[str, Any] = runpy.run_path(str(IMAGE / "slim.py"))
    chosen: Callable[[Path], dict[str, int]] = found["slim"]
    return chosen


def left(site: Path) -> Iterator[str]:
    return (str(path.relative_to(site)) for path in sorted(site.rglob("*")) if path.is_file())


def test_what_is_imported_or_run_stays(site: Path, slim: Callable[[Path], dict[str, int]]) -> None:
    slim(site)
    assert list(left(site)) == [
        "jinja2/tests.py",
        "numpy/core.py",
        "nvidia/cu13/lib/libcublas.so.13",
        "torch/bin/torch_shm_manager",
        "torch/lib/libtorch_cpu.so",
        "torch/testing/_utils.py",
    ]


def test_it_says_how_much_it_was(site: Path, slim: Callable[[Path], dict[str, int]]) -> None:
    assert slim(site) == {
        "tests of others": 20,
        "headers and static libraries": 20,
        "compilers' tools": 10,
        "typing stubs": 10,
        "bytecode": 10,
    }


def test_what_is_slim_already_stays_as_it_is(site: Path, slim: Callable[[Path], dict[str, int]]) -> None:
    slim(site)
    assert sum(slim(site).values()) == 0


def test_the_modules_that_are_warmed_are_all_of_finsurge() -> None:
    warm: dict[str, Any] = runpy.run_path(str(IMAGE / "warm.py"))
    modules = set(warm["modules"](("alerts",)))
    assert {"alerts", "alerts.windows.shares", "alerts.surges.surge", "peft"} <= modules
