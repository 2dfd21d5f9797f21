from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline.feedback.actions import action_of
from pipeline.feedback.actions_in_force import ActionsInForce
from pipeline.feedback.actions_on_alerts import Acknowledged, Escalated, Resolved, Silenced, alert_action_of
from pipeline.receivers.notice import WithheldReason
from pipeline.receivers.sample import sample_alert
from pipeline.records import encode

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
RAW = (
    b'{"type":"silenced","schema":1,"id":"a-1","topic":"tesla","by":"ada","at":"2026-01-02T12:00:00Z",'
    b'"reason":"earnings call","until":"2026-01-02T16:00:00Z","also_critical":false}'
)


def silence(**changes: Any) -> Silenced:
    return Silenced(**({"id": "s", "topic": "sample", "by": "ada", "at": NOON, "until": NOON + 4 * HOUR} | changes))


def on(kind: Any, **changes: Any) -> Any:
    return kind(id="a", topic="sample", by="ada", at=NOON, alert=sample_alert(**changes))


def test_a_silence_travels_as_it_is_documented() -> None:
    silenced = Silenced(id="a-1", topic="tesla", by="ada", at=NOON, reason="earnings call", until=NOON + 4 * HOUR)
    assert encode(silenced) == RAW
    assert alert_action_of(RAW) == silenced


@pytest.mark.parametrize("kind", [Acknowledged, Escalated, Resolved])
def test_an_action_on_an_episode_carries_its_alert_and_comes_back_as_what_it_was(kind: Any) -> None:
    action = on(kind)
    back = alert_action_of(encode(action).replace(b'"id":"a"', b'"id":"a","colour":"red"'))
    assert (type(back), back) == (kind, action)


def test_releases_and_actions_on_alerts_do_not_read_each_other() -> None:
    assert action_of(RAW) is None
    assert alert_action_of(b'{"type":"quarantine_released"}') is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"no json",
        RAW.replace(b'"by":"ada"', b'"by":" "'),
        RAW.replace(b'"by":"ada"', b'"by":"a\\nb"'),
        RAW.replace(b'"tesla"', b'""'),
        RAW.replace(b'"until":"2026-01-02T16:00:00Z"', b'"until":"2026-01-02T16:00:00"'),
        encode(on(Resolved)).replace(b'"topic":"sample","by"', b'"topic":"other","by"'),
    ],
    ids=["nothing", "no json", "by nobody", "two lines", "no topic", "no offset", "another topic's alert"],
)
def test_what_is_no_action_is_refused(value: bytes | None) -> None:
    with pytest.raises(msgspec.DecodeError):
        alert_action_of(value)


def test_a_silence_holds_from_when_it_is_known_until_its_end_and_for_its_topic_alone() -> None:
    actions = ActionsInForce()
    actions.update(silence())
    assert actions.withheld(sample_alert(), NOON + 4 * HOUR - timedelta(seconds=1)) is WithheldReason.SILENCED
    assert actions.withheld(sample_alert(), NOON + 4 * HOUR) is None
    assert actions.withheld(sample_alert(topic="other"), NOON) is None


def test_a_later_silence_takes_the_place_of_the_one_before_and_may_end_it() -> None:
    actions = ActionsInForce()
    actions.update(silence())
    actions.update(silence(until=NOON + 8 * HOUR))
    assert actions.withheld(sample_alert(), NOON + 6 * HOUR) is WithheldReason.SILENCED
    actions.update(silence(until=NOON))
    assert actions.withheld(sample_alert(), NOON + HOUR) is None


@pytest.mark.parametrize("transition", ["opened", "escalated", "closed"])
def test_what_is_critical_goes_through_a_silence_that_does_not_say_otherwise(transition: str) -> None:
    critical = sample_alert(severity="critical", transition=transition)
    actions = ActionsInForce()
    actions.update(silence())
    assert actions.withheld(critical, NOON) is None
    actions.update(silence(also_critical=True))
    assert actions.withheld(critical, NOON) is WithheldReason.SILENCED


def test_an_acknowledged_episode_is_not_escalated_but_its_end_is_told_and_so_is_the_next_episode() -> None:
    actions = ActionsInForce()
    actions.update(on(Acknowledged))
    escalated = {"transition": "escalated", "severity": "critical"}
    assert actions.withheld(sample_alert(number=2, **escalated), NOON) is WithheldReason.ACKNOWLEDGED
    assert actions.withheld(sample_alert(number=3, transition="closed"), NOON) is None
    assert actions.withheld(sample_alert(episode=2, number=2, **escalated), NOON) is None


def test_what_is_said_of_an_episode_of_a_rule_is_not_said_of_the_topics_own() -> None:
    actions, ruled = ActionsInForce(), {"number": 2, "transition": "escalated", "rule": "r"}
    actions.update(on(Resolved, rule="r"))
    assert actions.withheld(sample_alert(**ruled), NOON) is WithheldReason.RESOLVED
    assert actions.withheld(sample_alert(number=2, transition="escalated"), NOON) is None


def test_of_a_resolved_episode_nothing_more_is_told_however_critical() -> None:
    actions = ActionsInForce()
    actions.update(on(Resolved))
    for number, transition in enumerate(("escalated", "closed"), 2):
        alert = sample_alert(number=number, transition=transition, severity="critical")
        assert actions.withheld(alert, NOON) is WithheldReason.RESOLVED
    assert actions.withheld(sample_alert(episode=2), NOON) is None
