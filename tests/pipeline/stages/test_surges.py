from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from alerts.episodes.fleet import Family
from alerts.rules.book import RuleBook
from alerts.rules.parse import parse_rules
from alerts.surges.evidence import Evidence, EvidenceStory, Pulse, SurgeReason
from pipeline.candidates import Candidate, EvidenceRecord, RulesRecord, RulesTaken, TickMark
from pipeline.metrics import Metrics
from pipeline.records import AlertRecord, Origin, decode, encode
from pipeline.stage import MemoryStates, Outbound, partition_of
from pipeline.stages.alert import AlertWriter
from pipeline.stages.surges import SurgesStage
from pipeline.stages.surges_state import SurgesState, decode_surges_state, encode_surges_state

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
N_PARTITIONS = 2
FAMILY = Family(dict.fromkeys(("ftx", "kraken", "okx", "bybit", "gemini"), ("exchanges",)))
BOOK = parse_rules("default: {hold: 1h, cool_down: 0s}")


def candidate(hours: float, topic: str = "ftx", *, is_over: bool = True, **changes: Any) -> EvidenceRecord:
    moment = NOON + timedelta(hours=hours)
    fields: dict[str, Any] = {
        "topic": topic,
        "at": moment,
        "reason": SurgeReason.SURGE if is_over else SurgeReason.QUIET,
        "is_over": is_over,
        "is_raised": is_over,
        "return_period_s": 5e6 if is_over else 0.0,
        "n_negative": 5,
        "n_stories": 6,
        "expected": 0.5,
        "expected_low": 0,
        "expected_high": 2,
        "negative_share": 5 / 6,
        "usual_share": 0.2,
        "p_volume": 1e-6,
        "p_share": 1e-3,
        "onset_at": NOON,
        "n_sources": 2,
        "baseline_age_s": 1e6,
        "stories": (EvidenceStory("FTX halts withdrawals", None, "Wire", 3, NOON),),
        "policy_versions": ("v1", "v2"),
    }
    return EvidenceRecord(topic=topic, at=moment, evidence=Evidence(**fields | changes))


def mark(hours: float, partition: int = 0, *pulses: Pulse) -> TickMark:
    return TickMark(
        partition=partition, at=NOON + timedelta(hours=hours), n_partitions=N_PARTITIONS, pulses=tuple(pulses)
    )


def marks(hours: float, *pulses: Pulse) -> list[TickMark]:
    return [mark(hours, 0, *pulses), mark(hours, 1)]


@pytest.fixture
def states() -> MemoryStates[SurgesState]:
    return MemoryStates()


def new_stage(states: MemoryStates[SurgesState], metrics: Metrics, book: RuleBook = BOOK) -> SurgesStage:
    writer = AlertWriter({"ftx": "FTX Trading", "exchanges": "crypto exchanges"}, "https://console.example/")
    return SurgesStage(states, metrics, partitions=N_PARTITIONS, bin_s=300, family=FAMILY, book=book, writer=writer)


def fed(stage: SurgesStage, *records: Candidate) -> list[Outbound]:
    return [out for n, record in enumerate(records) for out in stage.step(record, Origin(0, n))]


def closed(stage: SurgesStage, *candidates: EvidenceRecord) -> list[AlertRecord]:
    """Return the alerts of candidates, each tick of which is closed when it is there."""
    made = []
    for at, each in itertools.groupby(sorted(candidates, key=lambda one: one.at), key=lambda one: one.at):
        hours = (at - NOON).total_seconds() / 3_600
        made += alerts(fed(stage, *each, *marks(hours)))
    return made


def alerts(outbound: list[Outbound]) -> list[AlertRecord]:
    return [out.record for out in outbound if isinstance(out.record, AlertRecord)]


EPISODE = (
    candidate(0),
    candidate(0.5, n_negative=20, n_sources=6, return_period_s=2e7),
    candidate(1, n_negative=20, n_sources=6, return_period_s=2e7),
    candidate(1.5, is_over=False),
    candidate(3, is_over=False),
    candidate(10),
)
WITH_MARKS: tuple[Candidate, ...] = tuple(
    record for each in EPISODE for record in (each, *marks((each.at - NOON).total_seconds() / 3_600))
)


