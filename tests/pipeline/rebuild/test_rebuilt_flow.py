"""What a rebuild leaves behind, live goes on with as if it had never been disturbed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from models.topics.watchlist import Topic, Watchlist
from pipeline import wiring
from pipeline.broker.decision_log import HISTORY_OFFSET, before_live
from pipeline.candidates import RulesRecord, RulesTaken
from pipeline.metrics import Metrics
from pipeline.rebuild.rebuilt_flow import RebuiltFlow
from pipeline.records import AlertRecord, Decision, DecisionOrTick, Mention, Origin, Tick, TrendRecord, encode
from pipeline.replay.flow import Replay, Result
from pipeline.settings import Settings
from pipeline.stage import MemoryStates, States

SETTINGS = Settings(partitions=3)
START = datetime(2026, 1, 1, tzinfo=UTC)
FTX, GOLD, RIPPLE = Topic(id="ftx", name="FTX"), Topic(id="gold", name="Gold"), Topic(id="ripple", name="Ripple")
WATCHLIST = Watchlist((FTX, GOLD, RIPPLE))

Entry = tuple[int, DecisionOrTick]


def run(flow: Replay | RebuiltFlow, entries: Sequence[Entry]) -> list[Result]:
    return [result for partition, record in entries for result in flow.feed(record, partition)]


def undisturbed(watchlist: Watchlist = WATCHLIST) -> Replay:
    return Replay(SETTINGS, watchlist, Metrics(CollectorRegistry()))


def rebuilt(watchlist: Watchlist = WATCHLIST) -> RebuiltFlow:
    return RebuiltFlow(SETTINGS, watchlist, Metrics(CollectorRegistry()))


def live_after(flow: RebuiltFlow, watchlist: Watchlist = WATCHLIST) -> Replay:
    """Return the stages over what the changelogs hold once the flow's state is written there."""

    def restored(role: str) -> States[Any]:
        log = wiring.state_log(SETTINGS, role)
        states: MemoryStates[Any] = MemoryStates()
        for partition, key, value in flow.states[role].changes({}, log.encode):
            assert value is not None
            states.put(key, partition, log.decode(key, value))
        return states

    return Replay(SETTINGS, watchlist, Metrics(CollectorRegistry()), restored)


def encoded(results: Sequence[Result]) -> list[bytes]:
    return sorted(encode(result) for result in results)


def final(results: Sequence[Result]) -> set[bytes]:
    return {encode(result) for result in results if isinstance(result, TrendRecord) and result.status == "final"}


def alerts(results: Sequence[Result]) -> list[AlertRecord]:
    return [result for result in results if isinstance(result, AlertRecord)]


# in ordinary times, within the crisis while its episode is open, and when it has closed: 160, then 30, then 100
@pytest.mark.parametrize("at", [0, 90, 178, 240])
def test_live_goes_on_as_if_nothing_had_happened(stream: Callable[[int], list[Entry]], at: int) -> None:
    entries = stream(3)
    once = undisturbed()
    before, after = run(once, entries[:at]), run(once, entries[at:])
    flow = rebuilt()
    assert encoded(run(flow, entries[:at])) == encoded(before)
    assert encoded(run(live_after(flow), entries[at:])) == encoded(after)
    assert [alert.transition for alert in alerts(before + after) if alert.topic == "ftx"][:1] == ["opened"]


def test_a_topic_that_is_new_on_the_watchlist_has_its_past_and_its_alerts(
    stream: Callable[[int], list[Entry]],
) -> None:
    entries = stream(3)
    without = run(undisturbed(Watchlist((GOLD, RIPPLE))), entries[:178])
    assert alerts(without) == []
    flow = rebuilt()
    run(flow, entries[:178])
    assert [alert.topic for alert in flow.alerts.get()] == ["ftx"]
    once = undisturbed()
    run(once, entries[:178])
    assert encoded(run(live_after(flow), entries[178:])) == encoded(run(once, entries[178:]))


def test_a_decision_that_comes_again_after_a_rebuild_counts_once(stream: Callable[[int], list[Entry]]) -> None:
    entries = stream(3)
    flow = rebuilt()
    run(flow, entries[:120])
    again = run(live_after(flow), [*entries[100:120], *entries[120:]])
    once = undisturbed()
    run(once, entries[:120])
    assert encoded(again) == encoded(run(once, entries[120:]))


