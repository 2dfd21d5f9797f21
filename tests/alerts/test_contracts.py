"""What every class with state promises: a restored snapshot behaves like the original."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec
import pytest

from alerts.episodes.absolutes import AbsoluteEpisodes
from alerts.episodes.episodes import EpisodeTracker, Severity, Transition, TransitionKind
from alerts.episodes.fleet import Change
from alerts.episodes.held import HeldChanges
from alerts.observation import Observation
from alerts.rules.absolute import AbsoluteRule, AbsoluteWatch
from alerts.rules.book import RuleBook
from alerts.rules.books import RuleBooks
from alerts.rules.quiet import QuietHours
from alerts.rules.rule import Rule
from alerts.stories.sketches import TextSketch
from alerts.stories.stories import Stories, StoryConfig
from alerts.surges.baseline import Baseline, BaselineConfig
from alerts.surges.current import TickCounts
from alerts.surges.evidence import Evidence, Pulse, SurgeReason
from alerts.surges.scale import OwnScale, ScaleConfig
from alerts.surges.surge import SurgeConfig, SurgeDetector
from alerts.surges.volume import VolumeConfig, VolumeDetector
from alerts.topic import TopicConfig, TopicTrend
from alerts.watermarks import MarkLedger, SourceWatermark
from alerts.windows.finals import FinalWindows
from alerts.windows.history import History
from alerts.windows.rollup import Rollup
from alerts.windows.windows import NovelStory, OpenWindows, WindowConfig

START = datetime(2026, 1, 1, tzinfo=UTC)
N_STEPS = 120


@dataclass(frozen=True)
class Contract:
    """How to make a class, put it through a step, and bring it back."""

    make: Callable[[], Any]
    step: Callable[[Any, int, random.Random], object]
    restore: Callable[[bytes], Any]


def observed(n: int, draw: random.Random, known_at: datetime | None = None) -> Observation:
    words = tuple(sorted(draw.sample(range(14), 6)))
    negative = draw.random()
    return Observation(
        document_id=str(n),
        published_at=START + timedelta(minutes=20 * n + draw.randrange(20)),
        known_at=known_at,
        source=f"S{draw.randrange(4)}",
        sentiment=(negative, (1 - negative) / 2, (1 - negative) / 2),
        sketch=TextSketch(words, words[:3]),
        excerpt="text",
        policy_version=draw.choice(["v1", "v2"]),
    )


def evidenced(n: int, draw: random.Random) -> Evidence:
    is_over = draw.random() < 0.3
    return Evidence(
        topic="FTX",
        at=START + timedelta(hours=2 * n),
        reason=SurgeReason.SURGE if is_over else SurgeReason.QUIET,
        is_over=is_over,
        is_raised=is_over,
        return_period_s=draw.choice([4e6, 2e7]),
        n_negative=draw.randrange(20),
        n_stories=20,
        expected=1.0,
        expected_low=0,
        expected_high=2,
        negative_share=0.5,
        usual_share=0.2,
        p_volume=0.001,
        p_share=0.01,
        onset_at=None,
        n_sources=draw.randrange(6),
        baseline_age_s=1e6,
    )


def step_watermark(watermark: SourceWatermark, n: int, draw: random.Random) -> object:
    at = START + timedelta(minutes=n + draw.randrange(90))
    lateness = watermark.judge(at, 1_800, 300)
    watermark.update(at)
    return lateness, watermark.at


def step_ledger(ledger: MarkLedger, n: int, draw: random.Random) -> object:
    ledger.update(draw.randrange(3), START + timedelta(minutes=n))
    return ledger.least(3)


def step_stories(stories: Stories, n: int, draw: random.Random) -> object:
    assignment = stories.update(observed(n, draw), n)
    return assignment.is_novel, assignment.story.number, assignment.replaced_at, stories.negative_since(n - 5)


def step_windows(windows: OpenWindows, n: int, draw: random.Random) -> object:
    observation = observed(n, draw)
    windows.add(observation)
    tick = int(observation.published_at.timestamp()) // 300
    windows.add_story(tick, n, NovelStory(observation.label, observation.polarity))
    return windows.close(tick), windows.next_tick()


def step_finals(finals: FinalWindows, n: int, draw: random.Random) -> object:
    windows = OpenWindows("FTX", WindowConfig())
    observation = observed(n, draw)
    tick = int(observation.published_at.timestamp()) // 300
    windows.add(observation)
    story = NovelStory(observation.label, observation.polarity, observation.policy_version, draw.choice([1.0, 1.2]))
    windows.add_story(tick, n, story)
    (window,) = windows.close(tick + 6)
    finals.keep(window, tick)
    now = draw.choice([None, NovelStory("neutral", 0.0, story.policy_version)])
    was_kept = finals.revise(draw.choice([tick, tick - 5_000]), story, now)
    finals.remove_document(tick, observation.policy_version)
    finals.add_document(tick - draw.randrange(4), "v3")
    return was_kept, finals.corrected(), len(finals.state) < 30


def step_rollup(rollup: Rollup, n: int, draw: random.Random) -> object:
    windows, finals = OpenWindows("FTX", WindowConfig()), FinalWindows("FTX", WindowConfig(), 86_400)
    observation = observed(n, draw)
    tick = int(observation.published_at.timestamp()) // 300
    windows.add(observation)
    windows.add_story(tick, n, NovelStory(observation.label, observation.polarity, observation.policy_version))
    (window,) = windows.close(tick + 6)
    finals.add_document(tick - draw.randrange(400), "v3")
    # what is due before, then a bin and a correction
    told = []
    while (due := rollup.next_tick()) is not None and due < tick + 6:
        told += rollup.close(due, [], [], [], windows.held)
    return told + rollup.close(tick + 6, [tick], [window], finals.changes(), windows.held), rollup.next_tick()


def step_history(history: History, n: int, draw: random.Random) -> object:
    history.update(400_000 + 3 * n - draw.randrange(9), draw.choice([0, 3, 200, 30_000]), draw.uniform(0, 3))
    return history.day_before(400_000 + 3 * n + 20), history.week_before(400_000 + 3 * n + 160)


def step_baseline(baseline: Baseline, n: int, draw: random.Random) -> object:
    n_stories = draw.randrange(1, 5)
    ratio = draw.choice([1.0, 1.2])
    lesson = baseline.update(n_stories, draw.randrange(n_stories + 1) / ratio, ratio)
    baseline.skip(draw.randrange(30), ratio)
    baseline.revise(lesson, 1, 0.5, n_hours=1)
    return baseline.level, baseline.share, baseline.dispersion, baseline.p_volume(3, 4), baseline.p_share(5, 3)


def step_scale(scale: OwnScale, n: int, draw: random.Random) -> object:
    scale.update(n // 2, draw.gauss(1, 1))
    return scale.return_period_s(n // 2, 4.0)


def step_detector(detector: SurgeDetector, n: int, draw: random.Random) -> object:
    said = []
    tick = 60 * n
    if 60 <= n < 70:
        tick = 60 * 60 + n
    elif n >= 70:
        tick = 60 * 60 + 60 * (n - 60)
    while (due := detector.next_tick()) is not None and due < tick:
        said.append(detector.update(TickCounts(due)))
    said.append(detector.update(TickCounts(tick, 2, 1 + (60 <= n < 70), 0, (n % 4,))))
    return said


def step_topic(trend: TopicTrend, n: int, draw: random.Random) -> object:
    observation = observed(n, draw, START + timedelta(minutes=20 * n + draw.randrange(25)))
    trend.observe(observation)
    trend.origins[n % 3] = n
    return trend.close(START + timedelta(minutes=20 * n)), trend.due_at(), trend.closed_until, dict(trend.origins)


def step_episodes(tracker: EpisodeTracker, n: int, draw: random.Random) -> object:
    return tracker.update(evidenced(n, draw)), tracker.is_open


def step_absolute(watch: AbsoluteWatch, n: int, draw: random.Random) -> object:
    n_stories = draw.randrange(5)
    n_negative = draw.randint(0, n_stories)
    return watch.update(2 * n, n_stories, n_negative, n_stories - 2.0 * n_negative), watch.get(), watch.next_tick()


SOUR = AbsoluteRule(name="sour", measure="polarity_below", threshold=0.0, for_s=1_200, window_s=6_000, min_stories=4)


def step_absolute_episodes(episodes: AbsoluteEpisodes, n: int, draw: random.Random) -> object:
    pulse = Pulse("FTX", START + timedelta(minutes=15 * n), 3, draw.randrange(4), draw.uniform(-3, 1))
    return episodes.update(pulse), episodes.next_tick()


NIGHT = QuietHours(begin=time(22), end=time(6), timezone="UTC")


def step_held(held: HeldChanges, n: int, draw: random.Random) -> object:
    at = START + timedelta(hours=n)
    evidence = msgspec.structs.replace(evidenced(n, draw), at=at)
    severity = Severity.CRITICAL if n % 17 == 0 else Severity.WARNING
    transition = Transition(
        topic="FTX",
        episode=n,
        number=1,
        kind=TransitionKind.OPENED,
        reason=evidence.reason,
        severity=severity,
        at=at,
        opened_at=at,
        evidence=evidence,
    )
    taken = held.take(Change(transition, ("desk",)), [NIGHT]) if n % 3 == 0 else []
    return taken, held.until, held.release(at)


def step_books(books: RuleBooks, n: int, draw: random.Random) -> object:
    if draw.random() < 0.2:
        books.change(f"default: {{false_alarms: {1 + n % 9}}}", START + timedelta(hours=n))
    return [books.at(START + timedelta(hours=hour)).version for hour in (n, n + 1)]


CONTRACTS = {
    "SourceWatermark": Contract(SourceWatermark, step_watermark, SourceWatermark.restore),
    "MarkLedger": Contract(MarkLedger, step_ledger, MarkLedger.restore),
    "Stories": Contract(
        lambda: Stories(StoryConfig()), step_stories, lambda snapshot: Stories.restore(StoryConfig(), snapshot)
    ),
    "OpenWindows": Contract(
        lambda: OpenWindows("FTX", WindowConfig()),
        step_windows,
        lambda snapshot: OpenWindows.restore("FTX", WindowConfig(), snapshot),
    ),
    "FinalWindows": Contract(
        lambda: FinalWindows("FTX", WindowConfig(), 14_400),
        step_finals,
        lambda snapshot: FinalWindows.restore("FTX", WindowConfig(), 14_400, snapshot),
    ),
    "Rollup": Contract(
        lambda: Rollup("FTX", WindowConfig(), 3_600),
        step_rollup,
        lambda snapshot: Rollup.restore("FTX", WindowConfig(), 3_600, 86_400, snapshot),
    ),
    "History": Contract(lambda: History(3_600), step_history, lambda snapshot: History.restore(3_600, snapshot)),
    "Baseline": Contract(
        lambda: Baseline(BaselineConfig()),
        step_baseline,
        lambda snapshot: Baseline.restore(BaselineConfig(), snapshot),
    ),
    "VolumeDetector": Contract(
        lambda: VolumeDetector(VolumeConfig()),
        lambda detector, n, draw: detector.update(20 * n, draw.randrange(9)),
        lambda snapshot: VolumeDetector.restore(VolumeConfig(), snapshot),
    ),
    "OwnScale": Contract(
        lambda: OwnScale(ScaleConfig(), 0), step_scale, lambda snapshot: OwnScale.restore(ScaleConfig(), snapshot)
    ),
    "SurgeDetector": Contract(
        lambda: SurgeDetector("FTX", SurgeConfig()),
        step_detector,
        lambda snapshot: SurgeDetector.restore("FTX", SurgeConfig(), snapshot),
    ),
    "TopicTrend": Contract(
        lambda: TopicTrend("FTX", TopicConfig()),
        step_topic,
        lambda snapshot: TopicTrend.restore(TopicConfig(), snapshot),
    ),
    "EpisodeTracker": Contract(
        lambda: EpisodeTracker("FTX", Rule()),
        step_episodes,
        lambda snapshot: EpisodeTracker.restore(Rule(), snapshot),
    ),
    "HeldChanges": Contract(HeldChanges, step_held, HeldChanges.restore),
    "RuleBooks": Contract(
        lambda: RuleBooks(RuleBook()), step_books, lambda snapshot: RuleBooks.restore(RuleBook(), snapshot)
    ),
    "AbsoluteEpisodes": Contract(
        lambda: AbsoluteEpisodes("FTX", SOUR, 300),
        step_absolute_episodes,
        lambda snapshot: AbsoluteEpisodes.restore("FTX", 300, snapshot),
    ),
    "AbsoluteWatch": Contract(
        lambda: AbsoluteWatch(SOUR, 300),
        step_absolute,
        lambda snapshot: AbsoluteWatch.restore(SOUR, 300, snapshot),
    ),
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_restored_snapshot_behaves_like_the_original(name: str) -> None:
    contract = CONTRACTS[name]
    original, restored = contract.make(), contract.make()
    for n in range(N_STEPS):
        restored = contract.restore(restored.snapshot())
        expected = contract.step(original, n, random.Random(n))
        assert contract.step(restored, n, random.Random(n)) == expected, n
        assert restored.snapshot() == original.snapshot(), n


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_snapshot_is_not_changed_by_what_comes_after(name: str) -> None:
    contract = CONTRACTS[name]
    original = contract.make()
    for n in range(50):
        contract.step(original, n, random.Random(n))
    snapshot = original.snapshot()
    kept = bytes(snapshot)
    contract.step(original, 50, random.Random(50))
    assert snapshot == kept
    assert contract.restore(snapshot).snapshot() == kept


def test_the_contract_covers_a_surge() -> None:
    detector = SurgeDetector("FTX", SurgeConfig())
    for n in range(N_STEPS):
        step_detector(detector, n, random.Random(n))
        if detector.is_followed:
            return
    pytest.fail("the detector's steps never led to a surge")
