from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from models.topics.linking import Linker
from models.topics.watchlist import Topic, Watchlist
from pipeline.metrics import Metrics
from pipeline.records import Decision, DecisionOrTick, Mark, Mention, Origin, Tick
from pipeline.stage import MemoryStates, Outbound, partition_of
from pipeline.stages.link import LinkStage, SourceState

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PARTITIONS = 4
WATCHLIST = Watchlist((Topic(id="ftx", name="FTX"), Topic(id="gold", name="Gold", ambiguous=(), context=())))

NewDecision = Callable[..., Decision]


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def states() -> MemoryStates[SourceState]:
    return MemoryStates()


@pytest.fixture
def stage(states: MemoryStates[SourceState], metrics: Metrics) -> LinkStage:
    return LinkStage(
        Linker(WATCHLIST), states, metrics, partitions=PARTITIONS, disorder_s=120, grace_s=1800, bin_s=300
    )


def fed(stage: LinkStage, *records: DecisionOrTick, partition: int = 0) -> list[Outbound]:
    """Return all that these records of a partition of `decisions` cause."""
    return [out for n, record in enumerate(records) for out in stage.step(record, Origin(partition, n))]


def mentions(outbound: Iterable[Outbound]) -> list[Mention]:
    return [out.record for out in outbound if isinstance(out.record, Mention)]


def marks(outbound: Iterable[Outbound]) -> list[Mark]:
    return [out.record for out in outbound if isinstance(out.record, Mark)]


def watermarks(outbound: Iterable[Outbound]) -> list[datetime]:
    """Return the watermarks that were told, once each."""
    return sorted({mark.watermark for mark in marks(outbound)})


def test_each_topic_of_a_document_gets_a_mention_on_the_partition_of_its_key(
    stage: LinkStage, new_decision: NewDecision
) -> None:
    outbound = fed(stage, new_decision(0, excerpt="FTX and Gold fall", url="https://a.example"))
    found = {out.record.topic: out for out in outbound if isinstance(out.record, Mention)}
    assert set(found) == {"ftx", "gold"}
    for topic, out in found.items():
        assert (out.kafka_topic, out.key) == ("mentions", topic.encode())
        assert out.partition == partition_of(topic, PARTITIONS)
    mention = mentions(outbound)[0]
    assert (mention.document_id, mention.url, mention.policy_version) == ("d0", "https://a.example", "v1")
    assert mention.origin == Origin(0, 0)


def test_a_document_about_nothing_that_is_watched_makes_no_mention_but_moves_time_on(
    stage: LinkStage, new_decision: NewDecision
) -> None:
    outbound = fed(stage, new_decision(0, excerpt="It rains"))
    assert mentions(outbound) == []
    assert watermarks(outbound) == [at(-2)]


def test_the_first_decision_on_a_document_is_final(
    stage: LinkStage, new_decision: NewDecision, registry: CollectorRegistry
) -> None:
    first = new_decision(7)
    again = new_decision(7, policy_version="v2", sentiment=(0.0, 0.0, 1.0))
    outbound = fed(stage, first, again, new_decision(8, minutes=1), first, again)
    assert [(mention.document_id, mention.policy_version) for mention in mentions(outbound)] == [
        ("d7", "v1"),
        ("d8", "v1"),
    ]
    assert registry.get_sample_value("finsurge_repeated_decisions_total") == 3


def test_a_repeat_moves_no_time(stage: LinkStage, new_decision: NewDecision) -> None:
    fed(stage, new_decision(7))
    assert fed(stage, new_decision(7, minutes=600)) == []
    (mention,) = mentions(fed(stage, new_decision(8, minutes=1)))
    assert mention.known_at == at(-2)


def test_source_partitions_are_judged_apart(stage: LinkStage, new_decision: NewDecision) -> None:
    fed(stage, new_decision(100, minutes=600), partition=0)
    (mention,) = mentions(fed(stage, new_decision(3, partition=1), partition=1))
    assert (mention.known_at, mention.is_late) == (None, False)


def test_a_mention_says_how_far_time_had_come_before_it(stage: LinkStage, new_decision: NewDecision) -> None:
    found = mentions(fed(stage, new_decision(0), new_decision(1, 10), new_decision(2, 5), new_decision(3, 11)))
    assert [mention.known_at for mention in found] == [None, at(-2), at(8), at(8)]


