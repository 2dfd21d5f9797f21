from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from models.topics.watchlist import Topic, Watchlist
from pipeline import wiring
from pipeline.candidates import EvidenceRecord, TickMark
from pipeline.metrics import Metrics
from pipeline.records import (
    Decision,
    Mark,
    Mention,
    MentionOrMark,
    Origin,
    ReadingRecord,
    Revision,
    SketchRecord,
    SpanRecord,
    Tick,
    TrendRecord,
    VersionCounts,
    decode,
    encode,
)
from pipeline.roles.logged_states import LoggedStates
from pipeline.settings import Settings
from pipeline.stage import MemoryStates, Outbound, States, partition_of
from pipeline.stages.link import LinkStage
from pipeline.stages.trends import TrendsStage, TrendsState

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ONE = Settings(partitions=1)  # all topics on one partition of `mentions`
N_SOURCES = 2


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def mention(
    offset: int, minutes: float, *, source: int = 0, known: float | None = None, topic: str = "ftx", **changes: Any
) -> Mention:
    fields: dict[str, Any] = {
        "topic": topic,
        "document_id": f"{source}-{offset}",
        "origin": Origin(source, offset),
        "kind": "news",
        "source": f"outlet-{offset % 3}",
        "published_at": at(minutes),
        "known_at": None if known is None else at(known),
        "is_late": False,
        "sentiment": (0.8, 0.1, 0.1),
        "excerpt": f"text {offset}",
        "url": None,
        "policy_version": "v1",
        "sketch": SketchRecord((source * 1000 + offset,)),
    }
    return Mention(**fields | changes)


def mark(minutes: float, *, source: int = 0, n_sources: int = 1, began: float = 0.0) -> Mark:
    return Mark(origin=Origin(source, 0), watermark=at(minutes), began_at=at(began), n_sources=n_sources)


def new_stage(states: States[TrendsState], metrics: Metrics | None = None, config: Settings = ONE) -> TrendsStage:
    return wiring.trends_stage(config, states, metrics or Metrics(CollectorRegistry()))


@pytest.fixture
def stage(metrics: Metrics) -> TrendsStage:
    return new_stage(MemoryStates(), metrics)


def caused(stage: TrendsStage, *records: MentionOrMark, partition: int = 0) -> list[Outbound]:
    return [out for n, record in enumerate(records) for out in stage.step(record, Origin(partition, n))]


def fed(stage: TrendsStage, *records: MentionOrMark, partition: int = 0) -> list[Outbound]:
    """Return what the records cause but for marks."""
    outbound = caused(stage, *records, partition=partition)
    return [out for out in outbound if not isinstance(out.record, TickMark)]


def tick_marks(outbound: Sequence[Outbound]) -> list[TickMark]:
    return [out.record for out in outbound if isinstance(out.record, TickMark)]


def windows(outbound: Sequence[Outbound]) -> list[tuple[str, float, str, int]]:
    """Return topic, minute of start, status and number of documents of each window."""
    return [
        (record.topic, (record.start_at - NOON).total_seconds() / 60, record.status, record.n_documents)
        for record in (out.record for out in outbound)
        if isinstance(record, TrendRecord) and record.resolution_s == ONE.bin_s
    ]


def test_a_window_is_told_when_the_mark_has_passed_its_end(stage: TrendsStage) -> None:
    assert fed(stage, mention(0, 1), mention(1, 2), mark(4.9)) == []
    assert windows(fed(stage, mark(5))) == [("ftx", 0.0, "provisional", 2)]
    assert windows(fed(stage, mark(35))) == [("ftx", 0.0, "final", 2)]


def test_how_far_all_sources_have_come_is_told_once_each_has_marked(
    stage: TrendsStage, registry: CollectorRegistry
) -> None:
    def told() -> float | None:
        return registry.get_sample_value("finsurge_watermark_timestamp_seconds", {"partition": "0"})

    fed(stage, mark(12, source=0, n_sources=2))
    assert told() is None
    fed(stage, mark(7, source=1, n_sources=2))
    assert told() == at(7).timestamp()
    fed(stage, mark(20, source=1, n_sources=2))
    assert told() == at(12).timestamp()
    stage.reset()
    assert told() is None


