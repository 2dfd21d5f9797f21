import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.feedback.records import RoundRecord
from pipeline.learner.run_folder import Outcome, Request, RunFolder
from pipeline.learner.workshop import MAX_STARTS, Workshop
from rl.learner.wake import WakeReason

RecordOf = Callable[..., RoundRecord]
ENDS_WELL = "import pathlib, sys; pathlib.Path(sys.argv[1], 'outcome.json').write_text('{\"version\": \"p-2\"}')"
DIES = "import sys; sys.exit(3)"
STAYS = "import threading; threading.Event().wait()"


def request(number: int = 1) -> Request:
    return Request(
        number=number,
        why=WakeReason.CORRECTIONS,
        parent="shipped",
        parent_version="p-1",
        algorithm="rloo",
        device="cpu",
        seed=7,
        asked_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


def command(program: str) -> Sequence[str]:
    return (sys.executable, "-c", program)


def ended(workshop: Workshop) -> RunFolder:
    while True:
        if workshop._process is not None:
            workshop._process.wait(timeout=60)
        if (folder := workshop.poll()) is not None:
            return folder


def test_an_update_ends_with_its_outcome(tmp_path: Path, record: RecordOf) -> None:
    workshop = Workshop(tmp_path, os.environ, command(ENDS_WELL))
    folder = workshop.begin(request(), [record(1)], [record(2)])
    assert workshop.is_busy
    assert ended(workshop) == folder
    assert folder.outcome() == Outcome(version="p-2")
    assert not workshop.is_busy
    assert workshop.next_number() == 2
    os.utime(folder.path / "outcome.json", (1_767_312_000, 1_767_312_000))
    restarted = Workshop(tmp_path, os.environ)
    assert restarted.last_ended_at() == datetime(2026, 1, 2, tzinfo=UTC)
    RunFolder(tmp_path / "000002").ask(request(2), [record(3)], [])  # on its way
    assert restarted.last_ended_at() == datetime(2026, 1, 2, tzinfo=UTC)


def test_rounds_come_back_from_the_run_folder_as_they_went_in(tmp_path: Path, record: RecordOf) -> None:
    folder = RunFolder(tmp_path / "1")
    folder.ask(request(), [record(1)], [record(2), record(3)])
    fresh, older = folder.rounds()
    assert [answered.id for answered in fresh] == ["c1"]
    assert [answered.id for answered in older] == ["c2", "c3"]
    assert fresh[0].right is not None
    assert fresh[0].right.sentiment == 2


def test_only_one_update_is_made_at_a_time(tmp_path: Path, record: RecordOf) -> None:
    workshop = Workshop(tmp_path, os.environ, command(STAYS))
    workshop.begin(request(), [record(1)], [])
    with pytest.raises(ValueError, match="must wait"):
        workshop.begin(request(2), [record(2)], [])
    workshop.stop()


def test_an_update_that_keeps_dying_is_given_up_with_a_reason(tmp_path: Path, record: RecordOf) -> None:
    workshop = Workshop(tmp_path, os.environ, command(DIES))
    workshop.begin(request(), [record(1)], [])
    outcome = ended(workshop).outcome()
    assert outcome is not None
    assert outcome.failure == f"ended {MAX_STARTS} times without an outcome, at last with code 3"


def test_an_update_that_a_restart_cut_short_goes_on(tmp_path: Path, record: RecordOf) -> None:
    before = Workshop(tmp_path, os.environ, command(STAYS))
    before.begin(request(), [record(1)], [])
    before.stop()
    after = Workshop(tmp_path, os.environ, command(ENDS_WELL))
    assert not after.is_busy
    after.resume()
    assert ended(after).outcome() == Outcome(version="p-2")


def test_an_update_that_has_ended_is_not_begun_again(tmp_path: Path, record: RecordOf) -> None:
    before = Workshop(tmp_path, os.environ, command(ENDS_WELL))
    before.begin(request(), [record(1)], [])
    ended(before)
    after = Workshop(tmp_path, os.environ, command(DIES))
    after.resume()
    assert not after.is_busy
