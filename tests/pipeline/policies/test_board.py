from datetime import UTC, datetime

import pytest

from pipeline.policies.board import ReleaseBoard
from pipeline.policies.refusals import RefusalReason, ReleaseRefused
from pipeline.policies.release import Change, Channel, Release

AT = datetime(2026, 1, 2, tzinfo=UTC)


def release(version: str, generation: int, channel: Channel = Channel.VERSION, share: float = 1.0) -> Release:
    return Release(
        channel=channel,
        generation=generation,
        version=version,
        location=f"memory://{version}",
        checksums={},
        share=share,
        at=AT,
        by="ada",
    )


def change(base: int, *releases: Release, term: int | None = None) -> Change:
    return Change(id=f"c-{base}-{term}", base=base, releases=releases, term=term)


def term_of(number: int) -> Change:
    return Change(id=f"t-{number}", base=0, releases=(), term=number, begins_term=True)


def test_the_last_release_of_each_channel_holds() -> None:
    board = ReleaseBoard()
    board.update(change(0, release("p-1", 1), release("p-1", 2, Channel.CURRENT)))
    board.update(change(2, release("p-2", 3), release("p-2", 4, Channel.SHADOW)))
    assert board.current is not None
    assert board.shadow is not None
    assert (board.current.version, board.shadow.version, board.generation) == ("p-1", "p-2", 4)
    board.update(change(4, release("p-2", 5, Channel.SHADOW, share=0.0)))
    assert board.shadow is None
    assert list(board.versions) == ["p-1", "p-2"]


def test_a_change_by_one_who_did_not_know_of_the_last_one_does_not_hold_in_any_part() -> None:
    board = ReleaseBoard()
    board.update(change(0, release("p-1", 1)))
    with pytest.raises(ReleaseRefused) as refused:
        board.update(change(0, release("p-2", 1), release("p-2", 2, Channel.CURRENT)))
    assert refused.value.reason is RefusalReason.STALE
    assert (list(board.versions), board.current, board.generation) == (["p-1"], None, 1)


def test_a_learner_whose_term_is_over_changes_nothing_and_a_person_still_does() -> None:
    board = ReleaseBoard()
    board.update(term_of(1))
    board.update(change(0, release("p-1", 1), term=1))
    board.update(term_of(2))
    with pytest.raises(ReleaseRefused) as refused:
        board.update(change(1, release("p-2", 2), term=1))
    assert refused.value.reason is RefusalReason.FENCED
    board.update(change(1, release("p-3", 2), term=2))
    board.update(change(2, release("p-4", 3)))
    assert list(board.versions) == ["p-1", "p-3", "p-4"]


@pytest.mark.parametrize("number", [1, 3])
def test_a_term_begins_only_after_the_one_before_it(number: int) -> None:
    board = ReleaseBoard()
    board.update(term_of(1))
    with pytest.raises(ReleaseRefused) as refused:
        board.update(term_of(number))
    assert (refused.value.reason, board.term) == (RefusalReason.FENCED, 1)


def test_what_begins_a_term_releases_nothing() -> None:
    with pytest.raises(ValueError, match="nothing released"):
        Change(id="c", base=0, releases=(release("p-1", 1),), term=1, begins_term=True)