def as_history(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries as they come out of `history`: of no offset that counts, and with a tick at the end."""
    places = [0, 0, 0]
    found: list[Entry] = []
    for partition, record in entries:
        places[partition] += 1
        found.append((partition, before_live(record, Origin(partition, places[partition]))))
    newest_at = max(record.published_at for _, record in entries if isinstance(record, Decision))
    return found + [(partition, Tick(stream_at=newest_at)) for partition in range(3)]


def from_zero(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries as if their documents were the first in `documents`."""
    offsets = [0, 0, 0]
    found: list[Entry] = []
    for partition, record in entries:
        assert isinstance(record, Decision)
        origin = Origin(partition, offsets[partition])
        offsets[partition] += 1
        found.append((partition, Decision(**{**_fields(record), "origin": origin})))
    return found


def _fields(record: Decision) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__struct_fields__}


@pytest.mark.parametrize("at", [40, 120, 165, 178])
def test_history_and_live_give_the_trends_and_the_later_alerts_of_one_run(
    stream: Callable[[int], list[Entry]], at: int
) -> None:
    entries = stream(3)
    once = undisturbed()
    past, later = run(once, entries[:at]), run(once, entries[at:])
    flow = rebuilt()
    made = run(flow, as_history(entries[:at]))
    flow.end_history()
    live = run(live_after(flow), from_zero(entries[at:]))
    assert final(made + live) == final(past + later)
    assert alerts(made + live) == alerts(past + later)
    assert [result for result in live if isinstance(result, Mention)] == []  # nothing is late


def test_without_history_the_same_crisis_is_told_by_a_younger_baseline(
    stream: Callable[[int], list[Entry]],
) -> None:
    entries = stream(3)
    flow = rebuilt()
    run(flow, as_history(entries[:150]))
    with_history = alerts(run(live_after(flow), from_zero(entries[150:])))
    without = alerts(run(undisturbed(), from_zero(entries[150:])))
    assert with_history[0].baseline_age_s > 2.5 * 86_400
    assert not without or without[0].baseline_age_s < 86_400


def test_the_tick_after_history_makes_no_live_document_late(stream: Callable[[int], list[Entry]]) -> None:
    entries = stream(3)
    flow = rebuilt()
    run(flow, as_history(entries[:120]))
    _, last = entries[119]
    assert isinstance(last, Decision)
    # out of order by less than the grace of half an hour: delayed, and it counts
    delayed = Decision(
        **{
            **_fields(last),
            "published_at": last.published_at - timedelta(minutes=20),
            "origin": Origin(0, 0),
            "excerpt": "FTX halts withdrawals",
            "document_id": "delayed",
        }
    )
    results = run(live_after(flow), [(0, delayed), *[(n, Tick(stream_at=last.published_at)) for n in range(3)]])
    assert [result for result in results if isinstance(result, Mention)] == []


def test_offsets_of_history_come_before_all_live_ones_and_are_in_order() -> None:
    from pipeline.records import BEFORE_ALL

    # 2^48 records of history and 2^62 below that: neither a partition nor an offset ever gets there
    assert BEFORE_ALL < HISTORY_OFFSET < HISTORY_OFFSET + 10**12 < 0


def test_rules_that_were_applied_hold_from_when_they_did(stream: Callable[[int], list[Entry]]) -> None:
    entries = stream(3)
    told = alerts(run(undisturbed(), entries))
    (opened, *_) = [alert for alert in told if alert.topic == "ftx"]
    silent = "topics: {ftx: {is_on: false}}"
    for after, n_told in ((opened.at - timedelta(minutes=5), 0), (None, 0), (told[-1].at, len(told))):
        flow = rebuilt()
        flow.change_rules(RulesTaken(version="v", text=silent, by="ada", at=START, after=after))
        assert len([alert for alert in alerts(run(flow, entries)) if alert.topic == "ftx"]) == n_told


def test_rules_that_wait_hold_from_where_the_rebuild_ends(stream: Callable[[int], list[Entry]]) -> None:
    entries = stream(3)
    flow = rebuilt()
    run(flow, entries[:160])
    record = RulesRecord(id="r", version="v", text="topics: {ftx: {is_on: false}}", by="ada", at=START)
    (outbound,) = flow.take_rules(record)
    assert (outbound.kafka_topic, outbound.key) == ("config", b"rules/r")
    assert isinstance(outbound.record, RulesTaken)
    assert outbound.record.after is not None
    assert outbound.record.after <= START + timedelta(minutes=4320)
    assert [alert for alert in alerts(run(live_after(flow), entries[160:])) if alert.topic == "ftx"] == []
