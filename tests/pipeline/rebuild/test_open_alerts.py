"""The past is not told again, the present is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from pipeline.rebuild.open_alerts import OpenAlerts, to_tell
from pipeline.receivers.sample import sample_alert
from pipeline.records import AlertRecord


def opened(topic: str, episode: int = 1, **changes: Any) -> AlertRecord:
    return sample_alert(topic=topic, episode=episode, id=f"{topic}/{episode}/{changes.get('number', 1)}", **changes)


def holding(*alerts: AlertRecord) -> OpenAlerts:
    held = OpenAlerts()
    for alert in alerts:
        held.update(alert)
    return held


def test_an_episode_that_was_told_and_is_still_open_is_not_told_again() -> None:
    assert to_tell(holding(opened("ftx")), holding(opened("ftx"))) == []


def test_a_new_gravity_of_the_same_episode_is_for_live_to_tell() -> None:
    graver = opened("ftx", number=2, transition="escalated", severity="critical")
    assert to_tell(holding(opened("ftx")), holding(opened("ftx"), graver)) == []


def test_what_is_open_no_longer_is_closed_once() -> None:
    told = holding(opened("ftx", 3))
    (end,) = to_tell(told, holding())
    assert (end.id, end.number, end.transition, end.reason) == ("ftx/3/2", 2, "closed", "rebuilt")
    told.update(end)
    assert to_tell(told, holding()) == []


def test_what_is_open_now_and_was_not_told_is_told() -> None:
    assert [alert.id for alert in to_tell(holding(), holding(opened("ftx"), opened("gold")))] == [
        "ftx/1/1",
        "gold/1/1",
    ]


def test_an_episode_that_began_at_another_time_takes_the_place_of_the_one_told() -> None:
    earlier = opened("ftx", opened_at=sample_alert().opened_at - timedelta(hours=1))
    assert [(alert.transition, alert.id) for alert in to_tell(holding(opened("ftx")), holding(earlier))] == [
        ("closed", "ftx/1/2"),
        ("opened", "ftx/1/1"),
    ]


def test_what_history_alone_led_to_is_not_told_before_it_changes() -> None:
    past = opened("ftx")
    assert to_tell(holding(), holding(past), past=[past]) == []
    graver = opened("ftx", number=2, transition="escalated", severity="critical")
    assert to_tell(holding(), holding(past, graver), past=[past]) == [graver]


def test_a_surge_and_an_absolute_rule_of_one_topic_are_told_apart() -> None:
    surge = opened("ftx")
    absolute = msgspec.structs.replace(surge, rule="low", id="ftx!low/1/1")
    assert to_tell(holding(surge, absolute), holding(surge, absolute)) == []
    (end,) = to_tell(holding(surge, absolute), holding(surge))
    assert (end.id, end.rule) == ("ftx!low/1/2", "low")


def test_a_closed_episode_is_not_open() -> None:
    assert holding(opened("ftx"), opened("ftx", number=2, transition="closed")).get() == ()
