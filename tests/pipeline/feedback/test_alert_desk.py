import io
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from pipeline.feedback.actions_in_force import ActionsInForce
from pipeline.feedback.actions_on_alerts import Acknowledged, Resolved, Silenced
from pipeline.feedback.alert_desk import OpenEpisode, open_episodes
from pipeline.feedback.alert_view import episodes_table
from pipeline.receivers.sample import sample_alert
from pipeline.records import AlertRecord

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def alert(topic: str, hour: int = 0, **changes: Any) -> AlertRecord:
    return sample_alert(topic=topic, opened_at=NOON + hour * HOUR, **changes)


def test_the_open_ones_are_listed_the_last_opened_first_each_by_its_last_alert() -> None:
    alerts = [
        alert("early", 1),
        alert("late", 3),
        alert("over", 2),
        alert("early", 1, number=2, transition="escalated"),
        alert("over", 2, number=2, transition="closed"),
    ]
    found = open_episodes(alerts, ActionsInForce(), NOON)
    assert [(each.alert.topic, each.alert.number) for each in found] == [("late", 1), ("early", 2)]


def test_an_alert_that_comes_again_opens_nothing_anew() -> None:
    opened, closed = alert("a"), alert("a", number=2, transition="closed")
    assert open_episodes([opened, closed, opened], ActionsInForce(), NOON) == []
    again = alert("a", episode=2)
    assert [each.alert for each in open_episodes([opened, closed, again], ActionsInForce(), NOON)] == [again]


def test_the_episodes_of_a_topic_and_of_the_rules_on_it_are_told_apart() -> None:
    alerts = [alert("a"), alert("a", 1, rule="r"), alert("a", 1, rule="r", number=2, transition="closed")]
    assert [each.alert for each in open_episodes(alerts, ActionsInForce(), NOON)] == [alert("a")]
    alerts = [alert("a", 1, rule="r"), alert("a"), alert("a", number=2, transition="closed")]
    assert [each.alert.rule for each in open_episodes(alerts, ActionsInForce(), NOON)] == ["r"]


def test_what_people_said_stands_beside_it_and_what_they_resolved_is_gone() -> None:
    actions, told = ActionsInForce(), {"by": "ada", "at": NOON}
    seen = Acknowledged(id="1", topic="a", alert=alert("a"), **told)
    silenced = Silenced(id="2", topic="a", until=NOON + HOUR, **told)
    for action in (seen, silenced, Resolved(id="3", topic="b", alert=alert("b"), **told)):
        actions.update(action)
    alerts = [alert("a"), alert("b")]
    assert open_episodes(alerts, actions, NOON) == [OpenEpisode(alert("a"), seen, silenced)]
    assert open_episodes(alerts, actions, NOON + HOUR) == [OpenEpisode(alert("a"), seen, None)]


def test_the_table_says_who_looks_after_what_and_takes_no_topic_for_markup() -> None:
    seen = Acknowledged(id="1", topic="[red]a", alert=alert("[red]a"), by="ada", at=NOON)
    shown = io.StringIO()
    Console(width=200, file=shown).print(episodes_table([OpenEpisode(seen.alert, seen, None)], NOON + 2 * HOUR))
    text = shown.getvalue()
    assert "[red]a" in text
    assert "acknowledged by ada" in text
    assert "2.0 h" in text
