from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from pipeline.policies.board import ReleaseBoard
from pipeline.policies.changes import (
    Author,
    ChangeRefusal,
    ChangeRefused,
    Releases,
    canaried,
    judged,
    promoted,
    rolled_back,
    shadowed,
)
from pipeline.policies.release import Change, Channel, GateSummary, Release

Known = Callable[[str], Callable[[ReleaseBoard], Releases]]


class Desk:
    """A board on which changes are made one after another."""

    def __init__(self, known: Known, *versions: str) -> None:
        self.board = ReleaseBoard()
        for version in versions:
            self.make(known(version))

    def make(self, change: Callable[[ReleaseBoard], Releases]) -> Releases:
        releases = change(self.board)
        self.board.update(Change(id=str(self.board.generation), base=self.board.generation, releases=tuple(releases)))
        return releases

    @property
    def serving(self) -> str | None:
        return self.board.current.version if self.board.current else None


@pytest.fixture
def desk(known: Known) -> Desk:
    return Desk(known, "p-1", "p-2", "p-3")


def gate(author: Author, baseline: str, *, is_promoted: bool = True) -> GateSummary:
    return GateSummary(
        is_promoted=is_promoted, reason="promoted", baseline_version=baseline, n_items=2_500, at=author.at
    )


def promotion(version: str, serving: str, author: Author, **more: object) -> Callable[[ReleaseBoard], Releases]:
    return lambda board: promoted(board, version, author, serving=serving, negative_ratio=1.2, **more)  # type: ignore[arg-type]


def test_what_the_gate_let_pass_against_the_serving_version_is_promoted_and_the_one_before_watched(
    desk: Desk, author: Author
) -> None:
    desk.make(lambda board: judged(board, "p-2", gate(author, "p-1"), author))
    desk.make(promotion("p-2", "p-1", author, watch_s=60.0))
    current, shadow = desk.board.current, desk.board.shadow
    assert current is not None
    assert shadow is not None
    assert (current.version, current.previous_version, current.negative_ratio) == ("p-2", "p-1", 1.2)
    assert (shadow.version, shadow.until) == ("p-1", author.at + timedelta(seconds=60))


@pytest.mark.parametrize(
    ("baseline", "is_promoted", "reason"),
    [
        (None, True, ChangeRefusal.NOT_JUDGED),
        ("p-1", False, ChangeRefusal.GATE_FAILED),
        ("p-3", True, ChangeRefusal.OTHER_BASELINE),
    ],
)
def test_what_the_gate_has_not_let_pass_is_promoted_by_force_alone(
    desk: Desk, author: Author, baseline: str | None, is_promoted: bool, reason: ChangeRefusal
) -> None:
    if baseline:
        desk.make(lambda board: judged(board, "p-2", gate(author, baseline, is_promoted=is_promoted), author))
    with pytest.raises(ChangeRefused) as refused:
        desk.make(promotion("p-2", "p-1", author))
    assert refused.value.reason is reason
    with pytest.raises(ValueError, match="reason must be given"):
        desk.make(promotion("p-2", "p-1", author, is_forced=True))
    forced = Author(author.by, author.at, "the old one is broken")
    desk.make(promotion("p-2", "p-1", forced, is_forced=True))
    assert desk.board.current is not None
    assert (desk.serving, desk.board.current.reason) == ("p-2", "the old one is broken")


def test_rolling_back_twice_goes_two_steps_back(desk: Desk, author: Author) -> None:
    for version, serving in (("p-2", "p-1"), ("p-3", "p-2")):
        desk.make(promotion(version, serving, Author("ada", author.at, "a test"), is_forced=True))
    served = [desk.serving]
    for _ in range(2):
        desk.make(lambda board: rolled_back(board, author))
        served.append(desk.serving)
    assert served == ["p-3", "p-2", "p-1"]
    with pytest.raises(ChangeRefused) as refused:
        desk.make(lambda board: rolled_back(board, author))
    assert refused.value.reason is ChangeRefusal.NOTHING_BEFORE


def test_a_rollback_ends_the_canary(desk: Desk, author: Author) -> None:
    desk.make(promotion("p-2", "p-1", Author("ada", author.at, "a test"), is_forced=True))
    desk.make(lambda board: canaried(board, "p-3", author, share=0.1, negative_ratio=1.0))
    desk.make(lambda board: rolled_back(board, author))
    assert (desk.serving, desk.board.canary, desk.board.shadow) == ("p-1", None, None)


def test_a_promoted_canary_is_a_canary_no_more(desk: Desk, author: Author) -> None:
    desk.make(lambda board: canaried(board, "p-2", author, share=0.1, negative_ratio=1.0))
    desk.make(promotion("p-2", "p-1", Author("ada", author.at, "a test"), is_forced=True))
    assert (desk.serving, desk.board.canary) == ("p-2", None)


def test_a_version_that_nobody_has_put_is_not_tried(desk: Desk, author: Author) -> None:
    with pytest.raises(ChangeRefused) as refused:
        shadowed(desk.board, "p-9", author)
    assert refused.value.reason is ChangeRefusal.UNKNOWN


def test_what_the_gate_says_changes_neither_when_a_version_came_nor_by_whom(desk: Desk, author: Author) -> None:
    later = Author("bob", author.at + timedelta(days=1))
    [release] = desk.make(lambda board: judged(board, "p-2", gate(author, "p-1"), later))
    assert (release.channel, release.at, release.by) == (Channel.VERSION, author.at, author.by)


def test_a_release_survives_the_wire(desk: Desk, author: Author) -> None:
    [release] = shadowed(desk.board, "p-2", author)
    assert msgspec.json.decode(msgspec.json.encode(release), type=Release) == release