def test_a_mark_says_that_all_is_told_and_how_many_stories_each_tick_brought(stage: TrendsStage) -> None:
    assert [told.at for told in tick_marks(caused(stage, mention(0, 1), mark(4.9)))] == [at(0)]
    later = mention(1, 6, known=4, sentiment=(0.0, 0.75, 0.25))
    (told,) = tick_marks(caused(stage, later, mark(12)))
    assert (told.partition, told.at, told.n_partitions) == (0, at(10), 1)
    assert [(pulse.topic, pulse.at, pulse.n_stories, pulse.n_negative) for pulse in told.pulses] == [
        ("ftx", at(5), 1, 1),
        ("ftx", at(10), 1, 0),
    ]
    assert [pulse.polarity for pulse in told.pulses] == [pytest.approx(-0.7), 0.25]
    assert tick_marks(caused(stage, mark(12))) == []


def test_a_partition_without_topics_tells_that_too(stage: TrendsStage) -> None:
    assert [told.at for told in tick_marks(caused(stage, mark(12)))] == [at(10)]


def test_windows_lie_on_the_partition_of_their_topic(
    metrics: Metrics,
) -> None:
    stage = new_stage(MemoryStates(), metrics, Settings(partitions=4))
    outbound = fed(stage, *(mention(n, n, known=n - 2) for n in range(8)), mark(60), partition=3)
    assert {(out.key, out.partition) for out in outbound if out.kafka_topic == "trends"} == {(b"ftx", 3)}


def test_the_least_mark_of_all_sources_closes(stage: TrendsStage) -> None:
    assert fed(stage, mention(0, 1), mark(60, source=0, n_sources=3), mark(90, source=1, n_sources=3)) == []
    assert windows(fed(stage, mark(5, source=2, n_sources=3))) == [("ftx", 0.0, "provisional", 1)]
    assert fed(stage, mark(120, source=0, n_sources=3), mark(9.9, source=2, n_sources=3)) == []
    assert windows(fed(stage, mark(70, source=2, n_sources=3))) == [("ftx", 0.0, "final", 1)]


def test_a_mark_that_comes_again_closes_nothing_again(stage: TrendsStage) -> None:
    fed(stage, mention(0, 1), mark(5))
    assert fed(stage, mark(5), mark(3), mark(5)) == []


def test_a_mention_that_comes_again_is_counted_once(stage: TrendsStage) -> None:
    first, second = mention(7, 1), mention(8, 2)
    assert windows(fed(stage, first, second, first, second, mark(5))) == [("ftx", 0.0, "provisional", 2)]
    assert fed(stage, first, mark(10)) == []


def test_sources_have_offsets_of_their_own(stage: TrendsStage) -> None:
    records = [mention(7, 1, source=0), mention(7, 1, source=1), mention(3, 1, source=2)]
    assert windows(fed(stage, *records, mark(5))) == [("ftx", 0.0, "provisional", 3)]


def test_a_late_mention_goes_to_late_and_into_no_window(stage: TrendsStage) -> None:
    fed(stage, mention(0, 1), mark(60))
    late = mention(1, 2, known=60, is_late=True)
    (out,) = fed(stage, late)
    assert (out.kafka_topic, out.key, out.record) == ("late", b"ftx", late)
    assert fed(stage, late) == []
    assert {out.record.n_documents for out in fed(stage, mark(120))} == {1}  # of the hour


def test_a_delayed_mention_revises_its_window(stage: TrendsStage) -> None:
    fed(stage, mention(0, 1), mark(10))
    assert windows(fed(stage, mention(1, 2, known=10), mark(15))) == [("ftx", 0.0, "revised", 2)]


def test_topics_are_told_in_the_order_of_their_names(stage: TrendsStage) -> None:
    records = [mention(n, 1, topic=topic) for n, topic in enumerate(["tesla", "ford", "gold"])]
    assert [topic for topic, *_ in windows(fed(stage, *records, mark(5)))] == ["ford", "gold", "tesla"]


def test_windows_and_stories_are_counted(stage: TrendsStage, registry: CollectorRegistry) -> None:
    fed(stage, mention(0, 1), mention(1, 2, sketch=SketchRecord((7,))), mark(60))
    assert registry.get_sample_value("finsurge_windows_total", {"status": "final"}) == 1
    assert registry.get_sample_value("finsurge_stories_total") == 2