def test_an_episode_makes_one_alert_a_transition(
    states: MemoryStates[SurgesState], metrics: Metrics, registry: CollectorRegistry
) -> None:
    made = closed(new_stage(states, metrics), *EPISODE)
    assert [(alert.id, alert.transition, alert.severity) for alert in made] == [
        ("ftx/1/1", "opened", "warning"),
        ("ftx/1/2", "escalated", "critical"),
        ("ftx/1/3", "closed", "critical"),
        ("ftx/2/1", "opened", "warning"),
    ]
    assert registry.get_sample_value("finsurge_alerts_total", {"transition": "opened"}) == 2


def test_an_alert_carries_its_evidence_and_lies_on_the_partition_of_its_topic(
    states: MemoryStates[SurgesState], metrics: Metrics
) -> None:
    (out,) = fed(new_stage(states, metrics), candidate(0, related=("exchanges",)), *marks(0))
    assert (out.kafka_topic, out.key, out.partition) == ("alerts", b"ftx", partition_of("ftx", N_PARTITIONS))
    (alert,) = alerts([out])
    assert (alert.topic_name, alert.n_negative, alert.n_stories, alert.n_sources) == ("FTX Trading", 5, 6, 2)
    assert (alert.at, alert.opened_at, alert.onset_at) == (NOON, NOON, NOON)
    assert [(story.excerpt, story.copies) for story in alert.stories] == [("FTX halts withdrawals", 3)]
    assert alert.policy_versions == ("v1", "v2")
    assert alert.related == ("crypto exchanges",)
    assert alert.link == "https://console.example/topics/ftx?alert=ftx%2F1%2F1"
    assert "FTX Trading" in alert.summary
    assert decode(AlertRecord, encode(alert)) == alert


def test_a_topic_that_is_on_no_watchlist_is_called_by_its_key(
    states: MemoryStates[SurgesState], metrics: Metrics
) -> None:
    (alert,) = closed(new_stage(states, metrics), candidate(0, topic="acme gmbh"))
    assert alert.topic_name == "acme gmbh"


def test_a_tick_closes_when_all_partitions_have_told_it(states: MemoryStates[SurgesState], metrics: Metrics) -> None:
    stage = new_stage(states, metrics)
    assert fed(stage, candidate(0), mark(0, 0)) == []
    assert fed(stage, mark(-0.5, 1)) == []
    assert [alert.id for alert in alerts(fed(stage, mark(0, 1)))] == ["ftx/1/1"]


def test_evidence_that_comes_again_makes_no_alert_again(states: MemoryStates[SurgesState], metrics: Metrics) -> None:
    stage = new_stage(states, metrics)
    assert len(alerts(fed(stage, *WITH_MARKS))) == 4
    assert fed(stage, *WITH_MARKS) == []


def restored(states: MemoryStates[SurgesState]) -> MemoryStates[SurgesState]:
    """Return what the changelog of these states gives back."""
    back: MemoryStates[SurgesState] = MemoryStates()
    for key, state in states.items():
        back.put(key, 0, decode_surges_state(key, encode_surges_state(state), BOOK, 300))
    return back


SHOCK = tuple(
    candidate(hours, topic, n_negative=n, expected=expected)
    for hours in (0, 1 / 12, 2 / 12, 3 / 12)
    for topic, n, expected in (("exchanges", 40, 2.5), ("ftx", 9, 0.5), ("kraken", 8, 0.5), ("okx", 8, 0.5))
)


@pytest.mark.parametrize("records", [EPISODE, SHOCK], ids=["episode", "shock"])
@pytest.mark.parametrize("n_written", range(18))
def test_a_crash_between_outputs_and_state_repeats_alerts_under_the_same_ids(
    records: tuple[EvidenceRecord, ...], metrics: Metrics, n_written: int
) -> None:
    log = [*records, *marks(24)]
    expected = alerts(fed(new_stage(MemoryStates(), metrics), *log))
    written: MemoryStates[SurgesState] = MemoryStates()
    sent = alerts(fed(new_stage(written, metrics), *log[:n_written]))
    recovered = restored(written)
    sent += alerts(fed(new_stage(written, metrics), *log[n_written:]))  # sent, and its state lost
    sent += alerts(fed(new_stage(recovered, metrics), *log))
    assert {alert.id: alert for alert in sent} == {alert.id: alert for alert in expected}
    assert len(expected) > 0


QUIET = parse_rules("default: {quiet: [{begin: '11:00', end: '14:00', timezone: UTC}]}")


