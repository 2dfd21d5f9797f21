"""Whom alerts and actions are put into the outbox for."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from pipeline.feedback.actions_on_alerts import Acknowledged, AlertAction, Escalated, Resolved, Silenced
from pipeline.metrics import Metrics
from pipeline.receivers.outbox import Outbox
from pipeline.receivers.sample import sample_alert
from pipeline.receivers.teller import Teller
from pipeline.records import AlertRecord, Origin

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
RECEIVERS = ["log", "am", "desk"]


class Told:
    """A teller over a changelog, whose outbox is emptied at once; `sample` is on the only partition."""

    def __init__(self, changelog) -> None:
        self._states = changelog.states()
        self.outbox = Outbox(self._states, RECEIVERS, Metrics(CollectorRegistry()))
        self.teller = Teller(
            self._states, self.outbox, Metrics(CollectorRegistry()), forgetful=frozenset({"am"}), partitions=1
        )
        self._n_actions = 0

    async def start(self) -> Told:
        await self._states.assign({0})
        return self

    async def alert(self, **changes: Any) -> dict[str, list[str]]:
        async with self.outbox.changes():
            self.teller.take_alert(sample_alert(**changes), 0, NOON)
        return await self._emptied()

    async def action(self, action: AlertAction, *, is_owned: bool = True) -> dict[str, list[str]]:
        async with self.outbox.changes():
            self.teller.take_action(action, Origin(0, self._n_actions), NOON, is_owned=is_owned)
        self._n_actions += 1
        return await self._emptied()

    async def _emptied(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in RECEIVERS:
            while (waiting := self.outbox.head(name)) is not None:
                found.setdefault(name, []).append(waiting.alert.id)
                await self.outbox.done(waiting)
        return found


def on(kind: Any, alert: AlertRecord | None = None) -> Any:
    return kind(id="a", topic="sample", by="ada", at=NOON, alert=alert or sample_alert())


def silence(**changes: Any) -> Silenced:
    return Silenced(id="s", topic="sample", by="ada", at=NOON, until=NOON + timedelta(hours=1), **changes)


async def test_a_silenced_topic_is_told_to_the_log_alone_but_forgetful_receivers_hear_of_its_end(changelog) -> None:
    told = await Told(changelog).start()
    assert await told.action(silence()) == {}
    assert await told.alert(number=1) == {"log": ["sample/1/1"]}
    assert await told.alert(number=2, transition="closed") == {"log": ["sample/1/2"], "am": ["sample/1/2"]}
    assert list(told.teller.open_alerts()) == []


async def test_what_people_do_about_a_silenced_topic_is_told_to_those_who_must_know_but_an_escalation_to_all(
    changelog,
) -> None:
    told = await Told(changelog).start()
    await told.alert(number=1)
    await told.action(silence(also_critical=True))
    seen, up, done = "sample/1/acknowledged-a", "sample/1/escalated-a", "sample/1/resolved-a"
    assert await told.action(on(Acknowledged)) == {"log": [seen], "am": [seen]}
    assert await told.action(on(Escalated)) == {name: [up] for name in RECEIVERS}
    assert await told.action(on(Resolved)) == {"log": [done], "am": [done]}


async def test_what_is_kept_from_receivers_is_not_told_again_to_one_that_forgets(changelog) -> None:
    told = await Told(changelog).start()
    await told.alert(number=1)
    await told.action(on(Acknowledged))
    await told.alert(number=2, transition="escalated", severity="critical")
    (held,) = told.teller.open_alerts()
    assert (held.severity, held.number) == ("warning", 1)


async def test_an_action_follows_the_routes_of_its_alert_and_an_escalation_goes_to_all(changelog) -> None:
    told, routed = await Told(changelog).start(), sample_alert(routes=("desk",))
    await told.alert(routes=("desk",))
    ack = "sample/1/acknowledged-a"
    assert await told.action(on(Acknowledged, routed)) == {"log": [ack], "desk": [ack]}
    up = "sample/1/escalated-a"
    assert await told.action(on(Escalated, routed)) == {"log": [up], "am": [up], "desk": [up]}
    (held,) = told.teller.open_alerts()
    assert held.severity == "critical"
    end = "sample/1/3"
    assert await told.alert(number=3, transition="closed", routes=("desk",)) == {
        "log": [end],
        "am": [end],
        "desk": [end],
    }


async def test_after_a_resolution_the_log_alone_hears_more(changelog) -> None:
    told = await Told(changelog).start()
    await told.alert(number=1)
    done = "sample/1/resolved-a"
    assert await told.action(on(Resolved)) == {name: [done] for name in RECEIVERS}
    assert list(told.teller.open_alerts()) == []
    assert await told.alert(number=2, transition="escalated", severity="critical") == {"log": ["sample/1/2"]}
    assert list(told.teller.open_alerts()) == []
    assert await told.alert(number=3, transition="closed") == {"log": ["sample/1/3"]}


async def test_a_person_who_saw_an_older_alert_acts_upon_the_episode_as_it_is(changelog) -> None:
    told = await Told(changelog).start()
    await told.alert(number=1)
    await told.alert(number=2, transition="escalated", severity="critical", summary="graver")
    async with told.outbox.changes():
        told.teller.take_action(on(Resolved), Origin(0, 0), NOON, is_owned=True)
    waiting = told.outbox.head("desk")
    assert waiting is not None
    assert (waiting.alert.number, waiting.alert.summary) == (2, "graver")


async def test_an_action_of_a_partition_that_another_process_owns_holds_but_is_told_there(changelog) -> None:
    told = await Told(changelog).start()
    assert await told.action(on(Resolved), is_owned=False) == {}
    assert await told.alert(number=2) == {"log": ["sample/1/2"]}


async def test_an_action_that_was_told_before_holds_and_is_not_told_again(changelog) -> None:
    first = await Told(changelog).start()
    await first.alert(number=1)
    await first.action(on(Acknowledged))
    again = await Told(changelog).start()
    assert await again.action(on(Acknowledged)) == {}
    (held,) = again.teller.open_alerts()
    assert held.id == "sample/1/acknowledged-a"


async def test_an_action_that_is_keyed_otherwise_is_pointed_out(changelog, caplog: pytest.LogCaptureFixture) -> None:
    states = changelog.states()
    await states.assign({0, 1})
    outbox = Outbox(states, RECEIVERS, Metrics(CollectorRegistry()))
    teller = Teller(states, outbox, Metrics(CollectorRegistry()), forgetful=frozenset(), partitions=2)
    with caplog.at_level(logging.WARNING):
        for partition in (0, 1):
            async with outbox.changes():
                teller.take_action(on(Resolved), Origin(partition, 0), NOON, is_owned=True)
    assert caplog.messages == ["action a is not told: it must be keyed by its topic, sample"]
    assert outbox.head("desk") is not None