class Changelog:
    """A changelog's one partition, of which a crash leaves the beginning."""

    def __init__(self, records: Sequence[tuple[str, bytes | None]] = ()) -> None:
        self.records = list(records)

    @property
    def values(self) -> dict[str, bytes]:
        """The last value of every key."""
        last = dict(self.records)
        return {key: value for key, value in last.items() if value is not None}

    async def ends(self, partitions: set[int]) -> Mapping[int, int]:
        return dict.fromkeys(partitions, len(self.records))

    async def load(self, ends: Mapping[int, int]) -> Mapping[int, dict[str, bytes]]:
        return dict.fromkeys(ends, self.values)

    async def send(self, partition: int, key: bytes, value: bytes | None) -> Awaitable[Any]:
        sent: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        sent.set_result(SimpleNamespace(offset=len(self.records)))
        self.records.append((key.decode(), value))
        return sent


WATCHLIST = Watchlist((Topic(id="ftx", name="FTX"), Topic(id="gold", name="Gold"), Topic(id="ripple", name="Ripple")))
TEXTS = ("FTX halts withdrawals", "Gold falls", "FTX and Ripple fall", "Ripple rises")


def logged(seed: int) -> list[MentionOrMark]:
    """Return what two source partitions put into a partition of `mentions`: hours of news, then a crisis."""
    draw = random.Random(seed)
    metrics = Metrics(CollectorRegistry())
    link = LinkStage(
        WATCHLIST, MemoryStates(), metrics, partitions=N_SOURCES, disorder_s=120, grace_s=1800, bin_s=300
    )
    minutes = [(draw.uniform(0, 3000), draw.choice(TEXTS), draw.random() < 0.2) for _ in range(35)]
    minutes += [(3000 + 7.0 * n, "FTX halts withdrawals", True) for n in range(10)]
    minutes += [(draw.uniform(0, 60), "Gold falls", True)]
    minutes.sort(key=lambda entry: entry[0] + draw.uniform(0, 80))  # some late, some beyond the grace
    # corrections take away and bring what is named beyond the excerpt
    gold = (SpanRecord(900, 904, "Gold", (0.1, 0.8, 0.1)),)
    records: list[MentionOrMark] = []
    decided: list[Decision] = []
    offsets = [0] * N_SOURCES
    for minute, text, is_negative in minutes:
        source = draw.randrange(N_SOURCES)
        decision = Decision(
            document_id=f"{source}-{offsets[source]}",
            origin=Origin(source, offsets[source]),
            kind="news",
            source=f"outlet-{draw.randrange(4)}",
            published_at=at(minute),
            ingested_at=at(minute),
            decided_at=at(minute),
            excerpt=text,
            url=None,
            sentiment=(0.9, 0.1, 0.0) if is_negative else (0.1, 0.8, 0.1),
            spans=gold if draw.random() < 0.3 else (),
            propensity=1.0,
            policy_version="v1",
            from_cache=False,
            sketch=SketchRecord((draw.randrange(40), draw.randrange(40), draw.randrange(40))),
            negative_ratio=draw.choice([1.0, 1.2]),
        )
        offsets[source] += 1
        records += of_first_partition(link.step(decision, Origin(source, 0)))
        decided.append(decision)
        if draw.random() < 0.4:
            about = draw.choice(decided[-6:])
            sentiment = draw.choice([(0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.1, 0.8, 0.1)])
            right = ReadingRecord(sentiment, draw.choice([(), gold]))
            revision = revision_of(about, right, f"c{draw.randrange(20)}")
            for _ in range(draw.randint(1, 2)):  # some are logged twice
                records += of_first_partition(link.step(revision, Origin(about.origin.partition, 0)))
    for source in range(N_SOURCES):
        records += of_first_partition(link.step(Tick(stream_at=at(3400)), Origin(source, 0)))
    return records


