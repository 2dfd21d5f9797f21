from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rl.gate.held_out import HeldOut
from rl.gate.ledger import SpendingLedger
from rl.gate.report import Question


@pytest.fixture
def ledger(tmp_path: Path) -> SpendingLedger:
    return SpendingLedger(tmp_path / "ledger.jsonl")


@pytest.fixture
def question() -> Question:
    return Question(candidate="p-2", serving="p-1", anchor="p-0", asked_at=datetime(2026, 1, 2, tzinfo=UTC))


@pytest.fixture
def make_held_out() -> Callable[..., HeldOut]:
    """Return a maker of held-out sets on which a candidate wins and loses so many items of the serving policy."""

    def make(n_items: int = 3_000, n_gained: int = 60, n_lost: int = 60, **changes: Any) -> HeldOut:
        serving = np.ones(n_items)
        serving[: n_items // 5] = 0.0
        candidate = serving.copy()
        candidate[:n_gained] = 1.0
        candidate[n_items - n_lost :] = 0.0
        arrays: dict[str, Any] = {"anchor": serving, "cluster": np.arange(n_items), "fingerprint": "h"}
        return HeldOut(candidate=candidate, serving=serving, **(arrays | changes))

    return make
