from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.demo.board import Board
from pipeline.demo.feed import FeedRecord
from pipeline.demo.gauges import RoleGauges
from pipeline.demo.loop.exam import ExamResult
from pipeline.demo.loop.facts import LoopFacts
from pipeline.demo.outcome import DemoReason, Ending, Judge
from pipeline.demo.player import Player
from pipeline.demo.scenario import Scenario
from pipeline.records import AlertRecord
from pipeline.roles.faust_app import Role

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LIVE_AT = NOON - timedelta(hours=8)
SCENARIO = Scenario(history_s=86_400, fast_s=8 * 3_600)


class Clock:
    """A clock that goes only while somebody sleeps."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Worker:
    """Takes records and, if it works, has read each at once and closed its window."""

    def __init__(self, board: Board, clock: Clock, *, works: bool = True) -> None:
        self.sent: list[tuple[str, float]] = []  # key, seconds after noon
        self._board = board
        self._clock = clock
        self._works = works

    async def send_raw(self, key: str, value: bytes) -> None:
        self.sent.append((key, (self._clock.at - NOON).total_seconds()))
        if self._works:
            self._board.update({Role.READ: RoleGauges(documents={"decided": len(self.sent)})})
            self._board.tally.newest_at = datetime.fromisoformat(value.decode())


def records(gap: timedelta = timedelta(hours=1)) -> Iterator[FeedRecord]:
    at = LIVE_AT - timedelta(hours=4)
    for number in range(1_000):
        yield FeedRecord(at, str(number), at.isoformat().encode())
        at += gap


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(clock: Clock) -> Board:
    return Board(clock.now, speed=300)


@pytest.fixture
def player(board: Board, clock: Clock) -> Player:
    return Player(board, SCENARIO, LIVE_AT, clock.now, clock.sleep)


JUDGE = Judge("acme", LIVE_AT, LoopFacts(n_wanted=0, exam=ExamResult(32, 0, 32)))


async def test_history_is_sent_at_once_and_the_live_feed_at_its_pace(
    board: Board, clock: Clock, player: Player
) -> None:
    worker = Worker(board, clock)
    ending = await player.play(worker, records(), JUDGE, is_endless=False)
    assert worker.sent[:4] == [("0", 0), ("1", 0), ("2", 0), ("3", 0)]
    assert worker.sent[4:] == [(str(4 + hour), 12 * hour) for hour in range(9)]  # 3,600 s / 300 are 12 s
    assert ending.reason is DemoReason.NO_ALERT


async def test_the_alerts_decide_how_it_ended(
    board: Board, clock: Clock, player: Player, an_alert: Callable[..., AlertRecord]
) -> None:
    board.tally.add_alert(an_alert("acme", NOON), NOON + timedelta(seconds=30))
    ending = await player.play(Worker(board, clock), records(), JUDGE, is_endless=False)
    assert ending.reason is DemoReason.CORRECTED


async def test_the_feed_goes_on_at_its_speed_until_the_loop_is_over(board: Board, clock: Clock) -> None:
    worker = Worker(board, clock)
    longer = Scenario(history_s=86_400, fast_s=12 * 3_600)

    class Loop(Worker):
        async def send_raw(self, key: str, value: bytes) -> None:
            await worker.send_raw(key, value)
            if key == "14":  # published 10 h after the live feed began
                board.loop.failure = "the update has no candidate"

    await Player(board, longer, LIVE_AT, clock.now, clock.sleep).play(
        Loop(board, clock), records(), JUDGE, is_endless=False
    )
    assert worker.sent[-1] == ("14", 12 * 10)


async def test_a_loop_that_is_never_over_ends_with_the_fast_feed(board: Board, clock: Clock) -> None:
    worker = Worker(board, clock)
    longer = Scenario(history_s=86_400, fast_s=12 * 3_600)
    await Player(board, longer, LIVE_AT, clock.now, clock.sleep).play(worker, records(), JUDGE, is_endless=False)
    assert worker.sent[-1] == ("16", 12 * 12)


async def test_a_history_that_is_not_read_ends_the_demo(board: Board, clock: Clock, player: Player) -> None:
    ending = await player.play(Worker(board, clock, works=False), records(), JUDGE, is_endless=False)
    assert ending.reason is DemoReason.TOO_SLOW
    assert ending.detail == "0 of 4 documents of history were read in 300 s"


async def test_an_endless_feed_goes_on_at_the_pace_of_the_clock(board: Board, clock: Clock, player: Player) -> None:
    worker = Worker(board, clock)
    with pytest.raises(RuntimeError, match="StopIteration"):  # these records do end
        await player.play(worker, records(), JUDGE, is_endless=True)
    assert worker.sent[13] == ("13", 3_600.0)  # published at 13:00
    assert worker.sent[-1] == ("999", 3_600.0 * 987)


async def test_records_that_end_before_the_live_feed_are_a_mistake(
    board: Board, clock: Clock, player: Player
) -> None:
    with pytest.raises(ValueError, match="records must go on"):
        await player.play(Worker(board, clock), iter(()), JUDGE, is_endless=False)


def test_a_board_tells_the_rate_at_which_history_was_read(board: Board, clock: Clock) -> None:
    board.n_history = 300
    for n_read, seconds in ((0, 1), (100, 1), (300, 2)):
        clock.at += timedelta(seconds=seconds)
        board.update({Role.READ: RoleGauges(documents={"decided": n_read})})
    assert board.progress().documents_per_s == 100.0  # 300 in the last 3 s
    summary = board.summary(Ending(DemoReason.CORRECTED, "well"), broker="embedded", seed=1, crisis_topic="acme")
    assert summary.documents_per_s == 100.0  # 200 more in the 2 s after the first were seen