def revision_of(decision: Decision, right: ReadingRecord, correction_id: str) -> Revision:
    return Revision(
        correction_id=correction_id,
        document_id=decision.document_id,
        origin=decision.origin,
        kind=decision.kind,
        source=decision.source,
        published_at=decision.published_at,
        revised_at=decision.decided_at,
        excerpt=decision.excerpt,
        url=decision.url,
        counted=ReadingRecord(decision.sentiment, decision.spans),
        right=right,
        policy_version=decision.policy_version,
        negative_ratio=decision.negative_ratio,
        sketch=decision.sketch,
    )


def of_first_partition(outbound: Sequence[Outbound]) -> list[MentionOrMark]:
    """Return the mentions, all of them put on one partition here, and each mark once."""
    return [
        out.record
        for out in outbound
        if isinstance(out.record, Mention) or (isinstance(out.record, Mark) and out.partition == 0)
    ]


class Worker:
    """Chunks of a log through a stage by the role's recipe; when told, it dies in the middle of writing its state."""

    def __init__(self) -> None:
        self.changelog = Changelog()
        self.sent: list[tuple[str, bytes]] = []
        self.marks: dict[datetime, TickMark] = {}

    async def start(self) -> None:
        decode = partial(wiring.decode_trends_state, ONE)
        self._states: LoggedStates[TrendsState] = LoggedStates(
            self.changelog, self.changelog.send, wiring.encode_trends_state, decode
        )
        self._stage = new_stage(self._states)
        await self.rebalance()

    async def rebalance(self) -> None:
        """Be given the partition, once more if it was given before."""
        await self._states.assign({0})
        self._stage.reset()

    async def take(self, *chunk: MentionOrMark) -> int:
        """Return how many records of state the chunk wrote."""
        for record in chunk:
            for out in self._stage.step(record, Origin(0, 0)):
                if isinstance(out.record, TickMark):
                    # the one that is told first is whole, and later ones of the tick change nothing
                    self.marks.setdefault(out.record.at, out.record)
                    continue
                self.sent.append((out.kafka_topic, encode(out.record)))
        n_before = len(self.changelog.records)
        await self._states.commit()
        return len(self.changelog.records) - n_before

    async def die(self, n_lost: int) -> None:
        """Lose the last writes, and start again with what the changelog holds."""
        self.changelog = Changelog(self.changelog.records[: len(self.changelog.records) - n_lost])
        await self.start()


@pytest.fixture
async def worker() -> Worker:
    return await started()


async def started() -> Worker:
    worker = Worker()
    await worker.start()
    return worker


async def undisturbed(
    log: Sequence[MentionOrMark],
) -> tuple[set[tuple[str, bytes]], dict[datetime, TickMark], dict[str, bytes]]:
    worker = await started()
    for record in log:
        await worker.take(record)
    # one correction can undo another, and a window look as it did before
    again = (b'"status":"corrected"', b'"status":"revised"')
    once = [entry for entry in worker.sent if not any(status in entry[1] for status in again)]
    assert len(set(once)) == len(once)
    return set(worker.sent), worker.marks, worker.changelog.values


async def disturbed(log: Sequence[MentionOrMark], draw: random.Random, max_events: int) -> Worker:
    worker, start = await started(), 0
    while start < len(log):
        chunk = log[start : start + draw.randint(1, max_events)]
        n_written = await worker.take(*chunk)
        fate = draw.random()
        if fate < 0.3:
            await worker.die(draw.randint(0, n_written))
            continue  # its input had not been acknowledged, and comes again in other chunks
        if fate < 0.4:
            await worker.rebalance()
            await worker.take(*chunk)
        start += len(chunk)
    return worker


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), max_events=st.sampled_from([1, 3, 10, 40]))
async def test_a_death_after_any_write_changes_no_window_no_evidence_and_no_state(seed: int, max_events: int) -> None:
    log = logged(seed)
    sent, marks, values = await undisturbed(log)
    worker = await disturbed(log, random.Random(seed), max_events)
    assert set(worker.sent) == sent
    assert worker.marks == marks
    assert counted(worker.changelog.values) == counted(values)


def counted(values: Mapping[str, bytes]) -> dict[str, Any]:
    """Return topics and marks; mentions that a death left behind may wait for their topic's next close."""
    return {key: msgspec.msgpack.decode(value) for key, value in values.items() if not key.startswith("+")}


