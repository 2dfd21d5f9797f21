"""The guards around Faust's consumer, and the upstream bug that one of them is for."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.types import TP

from pipeline.roles.consumer import GUARDED_VERSION, Contiguity, RecordsSkipped, guard_commits

PARTITION = TP("documents", 0)

# A consumer's bookkeeping without a broker: records 10 to 14 were handed out, all but `unacked` are acknowledged.
NEW_OFFSET = """
from collections import defaultdict
from types import SimpleNamespace
from faust.transport.consumer import Consumer
from faust.types import TP

def committable(committed, unacked):
    tp = TP("documents", 0)
    acked = [offset for offset in range(10, 15) if offset not in unacked]
    books = SimpleNamespace(
        _acked=defaultdict(list, {tp: acked}), _acked_index=defaultdict(set, {tp: set(acked)}),
        _gap=defaultdict(list), _committed_offset={tp: committed},
        _unacked_messages=[SimpleNamespace(tp=tp, offset=offset, acked=False) for offset in unacked],
    )
    return Consumer._new_offset(books, tp), sorted(books._acked[tp])
"""


def asked(script: str) -> str:
    """Return what a fresh process prints: the guard cannot be taken off once it is on."""
    ended = subprocess.run([sys.executable, "-c", NEW_OFFSET + script], capture_output=True, text=True, check=True)
    return ended.stdout.strip()


def test_faust_still_commits_past_the_record_at_the_head() -> None:
    # faust issue 606; when this fails, upstream has mended it and `guard_commits` can go
    assert faust.__version__ == GUARDED_VERSION
    assert asked("print(committable(None, [10])[0], committable(10, [10])[0])") == "15 15"


def test_with_the_guard_no_commit_passes_an_unacknowledged_record() -> None:
    script = """
from pipeline.roles.consumer import guard_commits
guard_commits()
for committed in (None, 0, 9, 10):
    print(*committable(committed, [10]), *committable(committed, [12]), *committable(committed, [14, 11]), sep="; ")
"""
    assert asked(script).splitlines() == [
        "None; [11, 12, 13, 14]; 12; [13, 14]; 11; [12, 13]",
        "None; [11, 12, 13, 14]; 12; [13, 14]; 11; [12, 13]",
        "None; [11, 12, 13, 14]; 12; [13, 14]; 11; [12, 13]",
        "None; [11, 12, 13, 14]; 12; [13, 14]; 11; [12, 13]",
    ]


def test_with_the_guard_all_that_is_acknowledged_is_committed() -> None:
    script = "from pipeline.roles.consumer import guard_commits; guard_commits(); print(*committable(10, []))"
    assert asked(script) == "15 []"


def test_the_guard_is_put_on_once_however_often_it_is_asked_for() -> None:
    script = """
from pipeline.roles.consumer import guard_commits
guard_commits()
guarded = Consumer._new_offset
guard_commits()
print(Consumer._new_offset is guarded)
"""
    assert asked(script) == "True"


def test_the_guard_refuses_a_faust_that_it_was_not_written_for() -> None:
    script = """
import faust
from pipeline.roles.consumer import guard_commits
faust.__version__ = "9.9.9"
try:
    guard_commits()
except RuntimeError as error:
    print(error)
"""
    assert asked(script) == f"faust-streaming must be {GUARDED_VERSION}, got 9.9.9"
    guard_commits()  # and takes the installed one


class Broker:
    """Holds records at some offsets, and counts how often it is asked."""

    def __init__(self, *offsets: int) -> None:
        self.offsets = offsets
        self.n_asked = 0

    async def __call__(self, tp: Any, offset: int) -> int:
        self.n_asked += 1
        return min(held for held in self.offsets if held >= offset)


def message(offset: int, generation: int = 1, tp: TP = PARTITION) -> Any:
    return SimpleNamespace(tp=tp, offset=offset, generation_id=generation)


def watched(broker: Broker, committed: int | None = None, gaps: list[str] | None = None) -> Contiguity:
    offsets: dict[TP, int | None] = defaultdict(lambda: None, {PARTITION: committed})
    app = SimpleNamespace(consumer=SimpleNamespace(_committed_offset=offsets))
    return Contiguity(app, broker, (gaps if gaps is not None else []).append)


async def test_records_that_follow_each_other_pass_without_asking_the_broker() -> None:
    broker = Broker()
    contiguity = watched(broker, committed=5)
    for offset in (5, 6, 7):
        await contiguity.check(message(offset))
    assert broker.n_asked == 0


async def test_a_record_that_the_broker_holds_and_faust_left_out_is_an_error() -> None:
    contiguity = watched(Broker(5, 6, 7, 8))
    await contiguity.check(message(5))
    with pytest.raises(RecordsSkipped) as caught:
        await contiguity.check(message(8))
    assert str(caught.value) == "documents partition 0: expected offset 6, got 8, the broker holds 6"


async def test_a_gap_that_the_broker_has_as_well_passes() -> None:
    broker, gaps = Broker(5, 9, 10), []
    contiguity = watched(broker, gaps=gaps)
    await contiguity.check(message(5))
    await contiguity.check(message(9))
    await contiguity.check(message(10))
    assert broker.n_asked == 1
    assert gaps == ["documents"]


async def test_the_first_record_must_be_the_one_at_the_committed_offset() -> None:
    with pytest.raises(RecordsSkipped, match="expected offset 3, got 5, the broker holds 3"):
        await watched(Broker(3, 4, 5), committed=3).check(message(5))


async def test_without_a_committed_offset_the_first_record_may_lie_anywhere() -> None:
    broker = Broker()
    await watched(broker).check(message(500))
    assert broker.n_asked == 0


async def test_records_that_come_again_pass() -> None:
    broker = Broker()
    contiguity = watched(broker, committed=5)
    for offset in (5, 6, 5, 6, 7):
        await contiguity.check(message(offset))
    assert broker.n_asked == 0


async def test_partitions_are_watched_apart() -> None:
    broker = Broker()
    contiguity = watched(broker, committed=5)
    for offset in (5, 6):
        await contiguity.check(message(offset))
        await contiguity.check(message(offset + 100, tp=TP("documents", 1)))
    assert broker.n_asked == 0


async def test_after_a_rebalance_the_committed_offset_counts_again() -> None:
    contiguity = watched(Broker(5, 6, 7, 8), committed=5)
    for offset in (5, 6, 7):
        await contiguity.check(message(offset))
    await contiguity.check(message(5, generation=2))
    with pytest.raises(RecordsSkipped, match="expected offset 6, got 8"):
        await contiguity.check(message(8, generation=2))
