from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from models.topics.watchlist import Topic, Watchlist
from pipeline.metrics import Metrics
from pipeline.records import (
    BEFORE_ALL,
    Decision,
    DecisionOrTick,
    Mark,
    Mention,
    Origin,
    ReadingRecord,
    Revision,
    SpanRecord,
    Tick,
    decode,
    encode,
)
from pipeline.stage import MemoryStates, Outbound, partition_of
from pipeline.stages.link import MAX_REMEMBERED, LinkStage, SourceState

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PARTITIONS = 4
WATCHLIST = Watchlist((Topic(id="ftx", name="FTX"), Topic(id="gold", name="Gold", ambiguous=(), context=())))

NewDecision = Callable[..., Decision]
NewRevision = Callable[..., Revision]
POSITIVE = (0.0, 0.0, 1.0)
NEUTRAL = (0.0, 1.0, 0.0)

OLD_SNAPSHOT = (
    "84a76170706c69656407a96d61726b65645f6174d6ff6957b91ca977617465726d61726bc406d6ff6957b9d0a8626567616e"
    "5f6174d6ff6957b340"
)
OLD_MENTION = (
    b'{"type":"mention","schema":1,"topic":"ftx","document_id":"d0","origin":[0,0],"kind":"news","source":'
    b'"Wire","published_at":"2026-01-02T12:00:00Z","known_at":null,"is_late":false,"sentiment":[0.8,0.1,0.'
    b'1],"excerpt":"FTX halts withdrawals","url":null,"policy_version":"v1","sketch":[[1],[],[],0]}'
)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def states() -> MemoryStates[SourceState]:
    return MemoryStates()


@pytest.fixture
def stage(states: MemoryStates[SourceState], metrics: Metrics) -> LinkStage:
    return LinkStage(WATCHLIST, states, metrics, partitions=PARTITIONS, disorder_s=120, grace_s=1800, bin_s=300)


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


def test_late_mentions_are_counted_one_by_one(
    stage: LinkStage, new_decision: NewDecision, registry: CollectorRegistry
) -> None:
    both = new_decision(
        1,
        9.99,
        excerpt="FTX buys Gold",
        spans=(SpanRecord(0, 3, "FTX", POSITIVE), SpanRecord(9, 13, "Gold", POSITIVE)),
    )
    found = mentions(fed(stage, new_decision(0, 42), both, new_decision(2, 9.99, excerpt="nobody", spans=())))
    assert [mention.topic for mention in found if mention.is_late] == ["ftx", "gold"]
    assert registry.get_sample_value("finsurge_late_total") == 2


def test_how_far_each_partition_has_come_is_told_until_it_is_given_up(
    stage: LinkStage, new_decision: NewDecision, registry: CollectorRegistry
) -> None:
    def told(partition: int) -> float | None:
        return registry.get_sample_value("finsurge_watermark_timestamp_seconds", {"partition": str(partition)})

    fed(stage, new_decision(0, 10))
    fed(stage, Tick(stream_at=at(12)), partition=3)  # in which nothing was published
    assert (told(0), told(3)) == (at(8).timestamp(), at(10).timestamp())
    fed(stage, Tick(stream_at=at(20)))
    assert told(0) == at(18).timestamp()
    stage.reset()
    assert (told(0), told(3)) == (None, None)


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


def changes(outbound: Iterable[Outbound]) -> list[tuple[str, str, int | None]]:
    return [(mention.topic, mention.change, mention.revision) for mention in mentions(outbound)]


def test_a_revision_changes_the_sentiment_towards_the_topics_of_its_document(
    stage: LinkStage, new_decision: NewDecision, new_revision: NewRevision
) -> None:
    decision = new_decision(3, excerpt="FTX and Gold fall", negative_ratio=1.25)
    fed(stage, decision, new_decision(4, minutes=30))
    (first, second) = mentions(fed(stage, new_revision(decision, POSITIVE)))
    assert (first.topic, first.change, first.sentiment) == ("ftx", "revised", POSITIVE)
    assert (first.document_id, first.origin, first.published_at) == ("d3", Origin(0, 3), at(0))
    # known at the watermark at which it was let through
    assert (first.known_at, first.is_late, first.revision, first.negative_ratio) == (at(28), False, 0, 1.25)
    assert (second.topic, second.revision) == ("gold", 0)