async def test_the_logs_have_evidence_late_mentions_and_corrections_of_all_kinds_in_them() -> None:
    logs = [logged(seed) for seed in range(5)]
    sent = [entry for log in logs for entry in (await undisturbed(log))[0]]
    assert {kafka_topic for kafka_topic, _ in sent} == {"trends", "candidates", "late"}
    assert any(b'"revised"' in value for _, value in sent)
    assert any(b'"corrected"' in value for kafka_topic, value in sent if kafka_topic == "trends")
    changes = {record.change for log in logs for record in log if isinstance(record, Mention) and record.revision}
    assert changes == {"added", "revised", "retracted"}


async def test_what_waits_for_its_tick_is_kept_and_what_is_counted_is_dropped(worker: Worker) -> None:
    await worker.take(mention(0, 1), mention(1, 2))
    assert set(worker.changelog.values) == {"+ftx/0/0", "+ftx/0/1"}
    await worker.take(mark(5))
    assert set(worker.changelog.values) == {"ftx", "#0"}


async def test_after_a_restart_what_waited_is_counted_and_comes_again_in_vain(worker: Worker) -> None:
    await worker.take(mention(0, 1), mention(1, 2))
    await worker.die(0)
    await worker.take(mention(1, 2), mention(2, 3), mark(5))
    (window,) = [value for _, value in worker.sent]
    assert b'"n_documents":3' in window


async def test_what_waits_is_counted_once_after_a_rebalance_that_leaves_the_partition_here(worker: Worker) -> None:
    await worker.take(mention(0, 1), mark(5), mention(1, 6, known=4))
    await worker.rebalance()
    await worker.take(mark(10))
    assert [b'"n_documents":1' in value for _, value in worker.sent] == [True, True]


async def test_a_mention_that_was_observed_and_counted_in_one_chunk_is_not_lost_with_it(worker: Worker) -> None:
    chunk = (mention(0, 1), mark(6), mention(1, 11, known=6))
    await worker.take(*chunk)
    await worker.die(3)  # of four writes: what still waits; lost are the topic, what it has counted, and the marks
    assert set(worker.changelog.values) == {"+ftx/0/1"}
    await worker.take(*chunk, mark(15))
    assert (
        sum(b'"n_documents":1' in value for _, value in worker.sent) == 3
    )  # the first window twice, the second once


async def test_what_a_death_left_behind_of_counted_mentions_goes_with_the_next_close(worker: Worker) -> None:
    await worker.take(mention(0, 1))
    await worker.take(mark(5))
    await worker.die(2)  # the topic was written; neither the removal of its mention nor the marks
    assert set(worker.changelog.values) == {"+ftx/0/0", "ftx"}
    await worker.take(mark(5))
    await worker.take(mark(60))
    assert set(worker.changelog.values) == {"ftx", "#0"}


def corrected(first: Mention, number: int, known: float, **changes: Any) -> Mention:
    """Return what a revision of a mention's document says, neutral by default."""
    given: dict[str, Any] = {"sentiment": (0.1, 0.8, 0.1), "change": "revised"}
    return msgspec.structs.replace(first, known_at=at(known), revision=number, **given | changes)


def negatives(outbound: Sequence[Outbound]) -> list[tuple[str, int]]:
    """Return status and negative stories of each window."""
    return [
        (record.status, record.n_negative)
        for record in (out.record for out in outbound)
        if isinstance(record, TrendRecord) and record.resolution_s == ONE.bin_s
    ]


def test_a_revision_counts_though_its_document_was_applied(stage: TrendsStage, registry: CollectorRegistry) -> None:
    first = mention(0, 1)
    fed(stage, first, mention(1, 2), mark(5))
    revised = corrected(first, 0, known=5)
    assert negatives(fed(stage, revised, revised, mark(10))) == [("revised", 1)]
    assert fed(stage, revised, mark(12)) == []
    assert negatives(fed(stage, mark(40))) == [("final", 1)]
    assert negatives(fed(stage, corrected(first, 1, known=41, sentiment=(0.9, 0.1, 0.0)), mark(60))) == [
        ("corrected", 2)
    ]
    assert registry.get_sample_value("finsurge_trend_changes_total", {"outcome": "revised"}) == 2
    assert registry.get_sample_value("finsurge_stories_total") == 2  # a corrected view counts none again


