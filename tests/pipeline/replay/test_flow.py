"""Replay: the promise that results are a function of the decisions, whatever their interleaving."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from models.topics.watchlist import Topic, Watchlist
from pipeline.metrics import Metrics
from pipeline.records import (
    AlertRecord,
    Decision,
    DecisionOrTick,
    Mention,
    Origin,
    ReadingRecord,
    Revision,
    SketchRecord,
    Tick,
    TrendRecord,
    encode,
)
from pipeline.replay.flow import Replay, Result
from pipeline.settings import Settings

START = datetime(2026, 1, 1, tzinfo=UTC)
N_SOURCES = 3
WATCHLIST = Watchlist((Topic(id="ftx", name="FTX"), Topic(id="gold", name="Gold"), Topic(id="ripple", name="Ripple")))
TEXTS = ("FTX halts withdrawals", "Gold falls", "FTX and Ripple fall", "Ripple rises")


def new_replay(n_sources: int = N_SOURCES) -> Replay:
    return Replay(Settings(partitions=n_sources), WATCHLIST, Metrics(CollectorRegistry()))


def decision(partition: int, offset: int, minute: float, text: str, *, is_negative: bool = False) -> Decision:
    at = START + timedelta(minutes=minute)
    return Decision(
        document_id=f"{partition}-{offset}",
        origin=Origin(partition, offset),
        kind="news",
        source=f"source-{offset % 5}",
        published_at=at,
        ingested_at=at,
        decided_at=at,
        excerpt=text,
        url=None,
        sentiment=(0.9, 0.1, 0.0) if is_negative else (0.1, 0.8, 0.1),
        spans=(),
        propensity=1.0,
        policy_version="v1",
        from_cache=False,
        sketch=SketchRecord(tuple(range(partition * 1000 + offset, partition * 1000 + offset + 8)), ()),
    )


def revision(of: Decision, sentiment: tuple[float, float, float], correction_id: str) -> Revision:
    return Revision(
        correction_id=correction_id,
        document_id=of.document_id,
        origin=of.origin,
        kind=of.kind,
        source=of.source,
        published_at=of.published_at,
        revised_at=of.decided_at,
        excerpt=of.excerpt,
        url=of.url,
        counted=ReadingRecord(of.sentiment, of.spans),
        right=ReadingRecord(sentiment, ()),
        policy_version=of.policy_version,
        sketch=of.sketch,
    )


def days_with_a_crisis(seed: int) -> list[list[DecisionOrTick]]:
    """Return three days of ordinary news, then two hours of trouble at FTX, as logs of source partitions."""
    draw = random.Random(seed)
    minutes = [(draw.random() * 4320, draw.choice(TEXTS), draw.random() < 0.1) for _ in range(120)]
    minutes += [(4320 + n * 8.0, "FTX halts withdrawals", True) for n in range(15)]
    logs: list[list[DecisionOrTick]] = [[] for _ in range(N_SOURCES)]
    for minute, text, is_negative in sorted(minutes):
        partition = draw.randrange(N_SOURCES)
        offset = len(logs[partition])
        logs[partition].append(decision(partition, offset, minute, text, is_negative=is_negative))
    return logs


def interleaved(logs: list[list[DecisionOrTick]], seed: int) -> list[tuple[int, DecisionOrTick]]:
    """Return the logs as they could arrive: each in its own order, the whole in any."""
    draw = random.Random(seed)
    order = [partition for partition, log in enumerate(logs) for _ in log]
    draw.shuffle(order)
    waiting = [iter(log) for log in logs]
    return [(partition, next(waiting[partition])) for partition in order]


def replayed(records: list[tuple[int, DecisionOrTick]]) -> list[Result]:
    replay = new_replay()
    results = [result for partition, record in records for result in replay.feed(record, partition)]
    return [*results, *replay.close()]


def as_set(results: list[Result]) -> set[bytes]:
    encoded = [encode(result) for result in results]
    # one correction can undo another, and a window look as it did before
    once = [encode(result) for result in results if getattr(result, "status", None) not in ("revised", "corrected")]
    assert len(set(once)) == len(once), "a result came twice"
    return set(encoded)


minutes = st.one_of(st.integers(0, 100), st.integers(1440, 1500), st.integers(0, 3000))
documents = st.tuples(minutes, st.sampled_from(TEXTS), st.booleans())
ticks = st.one_of(st.none(), st.integers(0, 3000))
# of how many decisions before, and whether that was negative
corrections = st.one_of(st.none(), st.tuples(st.integers(0, 3), st.booleans()))


@settings(max_examples=60, deadline=None)
@given(
    held=st.lists(
        st.lists(st.tuples(documents, ticks, corrections), max_size=15), min_size=N_SOURCES, max_size=N_SOURCES
    ),
    seeds=st.tuples(st.integers(0, 2**32), st.integers(0, 2**32)),
)
def test_no_interleaving_of_the_partitions_changes_any_result(
    held: list[list[tuple[tuple[int, str, bool], int | None, tuple[int, bool] | None]]], seeds: tuple[int, int]
) -> None:
    logs: list[list[DecisionOrTick]] = []
    for partition, entries in enumerate(held):
        log: list[DecisionOrTick] = []
        decided: list[Decision] = []
        for offset, ((minute, text, is_negative), tick, correction) in enumerate(entries):
            decided.append(decision(partition, offset, minute, text, is_negative=is_negative))
            log.append(decided[-1])
            if correction is not None:
                back, was_negative = correction
                sentiment = (1.0, 0.0, 0.0) if was_negative else (0.0, 0.0, 1.0)
                log.append(revision(decided[max(0, offset - back)], sentiment, f"c{offset}"))
            if tick is not None:
                log.append(Tick(stream_at=START + timedelta(minutes=tick)))
        logs.append(log)
    assert as_set(replayed(interleaved(logs, seeds[0]))) == as_set(replayed(interleaved(logs, seeds[1])))


def test_a_crisis_gives_the_same_alerts_in_every_interleaving() -> None:
    logs = days_with_a_crisis(seed=5)
    found = []
    for seed in range(4):
        alerts = [result for result in replayed(interleaved(logs, seed)) if isinstance(result, AlertRecord)]
        found.append({alert.id: alert for alert in alerts})
    assert set(found[0]) >= {"ftx/1/1"}
    assert all(alert.topic == "ftx" for alert in found[0].values())
    assert found[1:] == found[:1] * 3


def corrected_crisis(seed: int) -> list[list[DecisionOrTick]]:
    """Return three days of ordinary news and two hours of trouble at FTX, most of which analysts say was none."""
    logs = days_with_a_crisis(seed)
    first_at = START + timedelta(minutes=4320)
    for log in logs:
        wrong = [record for record in log if isinstance(record, Decision) and record.published_at >= first_at]
        log.append(Tick(stream_at=first_at + timedelta(minutes=132)))
        log += [revision(record, (0.0, 1.0, 0.0), f"c{record.document_id}") for record in wrong]
        log += [Tick(stream_at=first_at + timedelta(minutes=minute)) for minute in range(150, 600, 30)]
    return logs


def test_an_alert_whose_stories_are_corrected_is_closed_with_that_reason() -> None:
    results = replayed(interleaved(corrected_crisis(seed=5), seed=0))
    alerts = [result for result in results if isinstance(result, AlertRecord) and result.topic == "ftx"]
    assert [(alert.transition, alert.reason) for alert in alerts] == [("opened", "surge"), ("closed", "corrected")]
    # they were let through two hours and ten minutes into it; a surge that fades is held for six hours
    assert alerts[-1].at == START + timedelta(minutes=4320 + 135)
    assert "negative stories were corrected" in alerts[-1].summary
    assert alerts[-1].n_negative == 0


def test_corrections_give_the_same_in_every_interleaving_and_when_logged_twice() -> None:
    logs = corrected_crisis(seed=5)
    expected = as_set(replayed(interleaved(logs, seed=0)))
    twice = [[*log, *(record for record in log if isinstance(record, Revision))] for log in logs]
    assert as_set(replayed(interleaved(logs, seed=1))) == expected
    assert as_set(replayed(interleaved(twice, seed=2))) == expected


def test_decisions_that_were_logged_twice_change_nothing() -> None:
    records = interleaved(days_with_a_crisis(seed=6), seed=0)
    again = [entry for n, entry in enumerate(records) for entry in ([entry, entry] if n % 3 == 0 else [entry])]
    assert as_set(replayed(again)) == as_set(replayed(records))


def test_closing_makes_every_window_final() -> None:
    results = replayed(interleaved(days_with_a_crisis(seed=7), seed=0))
    windows = [result for result in results if isinstance(result, TrendRecord) and result.resolution_s == 300]
    late = [result for result in results if isinstance(result, Mention)]
    final = {(window.topic, window.start_at): window for window in windows if window.status == "final"}
    assert {(window.topic, window.start_at) for window in windows} == set(final)
    n_mentions = sum(
        2 if record.excerpt == "FTX and Ripple fall" else 1
        for log in days_with_a_crisis(seed=7)
        for record in log
        if isinstance(record, Decision)
    )
    assert sum(window.n_documents for window in final.values()) + len(late) == n_mentions


def test_without_decisions_there_is_nothing_to_close() -> None:
    assert list(new_replay().close()) == []
