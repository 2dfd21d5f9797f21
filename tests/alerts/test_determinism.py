"""The promise of DESIGN §5: results are a function of what was let through, not of how it arrived."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.corrections import Effect
from alerts.observation import Observation
from alerts.stories.sketches import TextSketch
from alerts.surges.baseline import BaselineConfig
from alerts.surges.evidence import Evidence, Pulse
from alerts.surges.scale import ScaleConfig
from alerts.surges.surge import SurgeConfig
from alerts.topic import Closed, TopicConfig, TopicState, TopicTrend
from alerts.watermarks import Lateness, MarkLedger, SourceWatermark
from alerts.windows.windows import Window, WindowStatus

START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(days=30)
GRACE_S, BIN_S = 1_800, 300
# a detector that fires on little, so that a small example has surges in it
NERVOUS = TopicConfig(
    surge=SurgeConfig(
        min_negative=2,
        min_history_s=0,
        return_period_s=86_400.0,
        keep_return_period_s=43_200.0,
        max_p_share=0.6,
        max_p_volume=0.5,
        max_frozen_s=14_400,
        baseline=BaselineConfig(prior_hours=2.0),
        scale=ScaleConfig(prior_excess=0.2, prior_threshold=0.5),
    )
)

Logged = Observation | datetime


@dataclass(frozen=True)
class Document:
    """A document as a source partition holds it: in an order that is not quite that of publication."""

    minute: int
    words: tuple[int, ...]
    source: str
    is_negative: bool
    correction: tuple[int, str] | None = None  # of so many documents before in its partition, and what is said of it


documents = st.builds(
    Document,
    # bursts around two hours, and a tail over two days
    minute=st.one_of(st.integers(0, 120), st.integers(1_440, 1_500), st.integers(0, 2_880)),
    words=st.sampled_from([(), (1, 2, 3, 4), (1, 2, 3, 5), (7, 8, 9), (7, 8, 9, 10), (20, 21, 22)]),
    source=st.sampled_from(["A", "B", "C"]),
    is_negative=st.booleans(),
    correction=st.one_of(
        st.none(), st.tuples(st.integers(0, 4), st.sampled_from(["negative", "positive", "retracted", "added"]))
    ),
)
partitions = st.lists(st.lists(documents, min_size=1, max_size=25), min_size=1, max_size=3)


def let_through(partition: int, held: list[Document]) -> list[Logged]:
    """Return what `link` logs of a source partition: observations, and a mark for each new bin."""
    watermark = SourceWatermark(disorder_s=120)
    logged: list[Logged] = []
    marked = START - timedelta(days=1)
    let: list[Observation] = []
    n_revisions = 0
    for n, document in enumerate(sorted(held, key=lambda document: document.minute // 40)):
        at = START + timedelta(minutes=document.minute)
        let.append(
            Observation(
                document_id=f"{partition}-{n}",
                published_at=at,
                known_at=watermark.at,
                is_late=watermark.judge(at, GRACE_S, BIN_S) is Lateness.LATE,
                source=document.source,
                sentiment=(0.8, 0.1, 0.1) if document.is_negative else (0.1, 0.7, 0.2),
                sketch=TextSketch(document.words, lead=document.words if document.source == "A" else ()),
                excerpt=f"text {n}",
                policy_version=f"v{n % 2}",
                negative_ratio=1.0 + 0.25 * (n % 2),
            )
        )
        logged.append(let[-1])
        watermark.update(at)
        if document.correction is not None:
            back, said = document.correction
            logged.append(corrected(let[max(0, n - back)], said, n_revisions, watermark))
            n_revisions += 1
        if watermark.at is not None and watermark.at >= marked + timedelta(seconds=BIN_S):
            marked = watermark.at
            logged.append(watermark.at)
    return logged


def corrected(observation: Observation, said: str, number: int, watermark: SourceWatermark) -> Observation:
    """Return what an analyst says of a document, or of another one of the same time that is about the topic too."""
    changes: dict[str, Any] = {"known_at": watermark.at, "is_late": False, "revision": number, "change": "revised"}
    if said == "retracted":
        changes["change"] = "retracted"
    elif said == "added":
        changes |= {"change": "added", "document_id": f"{observation.document_id}+"}
    else:
        changes["sentiment"] = (1.0, 0.0, 0.0) if said == "negative" else (0.0, 0.0, 1.0)
    return msgspec.structs.replace(observation, **changes)


def merged(logs: list[list[Logged]], draw: random.Random) -> list[tuple[int, Logged]]:
    """Return the logs in one of the orders in which they could arrive, each log in its own order."""
    waiting = [list(enumerate(log)) for log in logs]
    order = [source for source, log in enumerate(logs) for _ in log]
    draw.shuffle(order)
    return [(source, waiting[source].pop(0)[1]) for source in order]


def run(
    logs: list[list[Logged]], draw: random.Random, p_close: float, p_restart: float = 0.0
) -> tuple[Closed, bytes]:
    """Return all that a topic says, and its state at the end, for one order of arrival."""
    trend, ledger = TopicTrend("FTX", NERVOUS), MarkLedger()
    windows: list[Window] = []
    evidence: list[Evidence] = []
    pulses: list[Pulse] = []
    late: list[Observation] = []
    effects: list[Effect] = []
    for source, item in merged(logs, draw):
        if isinstance(item, Observation):
            trend.observe(item)
            continue
        ledger.update(source, item)
        least = ledger.least(len(logs))
        if least is not None and draw.random() < p_close:
            closed = trend.close(least)
            windows += closed.windows
            evidence += closed.evidence
            pulses += closed.pulses
            late += closed.late
            effects += closed.effects
        if draw.random() < p_restart:
            trend = TopicTrend.restore(NERVOUS, trend.snapshot())
    closed = trend.close(END)
    windows += closed.windows
    evidence += closed.evidence
    pulses += closed.pulses
    late += closed.late
    effects += closed.effects
    told = Closed(tuple(windows), tuple(evidence), tuple(pulses), tuple(late), effects=tuple(effects))
    return told, trend.snapshot()


@settings(max_examples=150, deadline=None)
@given(held=partitions, seeds=st.tuples(st.integers(0, 2**32), st.integers(0, 2**32)))
def test_no_order_of_arrival_and_no_grouping_of_closes_changes_anything(
    held: list[list[Document]], seeds: tuple[int, int]
) -> None:
    logs = [let_through(partition, documents) for partition, documents in enumerate(held)]
    expected = run(logs, random.Random(0), p_close=0.0)
    assert run(logs, random.Random(seeds[0]), p_close=1.0) == expected
    assert run(logs, random.Random(seeds[1]), p_close=0.3, p_restart=0.2) == expected


WIRE = ("Orvane recalls vans", (1, 2, 3, 4, 5), (1, 2, 3, 4, 5), 0)
OTHERS = [
    # what it says, words, lead, traits: as four outlets and a retraction have it
    ("its copy with a cut end", (1, 2, 3, 4), (1, 2, 3, 4), 0),
    ("with another headline", (1, 2, 3, 4, 5, 9), (9, 1, 2, 3, 4, 5), 0),
    ("of another company", (2, 3, 4, 5, 6), (6, 2, 3, 4, 5), 0),
    ("denied", (1, 2, 3, 4, 5), (1, 2, 3, 4, 5), 1),
]


def test_copies_from_several_outlets_and_partitions_are_one_story_in_whatever_order_they_come() -> None:
    logs: list[list[Logged]] = []
    for partition, (_, words, lead, traits) in enumerate([WIRE, *OTHERS]):
        first = Observation(
            document_id=f"{partition}",
            published_at=START + timedelta(minutes=partition),
            source=f"outlet {partition}",
            sentiment=(0.8, 0.1, 0.1),
            sketch=TextSketch(words, lead=lead, traits=traits),
        )
        again = msgspec.structs.replace(
            first, document_id=f"{partition}+", published_at=first.published_at + timedelta(hours=1)
        )
        logs.append([first, again, END])
    expected = run(logs, random.Random(0), p_close=0.0)
    stories = msgspec.msgpack.decode(expected[1], type=TopicState).stories.stories
    # the wire's with its two copies, the other company's and the denial: each told twice an hour apart
    assert [(story.document_id, story.copies, len(story.sources)) for story in stories] == [
        ("0", 6, 3),
        ("3", 2, 1),
        ("4", 2, 1),
    ]
    for seed in range(20):
        assert run(logs, random.Random(seed), p_close=0.5, p_restart=0.2) == expected


@settings(max_examples=100, deadline=None)
@given(held=partitions)
def test_every_document_is_counted_once_or_reported_late(held: list[list[Document]]) -> None:
    held = [[replace(document, correction=None) for document in documents] for documents in held]
    logs = [let_through(partition, documents) for partition, documents in enumerate(held)]
    closed, _ = run(logs, random.Random(0), p_close=0.5)
    final = [window for window in closed.windows if window.status == "final" and length_s(window) == BIN_S]
    assert len({window.start_at for window in final}) == len(final)
    assert sum(window.n_documents for window in final) + len(closed.late) == sum(map(len, held))
    for window in closed.windows:
        assert window.n_negative + window.n_neutral + window.n_positive == window.n_stories <= window.n_documents


@settings(max_examples=150, deadline=None)
@given(held=partitions)
def test_whatever_is_corrected_the_counts_of_a_window_fit_together(held: list[list[Document]]) -> None:
    logs = [let_through(partition, documents) for partition, documents in enumerate(held)]
    closed, _ = run(logs, random.Random(0), p_close=0.5)
    finals: Counter[tuple[datetime, datetime]] = Counter()
    for window in closed.windows:
        n_by_label = (window.n_negative, window.n_neutral, window.n_positive)
        assert min(*n_by_label, window.n_sources) >= 0
        assert sum(n_by_label) == window.n_stories <= window.n_documents
        assert sum(window.policy_versions.values()) == window.n_documents
        assert [sum(n) for n in zip(*window.stories_by_version.values(), strict=True)] in (
            [window.n_stories, window.n_negative],
            [],
        )
        finals[window.start_at, window.end_at] += window.status is WindowStatus.FINAL
    assert set(finals.values()) <= {0, 1}
    for evidence in closed.evidence:
        assert 0 <= evidence.n_negative <= evidence.n_stories


def length_s(window: Window) -> float:
    return (window.end_at - window.start_at).total_seconds()


def added_up(windows: list[Window]) -> tuple[int, ...]:
    """Return the counts of windows together, their polarity in millionths."""
    rows = [
        (
            window.n_documents,
            window.n_stories,
            window.n_negative,
            window.n_positive,
            round((window.polarity or 0) * window.n_stories * 1e6),
            round(((window.negative_ratio or 1) - 1) * window.n_stories * 1e6),
        )
        for window in windows
    ]
    return tuple(sum(column) for column in zip(*rows, strict=True)) if rows else (0,) * 6


@settings(max_examples=150, deadline=None)
@given(held=partitions, seed=st.integers(0, 2**32))
def test_a_longer_window_is_the_sum_of_its_bins_whatever_is_delayed_or_corrected(
    held: list[list[Document]], seed: int
) -> None:
    logs = [let_through(partition, documents) for partition, documents in enumerate(held)]
    closed, _ = run(logs, random.Random(seed), p_close=0.7, p_restart=0.1)
    # the last word on each window
    said = {(length_s(window), window.start_at): window for window in closed.windows}
    bins = [window for (length, _), window in said.items() if length == BIN_S]
    for (length, start_at), window in said.items():
        if length == BIN_S:
            continue
        covered = [one for one in bins if start_at <= one.start_at < window.end_at]
        assert covered
        assert added_up([window]) == added_up(covered)
        n_sources = [one.n_sources for one in covered if one.n_documents]
        assert max(n_sources, default=0) <= window.n_sources <= 3  # A, B and C
    for window in bins:
        for length in (3_600, 86_400):
            at = datetime.fromtimestamp(window.start_at.timestamp() // length * length, UTC)
            assert said[length, at].status in (WindowStatus.FINAL, WindowStatus.CORRECTED)


def test_the_examples_have_surges_revisions_late_documents_and_corrections_of_all_kinds_in_them() -> None:
    draw = random.Random(1)

    def said() -> tuple[int, str] | None:
        kinds = ["negative", "positive", "retracted", "added"]
        return (draw.randrange(5), draw.choice(kinds)) if draw.random() < 0.6 else None

    held = [
        [
            Document(draw.randrange(0, 1_500), (n, n + 100), draw.choice("AB"), draw.random() < 0.2, said())
            for n in range(25)
        ]
        + [Document(draw.randrange(1_440, 1_500), (n, n + 200), draw.choice("ABC"), True, said()) for n in range(25)]
        for _ in range(2)
    ]
    closed, _ = run([let_through(n, documents) for n, documents in enumerate(held)], random.Random(0), p_close=1.0)
    assert any(evidence.is_over for evidence in closed.evidence)
    assert any(evidence.n_corrected for evidence in closed.evidence)
    for length in (BIN_S, 3_600):
        assert {window.status for window in closed.windows if length_s(window) == length} == set(WindowStatus)
    of_days = {window.status for window in closed.windows if length_s(window) == 86_400}
    assert of_days == set(WindowStatus) - {WindowStatus.REVISED}  # that is in test_rollup.py
    assert set(closed.effects) == set(Effect)
    assert closed.late


@pytest.mark.parametrize("step_minutes", [5, 15, 240, 100_000])
def test_ticks_can_be_closed_in_steps_of_any_length(step_minutes: int) -> None:
    draw = random.Random(1)
    log = let_through(
        0, [Document(draw.randrange(2_880), (n, n + 1, n + 2), draw.choice("ABC"), n % 2 == 0) for n in range(120)]
    )
    expected = run([log], random.Random(0), p_close=0.0)
    trend = TopicTrend("FTX", NERVOUS)
    for item in log:
        if isinstance(item, Observation):
            trend.observe(item)
    windows: list[Window] = []
    evidence: list[Evidence] = []
    at = START
    while at < END:
        at = min(at + timedelta(minutes=step_minutes), END)
        closed = trend.close(at)
        windows += closed.windows
        evidence += closed.evidence
    assert (tuple(windows), tuple(evidence)) == (expected[0].windows, expected[0].evidence)
    assert trend.snapshot() == expected[1]