def test_a_topic_that_is_not_named_after_all_is_retracted_and_one_that_is_named_is_added(
    stage: LinkStage, new_decision: NewDecision, new_revision: NewRevision
) -> None:
    # the policy's span made a topic of what lies beyond the excerpt
    wrong = SpanRecord(900, 903, "FTX", (0.8, 0.1, 0.1))
    right = SpanRecord(950, 954, "Gold", POSITIVE)
    decision = new_decision(0, excerpt="Markets today", spans=(wrong,))
    assert [mention.topic for mention in mentions(fed(stage, decision))] == ["ftx"]
    outbound = fed(stage, new_revision(decision, ReadingRecord(NEUTRAL, (right,))))
    assert changes(outbound) == [("ftx", "retracted", 0), ("gold", "added", 0)]
    assert [mention.sentiment for mention in mentions(outbound)] == [(0.8, 0.1, 0.1), POSITIVE]


def test_topics_of_which_nothing_else_is_said_are_left_alone(
    stage: LinkStage, new_decision: NewDecision, new_revision: NewRevision
) -> None:
    towards = SpanRecord(0, 3, "FTX", (0.8, 0.1, 0.1))
    decision = new_decision(0, excerpt="FTX and Gold fall", spans=(towards,))
    fed(stage, decision)
    outbound = fed(stage, new_revision(decision, ReadingRecord(POSITIVE, (towards,))))
    assert changes(outbound) == [("gold", "revised", 0)]
    assert changes(fed(stage, new_revision(decision, decision.sentiment, "c2"))) == []


def test_a_revision_that_is_logged_again_changes_nothing_more(
    stage: LinkStage, new_decision: NewDecision, new_revision: NewRevision, registry: CollectorRegistry
) -> None:
    decision = new_decision(0)
    first, second = new_revision(decision, POSITIVE), new_revision(decision, NEUTRAL, "c2")
    again = new_revision(decision, POSITIVE, revised_at=at(9_999))
    outbound = fed(stage, decision, first, second, again, second, first)
    assert changes(outbound) == [("ftx", "added", None), ("ftx", "revised", 0), ("ftx", "revised", 1)]
    assert registry.get_sample_value("finsurge_revisions_total", {"outcome": "applied"}) == 2
    assert registry.get_sample_value("finsurge_revisions_total", {"outcome": "repeated"}) == 3


def test_a_revision_before_its_decision_has_nothing_to_change(
    stage: LinkStage, new_decision: NewDecision, new_revision: NewRevision, registry: CollectorRegistry
) -> None:
    fed(stage, new_decision(0))
    assert fed(stage, new_revision(new_decision(1), POSITIVE)) == []
    assert registry.get_sample_value("finsurge_revisions_total", {"outcome": "unknown"}) == 1


def test_a_revision_moves_no_time(stage: LinkStage, new_decision: NewDecision, new_revision: NewRevision) -> None:
    decision = new_decision(0)
    fed(stage, decision)
    assert marks(fed(stage, new_revision(decision, POSITIVE, published_at=at(600)))) == []


def test_revisions_are_counted_by_source_partition(
    stage: LinkStage, new_decision: NewDecision, new_revision: NewRevision
) -> None:
    for partition in (0, 1):
        decision = new_decision(0, partition=partition)
        fed(stage, decision, partition=partition)
        outbound = fed(stage, new_revision(decision, POSITIVE), partition=partition)
        assert changes(outbound) == [("ftx", "revised", 0)]