@pytest.mark.parametrize("book", [BOOK, QUIET], ids=["", "quiet"])
@pytest.mark.parametrize("hours", [1, 24])
@pytest.mark.parametrize("seed", range(8))
def test_a_crash_while_states_are_written_changes_no_alert(
    metrics: Metrics, seed: int, hours: float, book: RuleBook
) -> None:
    """The changelog holds some of a step's states and not the others: those first that are written first."""
    draw = random.Random(seed)
    log = [*SHOCK, *marks(hours)]
    expected = {alert.id: alert for alert in alerts(fed(new_stage(MemoryStates(), metrics, book), *log, *marks(30)))}
    before: MemoryStates[SurgesState] = MemoryStates()
    sent = alerts(fed(new_stage(before, metrics, book), *log[:-1]))
    before = restored(before)
    after = restored(before)
    sent += alerts(fed(new_stage(after, metrics, book), log[-1]))
    torn = restored(before)
    for key, state in after.items():  # topics are written before what waited is dropped and marks are moved on
        if key.startswith("~") or (not key.startswith(("#", "+")) and draw.random() < 0.5):
            torn.put(key, 0, state)
    sent += alerts(fed(new_stage(torn, metrics, book), *log, *marks(30)))
    assert {alert.id: alert for alert in sent} == expected
    assert expected


def test_the_order_in_which_partitions_deliver_changes_nothing(metrics: Metrics) -> None:
    in_order = closed(new_stage(MemoryStates(), metrics), *SHOCK)
    shuffled = random.Random(1).sample(SHOCK, len(SHOCK))
    at_once = alerts(fed(new_stage(MemoryStates(), metrics), *shuffled, mark(1, 1), mark(1, 0)))
    assert at_once == in_order
    assert in_order


def test_topics_have_episodes_of_their_own(states: MemoryStates[SurgesState], metrics: Metrics) -> None:
    made = closed(new_stage(states, metrics), candidate(0), candidate(0.5, "gold"), candidate(0.75, "gold"))
    assert [alert.id for alert in made] == ["ftx/1/1", "gold/1/1"]


def test_an_episode_that_corrections_close_says_so(states: MemoryStates[SurgesState], metrics: Metrics) -> None:
    none = candidate(0.5, is_over=False, reason=SurgeReason.CORRECTED, n_negative=1, n_corrected=4, stories=())
    made = closed(new_stage(states, metrics), candidate(0), none)
    assert [(alert.transition, alert.reason, alert.n_negative) for alert in made] == [
        ("opened", "surge", 5),
        ("closed", "corrected", 1),
    ]
    assert "is over after 30 min, as 4 negative stories were corrected" in made[-1].summary


def test_a_shock_that_many_children_share_is_one_alert_of_their_parent(
    states: MemoryStates[SurgesState], metrics: Metrics
) -> None:
    (alert,) = closed(new_stage(states, metrics), *SHOCK)
    assert (alert.topic, alert.reason, alert.n_affected) == ("exchanges", "shared", 3)
    assert [(each.topic_name, each.n_negative) for each in alert.affected] == [
        ("FTX Trading", 9),
        ("kraken", 8),
        ("okx", 8),
    ]
    assert "reaches FTX Trading, kraken, okx" in alert.summary


def test_evidence_from_before_there_were_corrections_is_read() -> None:
    raw = msgspec.json.decode(encode(candidate(0)))
    for name in ("n_corrected", "negative_ratio", "n_posts", "dispersion", "related", "crossing"):
        del raw["evidence"][name]
    assert decode(Candidate, msgspec.json.encode(raw)) == candidate(0)  # type: ignore[arg-type]


def test_another_rule_book_holds_from_the_next_tick_on(states: MemoryStates[SurgesState], metrics: Metrics) -> None:
    stage = new_stage(states, metrics)
    off = RulesRecord(id="1", version="v", text="topics: {ftx: {is_on: false}}", by="ada", at=NOON)
    fed(stage, *marks(-1))
    (out,) = fed(stage, off)
    assert (out.kafka_topic, out.key) == ("config", b"rules/1")
    assert isinstance(out.record, RulesTaken)
    assert (out.record.by, out.record.after) == ("ada", NOON - timedelta(hours=1))
    assert [alert.topic for alert in closed(stage, candidate(0), candidate(0, "gold"))] == ["gold"]