def test_revisions_of_sources_have_numbers_of_their_own(stage: TrendsStage) -> None:
    left, right = mention(0, 1, source=0), mention(0, 2, source=1)
    fed(stage, left, right, mark(5, n_sources=2), mark(5, source=1, n_sources=2))
    revisions = [corrected(left, 3, known=6), corrected(right, 0, known=6), corrected(left, 2, known=6)]
    outbound = fed(stage, *revisions, mark(10, n_sources=2), mark(10, source=1, n_sources=2))
    assert negatives(outbound) == [("revised", 0)]


def test_a_policy_s_ratio_goes_with_its_stories(stage: TrendsStage) -> None:
    mentions = [mention(0, 1), mention(1, 2, policy_version="v2", negative_ratio=1.5)]
    (window,) = [out.record for out in fed(stage, *mentions, mark(5))]
    assert isinstance(window, TrendRecord)
    assert window.negative_ratio == 1.25
    assert window.stories_by_version == {"v1": VersionCounts(1, 1), "v2": VersionCounts(1, 1)}
    assert decode(TrendRecord, encode(window)) == window


def of_length(outbound: Sequence[Outbound], length_s: int) -> list[TrendRecord]:
    records = [out.record for out in outbound]
    return [one for one in records if isinstance(one, TrendRecord) and one.resolution_s == length_s]


def test_longer_windows_lie_beside_the_others_and_count_no_story_again(
    stage: TrendsStage, registry: CollectorRegistry
) -> None:
    outbound = fed(stage, mention(0, 1), mention(1, 61, known=60), mark(16 * 60))
    statuses = ["provisional", "final"]
    assert [one.status for one in of_length(outbound, 300)] == [*statuses, *statuses]
    assert [(one.status, one.n_documents) for one in of_length(outbound, 3_600)] == [
        ("provisional", 1), ("final", 1), ("provisional", 1), ("final", 1)
    ]  # fmt: skip
    assert [(one.status, one.n_documents) for one in of_length(outbound, 86_400)] == [
        ("provisional", 2), ("final", 2)
    ]  # fmt: skip
    assert {out.key for out in outbound} == {b"ftx"}
    assert registry.get_sample_value("finsurge_windows_total", {"status": "final"}) == 2
    assert registry.get_sample_value("finsurge_stories_total") == 2


def test_a_window_tells_its_shares_with_intervals(stage: TrendsStage) -> None:
    positive = mention(2, 3, sentiment=(0.1, 0.1, 0.8))
    copy = mention(3, 4, sketch=positive.sketch)
    (window,) = of_length(fed(stage, mention(0, 1), mention(1, 2), positive, copy, mark(5)), 300)
    assert (window.n_documents, window.n_stories, window.novelty) == (4, 3, 0.75)
    assert (window.negative_share, window.positive_share) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    # scipy.stats.binomtest(2, 3).proportion_ci(0.9, "wilson"), and of 1 in 3
    assert window.negative_interval == pytest.approx((0.253534, 0.921734), abs=1e-6)
    assert window.positive_interval == pytest.approx((0.078266, 0.746466), abs=1e-6)
    assert (window.adjusted_negative_share, window.adjusted_negative_interval) == (None, None)


def test_a_window_of_copies_has_no_shares(stage: TrendsStage) -> None:
    fed(stage, mention(0, 1), mark(5))
    (window,) = of_length(
        fed(
            stage,
            mention(
                1,
                6,
                known=5,
                sketch=SketchRecord((0,)),
            ),
            mark(10),
        ),
        300,
    )
    assert (window.n_documents, window.n_stories, window.novelty) == (1, 0, 0.0)
    shares = (window.negative_share, window.positive_share, window.negative_interval, window.positive_interval)
    assert shares == (None,) * 4


