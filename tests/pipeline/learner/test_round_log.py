import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.learner.round_log import LoggedRound, RoundLog

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def answered(number: int, *, document: int | None = None, analyst: str = "ada", minute: int = 0) -> LoggedRound:
    at = NOON + timedelta(minutes=minute or number)
    return LoggedRound(
        f"r{number}", f"d{number if document is None else document}", analyst, at, f"{number}".encode()
    )


def test_what_was_read_is_there_after_a_restart(tmp_path: Path) -> None:
    with RoundLog(tmp_path / "rounds.sqlite") as log:
        log.add([answered(1), answered(2)], {0: 5, 3: 1})
        log.use(["r1"], update=1)
    with RoundLog(tmp_path / "rounds.sqlite") as log:
        assert (log.fresh(), log.older(), log.next_offsets()) == ([b"2"], [b"1"], {0: 5, 3: 1})


def test_a_round_that_comes_twice_is_one_and_stays_used() -> None:
    with RoundLog(":memory:") as log:
        log.add([answered(1)], {0: 1})
        log.use(["r1"], update=1)
        log.add([answered(1)], {0: 1})
        assert (log.fresh(), log.older()) == ([], [b"1"])


def test_an_analysts_later_answer_takes_the_place_of_the_one_before_and_is_fresh() -> None:
    with RoundLog(":memory:") as log:
        log.add([answered(1, document=7, minute=1)], {})
        log.use(["r1"], update=1)
        log.add([answered(2, document=7, minute=2)], {})
        assert (log.fresh(), log.older()) == ([b"2"], [])


def test_an_earlier_answer_that_comes_later_is_left_out() -> None:
    with RoundLog(":memory:") as log:
        log.add([answered(2, document=7, minute=2), answered(1, document=7, minute=1)], {})
        assert log.fresh() == [b"2"]


def test_two_analysts_answers_to_one_document_are_two_rounds() -> None:
    with RoundLog(":memory:") as log:
        log.add([answered(1, document=7), answered(2, document=7, analyst="bob")], {})
        assert log.fresh() == [b"1", b"2"]


def test_offsets_never_go_back() -> None:
    with RoundLog(":memory:") as log:
        log.add([], {0: 9})
        log.add([], {0: 4})
        assert log.next_offsets() == {0: 9}


def test_a_failing_batch_leaves_nothing_behind() -> None:
    with RoundLog(":memory:") as log:
        broken = [answered(1), LoggedRound("r2", "d2", "ada", NOON, None)]  # type: ignore[arg-type]
        with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
            log.add(broken, {0: 2})
        assert (log.fresh(), log.next_offsets()) == ([], {})