def test_rules_with_a_mistake_are_refused_and_those_before_hold(
    states: MemoryStates[SurgesState], metrics: Metrics, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    stage = new_stage(states, metrics)
    fed(stage, *marks(-1))
    bad = RulesRecord(id="1", version="v", text="topics: {ftx: {is_on: perhaps}}", by="ada", at=NOON)
    assert fed(stage, bad) == []
    assert [alert.topic for alert in closed(stage, candidate(0))] == ["ftx"]
    assert "the rules that ada sent are refused" in caplog.text
    shown = [registry.get_sample_value("finsurge_rules_total", {"outcome": each}) for each in ("taken", "refused")]
    assert shown == [0, 1]
    fed(stage, RulesRecord(id="2", version="v", text="topics: {ftx: {is_on: false}}", by="ada", at=NOON))
    assert registry.get_sample_value("finsurge_rules_total", {"outcome": "taken"}) == 1


def test_how_far_all_partitions_have_come_is_told(
    states: MemoryStates[SurgesState], metrics: Metrics, registry: CollectorRegistry
) -> None:
    stage = new_stage(states, metrics)
    fed(stage, mark(0, 0), mark(1, 1))
    told = registry.get_sample_value("finsurge_watermark_timestamp_seconds", {"partition": "0"})
    assert told == NOON.timestamp()


def test_a_rule_may_ask_for_less_than_the_default(metrics: Metrics) -> None:
    weekly = candidate(0, is_over=False, reason=SurgeReason.VOLUME_NOT_RAISED, return_period_s=7.0 * 86_400)
    assert closed(new_stage(MemoryStates(), metrics), weekly) == []
    eager = parse_rules("default: {false_alarms: 5}")
    assert [alert.id for alert in closed(new_stage(MemoryStates(), metrics, eager), weekly)] == ["ftx/1/1"]


def test_quiet_hours_hold_an_alert_until_their_end(states: MemoryStates[SurgesState], metrics: Metrics) -> None:
    stage = new_stage(states, metrics, QUIET)
    assert closed(stage, candidate(0)) == []
    assert alerts(fed(stage, *marks(1.9))) == []
    (alert,) = alerts(fed(stage, *marks(2)))
    assert (alert.id, alert.at) == ("ftx/1/1", NOON)
    assert alerts(fed(stage, *marks(3))) == []


def test_what_is_critical_breaks_quiet_hours_and_brings_what_was_held(
    states: MemoryStates[SurgesState], metrics: Metrics
) -> None:
    made = closed(new_stage(states, metrics, QUIET), *EPISODE[:2])
    assert [(alert.id, alert.severity) for alert in made] == [("ftx/1/1", "warning"), ("ftx/1/2", "critical")]


SOUR = parse_rules(
    "topics: {ftx: {absolutes: [{name: sour, polarity_below: -0.4, for: 10m, window: 1h, min_stories: 3}]}}"
)


def test_an_absolute_rule_opens_and_closes_an_episode_of_its_own(
    states: MemoryStates[SurgesState], metrics: Metrics
) -> None:
    stage = new_stage(states, metrics, SOUR)
    pulse = Pulse("ftx", NOON, 4, 3, -2.4)
    assert alerts(fed(stage, *marks(0, pulse))) == []
    opened, *rest = alerts(fed(stage, *marks(24)))
    assert (opened.id, opened.rule, opened.reason) == ("ftx!sour/1/1", "sour", "absolute")
    assert opened.at == NOON + timedelta(minutes=10)
    assert opened.summary == ("FTX Trading: polarity −0.60 over 1 h, below −0.40 for 10 min: 3 of 4 stories negative")
    assert [(alert.id, alert.transition) for alert in rest] == [("ftx!sour/1/2", "closed")]


def test_counts_of_topics_without_absolute_rules_are_not_kept(
    states: MemoryStates[SurgesState], metrics: Metrics
) -> None:
    fed(new_stage(states, metrics), mark(0, 0, Pulse("ftx", NOON, 4, 3, -2.4)))
    assert [key for key, _ in states.items()] == ["#"]


def test_a_topic_that_is_switched_off_has_no_absolute_rules_either(
    states: MemoryStates[SurgesState], metrics: Metrics
) -> None:
    off = parse_rules(
        "topics: {ftx: {is_on: false, absolutes: [{name: sour, polarity_below: -0.4, for: 0m, min_stories: 3}]}}"
    )
    assert alerts(fed(new_stage(states, metrics, off), *marks(0, Pulse("ftx", NOON, 4, 3, -2.4)), *marks(24))) == []