def test_the_known_errors_of_a_policy_are_taken_out_of_the_share(metrics: Metrics) -> None:
    rates = Settings(partitions=1, error_rates="v1=0.8/0.93")
    stage = new_stage(MemoryStates(), metrics, rates)
    neutral = (0.1, 0.8, 0.1)
    (window,) = of_length(fed(stage, mention(0, 1), mention(1, 2, sentiment=neutral), mark(5)), 300)
    # (1 / 2 - 0.07) / 0.73
    assert window.adjusted_negative_share == pytest.approx(0.589041, abs=1e-6)
    assert window.negative_interval is not None
    assert window.adjusted_negative_interval == pytest.approx(
        ((window.negative_interval[0] - 0.07) / 0.73, 1.0), abs=1e-9
    )
    (other,) = of_length(fed(stage, mention(2, 11, known=10, policy_version="v2"), mark(15)), 300)[-1:]
    assert other.adjusted_negative_share is None


@pytest.mark.parametrize("measured", [0.0, 1e9])
def test_a_ratio_that_cannot_be_is_taken_for_the_greatest_that_can(stage: TrendsStage, measured: float) -> None:
    (out,) = fed(stage, mention(0, 1, negative_ratio=measured), mark(5))
    assert isinstance(out.record, TrendRecord)
    assert out.record.negative_ratio in (pytest.approx(0.2), 5.0)


async def test_a_revision_that_waits_survives_a_restart_and_comes_again_in_vain(worker: Worker) -> None:
    first = mention(0, 1)
    await worker.take(first, mark(5))
    await worker.take(corrected(first, 0, known=5))
    assert set(worker.changelog.values) == {"ftx", "#0", "+ftx/0/r0"}
    await worker.die(0)
    await worker.take(corrected(first, 0, known=5), mark(10))
    assert set(worker.changelog.values) == {"ftx", "#0"}
    assert [b'"n_negative":0' in value for _, value in worker.sent] == [False, True]
    await worker.die(0)
    assert await worker.take(corrected(first, 0, known=5)) == 0


async def test_state_from_before_there_were_corrections_goes_on(worker: Worker) -> None:
    """The changelog of a topic with an open window, a final one, a surge detector and a mention that waits."""
    path = Path(__file__).parent / "trends_2026_11.json"
    worker.changelog = Changelog([(key, bytes.fromhex(value)) for key, value in json.loads(path.read_text()).items()])
    await worker.start()
    await worker.take(mark(3_745))
    first, second = mention(60, 3_726), mention(61, 3_728)
    await worker.take(corrected(first, 0, known=3_746), corrected(second, 1, known=3_746, change="retracted"))
    await worker.take(mark(3_751), mark(3_800), mark(4_400))
    windows = [decode(TrendRecord, value) for kafka_topic, value in worker.sent if kafka_topic == "trends"]
    bins = [window for window in windows if window.resolution_s == ONE.bin_s]
    assert all(0 <= window.n_negative <= window.n_stories <= window.n_documents for window in windows)
    assert [(window.status, window.n_documents, window.n_negative) for window in bins] == [
        ("provisional", 1, 1),
        ("revised", 1, 0),
        ("final", 1, 0),
        ("final", 1, 1),
    ]


async def test_after_a_reset_topics_of_all_partitions_are_found_again() -> None:
    config = Settings(partitions=4)
    states: MemoryStates[TrendsState] = MemoryStates()
    stage = new_stage(states, config=config)
    topics = {partition_of(topic, config.partitions): topic for topic in ("ftx", "gold", "tesla", "ford")}
    assert len(topics) > 1
    for partition, topic in topics.items():
        fed(stage, mention(0, 1, topic=topic), mark(5), partition=partition)
    stage.reset()
    for partition, topic in topics.items():
        assert windows(fed(stage, mark(60), partition=partition)) == [(topic, 0.0, "final", 1)]


def test_every_evidence_is_a_candidate(stage: TrendsStage) -> None:
    quiet = [mention(n, 60.0 * n, known=60.0 * n - 62, sentiment=(0.1, 0.8, 0.1)) for n in range(60)]
    crisis = [mention(60 + n, 3600 + n, known=3600 + n - 3) for n in range(12)]
    outbound = fed(stage, *quiet, *crisis, mark(3700))
    records = [out.record for out in outbound if isinstance(out.record, EvidenceRecord)]
    assert any(record.evidence.is_over for record in records)
    assert all((record.topic, record.at) == ("ftx", record.evidence.at) for record in records)
    assert {out.partition for out in outbound if isinstance(out.record, EvidenceRecord)} == {0}