def test_a_document_is_late_when_the_grace_of_its_window_is_over(
    stage: LinkStage, new_decision: NewDecision, registry: CollectorRegistry
) -> None:
    # the watermark stands at 12:40; the window of 12:05 has ended at 12:10, its grace at 12:40
    found = mentions(fed(stage, new_decision(0, 42), new_decision(1, 9.99), new_decision(2, 10)))
    assert [mention.is_late for mention in found] == [False, True, False]
    assert registry.get_sample_value("finsurge_late_total") == 1


def test_a_mark_goes_to_every_partition_of_mentions(stage: LinkStage, new_decision: NewDecision) -> None:
    outbound = [out for out in fed(stage, new_decision(5), partition=2) if isinstance(out.record, Mark)]
    assert [out.partition for out in outbound] == [0, 1, 2, 3]
    assert {(out.kafka_topic, out.key) for out in outbound} == {("mentions", b"")}
    mark = marks(outbound)[0]
    assert (mark.origin, mark.watermark, mark.n_sources) == (Origin(2, 5), at(-2), PARTITIONS)


def test_marks_are_sent_only_when_the_watermark_enters_another_bin(
    stage: LinkStage, new_decision: NewDecision
) -> None:
    minutes = (0.0, 1.0, 1.9, 2.0, 6.9, 1.0, 7.0, 7.5, 30.0)
    outbound = fed(stage, *(new_decision(n, minute) for n, minute in enumerate(minutes)))
    assert watermarks(outbound) == [at(-2), at(0), at(5), at(28)]


def test_mentions_of_a_document_come_before_the_mark_that_it_causes(
    stage: LinkStage, new_decision: NewDecision
) -> None:
    # or its window could be closed before it is counted
    kinds = [type(out.record).__name__ for out in fed(stage, new_decision(0))]
    assert kinds == ["Mention", "Mark", "Mark", "Mark", "Mark"]


def test_a_tick_moves_an_idle_partition_on_as_a_document_of_that_time_would(
    stage: LinkStage, new_decision: NewDecision
) -> None:
    fed(stage, new_decision(0))
    outbound = fed(stage, Tick(stream_at=at(60)))
    assert watermarks(outbound) == [at(58)]
    # what was published within the disorder is on time after it, as it would be in a busy partition
    (mention,) = mentions(fed(stage, new_decision(1, 59)))
    assert (mention.known_at, mention.is_late) == (at(58), False)


def test_a_tick_gives_time_to_a_partition_that_never_had_a_document(
    stage: LinkStage, new_decision: NewDecision
) -> None:
    outbound = fed(stage, Tick(stream_at=at(60)))
    assert watermarks(outbound) == [at(58)]
    assert {mark.began_at for mark in marks(outbound)} == {at(58)}
    (mention,) = mentions(fed(stage, new_decision(0, 61)))
    assert (mention.known_at, mention.is_late) == (at(58), False)


def test_marks_say_when_their_partition_began(stage: LinkStage, new_decision: NewDecision) -> None:
    outbound = fed(stage, new_decision(0, 30), new_decision(1, 0), new_decision(2, 90))
    assert [mark.began_at for mark in marks(outbound)] == [at(28)] * 8


def test_a_tick_that_is_behind_changes_nothing(stage: LinkStage, new_decision: NewDecision) -> None:
    assert watermarks(fed(stage, new_decision(0, 60), Tick(stream_at=at(0)))) == [at(58)]
    (mention,) = mentions(fed(stage, new_decision(1, 61)))
    assert mention.known_at == at(58)


def test_a_restored_snapshot_behaves_like_the_original(
    states: MemoryStates[SourceState], stage: LinkStage, new_decision: NewDecision, registry: CollectorRegistry
) -> None:
    draw = random.Random(3)
    twin_states: MemoryStates[SourceState] = MemoryStates()
    twin = LinkStage(
        Linker(WATCHLIST),
        twin_states,
        Metrics(CollectorRegistry()),
        partitions=PARTITIONS,
        disorder_s=120,
        grace_s=1800,
        bin_s=300,
    )
    for n in range(200):
        record: DecisionOrTick = new_decision(n - draw.randrange(3), n + draw.randrange(90))
        if draw.random() < 0.2:
            record = Tick(stream_at=at(n + draw.randrange(60)))
        assert stage.step(record, Origin(0, n)) == twin.step(record, Origin(0, n))
        held = twin_states.get("0")
        assert held is not None
        restored = SourceState.restore(held.snapshot(), disorder_s=120)
        assert restored.snapshot() == held.snapshot()
        twin_states.put("0", 0, restored)


def test_a_new_source_has_nothing_applied() -> None:
    state = SourceState.restore(SourceState(120).snapshot(), disorder_s=120)
    assert (state.applied, state.marked_at, state.watermark.at) == (-1, None, None)