def test_only_the_last_revisions_are_remembered(
    states: MemoryStates[SourceState], stage: LinkStage, new_decision: NewDecision, new_revision: NewRevision
) -> None:
    decision = new_decision(0)
    fed(stage, decision, *(new_revision(decision, POSITIVE, f"c{n}") for n in range(MAX_REMEMBERED + 50)))
    held = states.get("0")
    assert held is not None
    assert held.n_revisions == MAX_REMEMBERED + 50
    assert len(held.snapshot()) < 6_000
    assert changes(fed(stage, new_revision(decision, POSITIVE, f"c{MAX_REMEMBERED}"))) == []


def test_state_from_before_there_were_revisions_goes_on() -> None:
    # a snapshot as it was written in November 2026
    old = bytes.fromhex(OLD_SNAPSHOT)
    state = SourceState.restore(old, disorder_s=120)
    assert (state.applied, state.n_revisions, state.watermark.at) == (7, 0, at(28))


def test_what_was_logged_before_there_were_revisions_is_read() -> None:
    mention = decode(Mention, OLD_MENTION)
    assert (mention.revision, mention.change, mention.negative_ratio) == (None, "added", 1.0)
    assert decode(Mention, encode(mention)) == mention


def test_a_restored_snapshot_behaves_like_the_original(
    stage: LinkStage, new_decision: NewDecision, new_revision: NewRevision
) -> None:
    draw = random.Random(3)
    twin_states: MemoryStates[SourceState] = MemoryStates()
    twin = LinkStage(
        WATCHLIST,
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
        elif draw.random() < 0.2:
            revised = new_decision(n - draw.randrange(9), n)
            record = new_revision(revised, draw.choice([POSITIVE, NEUTRAL]), f"c{draw.randrange(9)}")
        assert stage.step(record, Origin(0, n)) == twin.step(record, Origin(0, n))
        held = twin_states.get("0")
        assert held is not None
        restored = SourceState.restore(held.snapshot(), disorder_s=120)
        assert restored.snapshot() == held.snapshot()
        twin_states.put("0", 0, restored)


def test_a_new_source_has_nothing_applied() -> None:
    state = SourceState.restore(SourceState(120).snapshot(), disorder_s=120)
    assert (state.applied, state.marked_at, state.watermark.at) == (BEFORE_ALL, None, None)


FAMILY = Watchlist(
    (
        Topic(id="exchanges", name="crypto exchanges", kind="theme"),
        Topic(id="ftx", name="FTX", parent="exchanges"),
        Topic(id="kraken", name="Kraken", parent="exchanges"),
    )
)


@pytest.fixture
def family_stage(states: MemoryStates[SourceState], metrics: Metrics) -> LinkStage:
    return LinkStage(FAMILY, states, metrics, partitions=PARTITIONS, disorder_s=120, grace_s=1800, bin_s=300)


def test_a_document_counts_once_for_the_parent_of_the_topics_it_names(
    family_stage: LinkStage, new_decision: NewDecision
) -> None:
    found = mentions(fed(family_stage, new_decision(0, excerpt="FTX and Kraken halt withdrawals")))
    assert [(mention.topic, mention.beside) for mention in found] == [
        ("ftx", ("kraken",)),
        ("kraken", ("ftx",)),
        ("exchanges", ("ftx", "kraken")),
    ]


def test_a_parent_that_the_document_names_keeps_the_sentiment_towards_itself(
    family_stage: LinkStage, new_decision: NewDecision
) -> None:
    found = mentions(fed(family_stage, new_decision(0, excerpt="Crypto exchanges: FTX halts withdrawals")))
    assert sorted(mention.topic for mention in found) == ["exchanges", "ftx"]


def test_a_correction_of_a_child_reaches_its_parent(
    family_stage: LinkStage, new_decision: NewDecision, new_revision: NewRevision
) -> None:
    decision = new_decision(0, excerpt="FTX halts withdrawals")
    revision = new_revision(decision, right=ReadingRecord(NEUTRAL, ()))
    changed = mentions(fed(family_stage, decision, revision))[2:]
    assert [(mention.topic, mention.change) for mention in changed] == [("ftx", "revised"), ("exchanges", "revised")]
