"""Which alert finds which event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from models.topics.watchlist import Watchlist
from pipeline.backtest.episode import Episode, Told
from pipeline.backtest.events import KnownEvent
from pipeline.backtest.matching import Found, Match, Matching, match
from pipeline.backtest.run import Outcome
from pipeline.records import AffectedTopic, AlertRecord, AlertStory

NOON = datetime(2022, 11, 8, 12, tzinfo=UTC)
NewEpisode = Callable[..., Episode]
WITHDRAWN = KnownEvent(topic="ftx", name="withdrawals halted", at=NOON, is_day=False)


@pytest.fixture
def new_episode(outcome: Outcome) -> NewEpisode:
    """Makes an episode out of the golden one: `new_episode("ftx", 0, closed=5)`, hours from noon."""
    template = outcome.trials[0].episodes[0].opened

    def make(topic: str, *raised: float, closed: float | None = None, **fields: Any) -> Episode:
        def told(number: int, hours: float, transition: str) -> Told:
            at = NOON + timedelta(hours=hours)
            alert: AlertRecord = msgspec.structs.replace(
                template,
                id=f"{topic}/1/{number}",
                topic=topic,
                topic_name=topic,
                transition=transition,
                at=at,
                opened_at=NOON + timedelta(hours=raised[0]),
                **({"stories": ()} | fields),
            )
            return Told(alert, at)

        kinds = ["opened", *("escalated" for _ in raised[1:])]
        changes = [told(n, hours, kind) for n, (hours, kind) in enumerate(zip(raised, kinds, strict=True), start=1)]
        changes += [] if closed is None else [told(len(changes) + 1, closed, "closed")]
        return Episode(f"{topic}/1", tuple(changes))

    return make


def only(matching: Matching) -> Match:
    (found,) = matching.matches
    return found


def test_an_alert_of_the_topic_itself_finds_it_with_its_delay(new_episode: NewEpisode, watchlist: Watchlist) -> None:
    matching = match([WITHDRAWN], [new_episode("ftx", 1.5)], watchlist)
    assert (only(matching).found, only(matching).delay) == (Found.OWN, timedelta(minutes=90))
    assert matching.others == ()


def test_the_first_after_an_event_goes_before_the_last_before_it(
    new_episode: NewEpisode, watchlist: Watchlist
) -> None:
    early, later = new_episode("ftx", -3, closed=-2), new_episode("ftx", 1, 4)
    assert only(match([WITHDRAWN], [early, later], watchlist)).delay == timedelta(hours=1)
    assert only(match([WITHDRAWN], [early], watchlist)).delay == timedelta(hours=-3)
    # an escalation tells something new as well, and the early alert is about the event all the same
    escalated = new_episode("ftx", -3, 2)
    found = match([WITHDRAWN], [escalated], watchlist)
    assert (only(found).delay, found.others) == (timedelta(hours=2), ())


@pytest.mark.parametrize(("hours", "found"), [(-12, True), (-12.1, False), (11.9, True), (12, False)])
def test_an_alert_too_far_away_is_about_something_else(
    new_episode: NewEpisode, watchlist: Watchlist, hours: float, found: bool
) -> None:
    episode = new_episode("ftx", hours, closed=13)
    matching = match([WITHDRAWN], [episode], watchlist)
    assert only(matching).found is (Found.OWN if found else Found.NOT)
    assert matching.others == (() if found else (episode,))


def test_the_nearest_relation_counts_and_the_others_are_no_false_alarms(
    new_episode: NewEpisode, watchlist: Watchlist
) -> None:
    own, parent = new_episode("ftx", 3), new_episode("exchanges", 1)  # ftx rolls up to exchanges
    child = new_episode("alameda", 0.5)  # and alameda to ftx
    assert only(match([WITHDRAWN], [own, parent, child], watchlist)).delay == timedelta(hours=3)
    under_parent = match([WITHDRAWN], [parent, child], watchlist)
    assert (only(under_parent).found, under_parent.others) == (Found.PARENT, ())
    assert only(match([WITHDRAWN], [child], watchlist)).found is Found.RELATED


@pytest.mark.parametrize(
    "named",
    [
        {"related": ("FTX",)},
        {"affected": (AffectedTopic("ftx", "FTX", 4, 0.2),)},
        {"stories": (AlertStory("Bitcoin falls as FTX halts withdrawals", None, "Wire", 1, NOON),)},
        {"stories": (AlertStory("Bitcoin falls on inflation figures", None, "Wire", 1, NOON),)},
    ],
)
def test_an_alert_of_another_topic_is_related_if_it_names_the_event_s(
    new_episode: NewEpisode, watchlist: Watchlist, named: dict[str, Any]
) -> None:
    episode = new_episode("bitcoin", 1, **named)
    matching = match([WITHDRAWN], [episode], watchlist)
    is_related = "inflation" not in str(named)
    assert only(matching).found is (Found.RELATED if is_related else Found.NOT)
    assert matching.others == (() if is_related else (episode,))


def test_an_episode_that_was_open_already_finds_nothing_but_is_told(
    new_episode: NewEpisode, watchlist: Watchlist
) -> None:
    found = only(match([WITHDRAWN], [new_episode("ftx", -20, closed=1)], watchlist))
    assert (found.found, found.delay, found.open_since) == (Found.NOT, None, NOON - timedelta(hours=20))
    assert only(match([WITHDRAWN], [new_episode("ftx", -20, closed=-1)], watchlist)).open_since is None


def test_without_events_every_episode_is_another(new_episode: NewEpisode, watchlist: Watchlist) -> None:
    episode = new_episode("ftx", 0)
    assert match([], [episode], watchlist) == Matching((), (episode,))
