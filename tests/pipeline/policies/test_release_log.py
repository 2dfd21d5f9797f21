from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pipeline.broker.connection import Connection
from pipeline.broker.embedded import EmbeddedBroker
from pipeline.policies.board import ReleaseBoard
from pipeline.policies.changes import Releases
from pipeline.policies.refusals import RefusalReason, ReleaseRefused
from pipeline.policies.release_log import ChangeLost, ReleaseLog, TermOver

Make = Callable[[ReleaseBoard], Releases]
Known = Callable[[str], Make]


@pytest.fixture
def broker() -> Iterator[Connection]:
    with EmbeddedBroker(["policies"]) as embedded:
        yield Connection(embedded.bootstrap)


async def test_what_one_writes_another_reads(broker: Connection, known: Known, tried: Known) -> None:
    async with ReleaseLog(broker, "policies") as writer:
        await writer.write(known("p-1"), None)
        await writer.write(tried("p-1"), None)
    async with ReleaseLog(broker, "policies") as reader:
        board = await reader.read()
    assert list(board.versions) == ["p-1"]
    assert board.shadow is not None
    assert (board.shadow.version, board.generation) == ("p-1", 2)


async def test_what_changes_nothing_is_not_written(broker: Connection, known: Known) -> None:
    async with ReleaseLog(broker, "policies") as writer:
        await writer.write(known("p-1"), None)
        assert await writer.write(known("p-1"), None) == []
        assert writer.board.generation == 1


async def test_of_two_who_write_at_once_one_holds_for_everybody(broker: Connection, known: Known) -> None:
    async with ReleaseLog(broker, "policies") as first, ReleaseLog(broker, "policies") as second:

        def overtaken(board: ReleaseBoard) -> Releases:
            assert board.generation == 0
            return known("p-2")(board)

        await second.read()
        await first.write(known("p-1"), None)
        second.read = lambda: _same(second.board)  # type: ignore[method-assign]
        with pytest.raises(ChangeLost):
            await second.write(overtaken, None)
        assert list(second.board.versions) == ["p-1"]
    async with ReleaseLog(broker, "policies") as reader:
        assert list((await reader.read()).versions) == ["p-1"]


async def test_a_learner_that_wakes_after_another_has_begun_changes_nothing(broker: Connection, known: Known) -> None:
    async with ReleaseLog(broker, "policies") as sleeper, ReleaseLog(broker, "policies") as other:
        first = await sleeper.begin_term(None)
        await sleeper.write(known("p-1"), None, first)
        second = await other.begin_term(None)
        with pytest.raises(TermOver):
            await sleeper.write(known("p-2"), None, first)
        await other.write(known("p-3"), None, second)
        assert (first, second, list(other.board.versions)) == (1, 2, ["p-1", "p-3"])


async def test_a_learner_that_is_overtaken_while_it_writes_is_told_so(broker: Connection, known: Known) -> None:
    async with ReleaseLog(broker, "policies") as sleeper, ReleaseLog(broker, "policies") as other:
        term = await sleeper.begin_term(None)
        await other.begin_term(None)
        sleeper.read = lambda: _same(sleeper.board)  # type: ignore[method-assign]
        with pytest.raises(TermOver):
            await sleeper.write(known("p-1"), None, term)
    async with ReleaseLog(broker, "policies") as reader:
        assert not (await reader.read()).versions


async def test_of_two_learners_that_begin_at_once_one_does(broker: Connection) -> None:
    async with ReleaseLog(broker, "policies") as first, ReleaseLog(broker, "policies") as second:
        await second.read()
        await first.begin_term(None)
        second.read = lambda: _same(second.board)  # type: ignore[method-assign]
        with pytest.raises(ChangeLost):
            await second.begin_term(None)
        assert second.board.term == 1


async def test_a_change_that_nobody_vouches_for_does_not_hold(broker: Connection, known: Known) -> None:
    key = Ed25519PrivateKey.generate()
    refused: list[ReleaseRefused] = []
    async with ReleaseLog(broker, "policies") as stranger:
        await stranger.write(known("p-1"), None)
    async with ReleaseLog(broker, "policies", key.public_key(), refused.append) as reader:
        assert (await reader.read()).generation == 0
        await reader.write(known("p-2"), key)
        assert list(reader.board.versions) == ["p-2"]
    assert [one.reason for one in refused] == [RefusalReason.UNSIGNED]


async def test_a_record_that_is_no_change_is_passed_over(broker: Connection, known: Known) -> None:
    producer = broker.producer()
    await producer.start()
    await producer.send_and_wait("policies", b"{", b"x", partition=0)
    await producer.stop()
    refused: list[ReleaseRefused] = []
    async with ReleaseLog(broker, "policies", None, refused.append) as log:
        await log.write(known("p-1"), None)
        assert log.board.generation == 1
    assert [one.reason for one in refused] == [RefusalReason.MALFORMED]


async def _same(board: ReleaseBoard) -> ReleaseBoard:
    return board
