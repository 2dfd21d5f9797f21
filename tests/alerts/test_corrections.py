"""What corrections change of a topic, told by its windows and its evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from alerts.corrections import Effect
from alerts.episodes.episodes import EpisodeReason, EpisodeTracker
from alerts.observation import Observation
from alerts.rules.rule import Rule
from alerts.stories.sketches import TextSketch
from alerts.surges.evidence import Evidence, SurgeReason
from alerts.topic import Closed, TopicConfig, TopicTrend
from alerts.windows.windows import Window, WindowConfig

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
BINS_ALONE = TopicConfig(windows=WindowConfig(resolutions_s=()))
NEGATIVE, NEUTRAL, POSITIVE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
Sentiment = tuple[float, float, float]


def after(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def seen(document_id: str, minute: float, sentiment: Sentiment = (0.8, 0.1, 0.1), **changes: Any) -> Observation:
    fields: dict[str, Any] = {
        "document_id": document_id,
        "published_at": after(minute),
        "known_at": after(minute - 2),
        "source": f"source of {document_id}",
        "sentiment": sentiment,
        "excerpt": f"text of {document_id}",
        "policy_version": "v1",
    }
    return Observation(**fields | changes)


class Analyst:
    """Corrects documents; each correction has the next number of the one source partition."""

    def __init__(self, trend: TopicTrend) -> None:
        self._trend = trend
        self._n_said = 0

    def say(
        self,
        document_id: str,
        minute: float,
        known: float,
        sentiment: Sentiment = NEUTRAL,
        change: Literal["revised", "retracted", "added"] = "revised",
        **changes: Any,
    ) -> None:
        """Have a correction of the document of this minute be known at that one."""
        changes |= {"known_at": after(known), "revision": self._n_said, "change": change}
        self._trend.observe(seen(document_id, minute, sentiment, **changes))
        self._n_said += 1


@pytest.fixture
def trend() -> TopicTrend:
    return TopicTrend("FTX", BINS_ALONE)


@pytest.fixture
def analyst(trend: TopicTrend) -> Analyst:
    return Analyst(trend)


def short(closed: Closed) -> list[tuple[float, str, int, tuple[int, int, int]]]:
    """Return minute, status, documents, and stories by label of each window."""

    def told(window: Window) -> tuple[float, str, int, tuple[int, int, int]]:
        by_label = (window.n_negative, window.n_neutral, window.n_positive)
        return ((window.start_at - NOON).total_seconds() / 60, window.status.value, window.n_documents, by_label)

    return [told(window) for window in closed.windows]


def test_a_correction_revises_an_open_window_at_the_next_tick(trend: TopicTrend, analyst: Analyst) -> None:
    trend.observe(seen("a", 1))
    trend.observe(seen("b", 2, POSITIVE))
    assert short(trend.close(after(5))) == [(0, "provisional", 2, (1, 0, 1))]
    analyst.say("a", 1, known=11, sentiment=POSITIVE)
    assert short(trend.close(after(10))) == []
    closed = trend.close(after(15))
    assert short(closed) == [(0, "revised", 2, (0, 0, 2))]
    assert (closed.windows[0].polarity, closed.windows[0].negative_share) == (1.0, 0.0)
    assert closed.effects == (Effect.REVISED,)
    assert short(trend.close(after(35))) == [(0, "final", 2, (0, 0, 2))]


def test_a_correction_in_the_tick_of_its_document_is_in_its_first_window(trend: TopicTrend, analyst: Analyst) -> None:
    analyst.say("a", 1, known=2)
    trend.observe(seen("a", 1))
    assert short(trend.close(after(5))) == [(0, "provisional", 1, (0, 1, 0))]


def test_a_final_window_stays_and_a_corrected_view_is_put_beside_it(trend: TopicTrend, analyst: Analyst) -> None:
    trend.observe(seen("a", 1))
    trend.observe(seen("b", 2, (0.2, 0.3, 0.5)))
    *_, final = trend.close(after(60)).windows
    analyst.say("a", 1, known=61, sentiment=NEUTRAL)
    closed = trend.close(after(120))
    assert short(closed) == [(0, "corrected", 2, (0, 1, 1))]
    (view,) = closed.windows
    assert (final.status, final.n_negative) == ("final", 1)
    # (0 + 0.3) / 2
    assert view.polarity == pytest.approx(0.15, abs=1e-9)
    assert (view.negative_share, view.negative_ratio) == (0.0, 1.0)
    assert (view.n_sources, view.policy_versions) == (final.n_sources, final.policy_versions)


def test_a_second_correction_is_added_to_the_first(trend: TopicTrend, analyst: Analyst) -> None:
    trend.observe(seen("a", 1))
    trend.observe(seen("b", 2))
    trend.close(after(60))
    analyst.say("a", 1, known=61)
    analyst.say("b", 2, known=71)
    analyst.say("a", 1, known=81, sentiment=POSITIVE)
    assert short(trend.close(after(120))) == [
        (0, "corrected", 2, (1, 1, 0)),
        (0, "corrected", 2, (0, 2, 0)),
        (0, "corrected", 2, (0, 1, 1)),
    ]


def test_final_windows_can_be_corrected_for_a_day(trend: TopicTrend, analyst: Analyst) -> None:
    for n in range(400):
        trend.observe(seen(f"d{n}", 30 * n))
    trend.close(after(30 * 400))
    assert len(trend.snapshot()) < 30_000  # 48 windows and stories, not 400
    analyst.say("d390", 30 * 390, known=12_001)
    analyst.say("d349", 30 * 349, known=12_001)
    closed = trend.close(after(12_010))
    assert short(closed)[1:] == [(11_700, "corrected", 1, (0, 1, 0))]
    assert closed.effects == (Effect.WITHOUT_EFFECT, Effect.REVISED)


def test_a_retracted_document_leaves_its_window_with_its_story(trend: TopicTrend, analyst: Analyst) -> None:
    trend.observe(seen("a", 1, policy_version="v2"))
    trend.observe(seen("b", 2))
    trend.close(after(5))
    analyst.say("a", 1, known=6, change="retracted", policy_version="v2")
    closed = trend.close(after(10))
    assert short(closed) == [(0, "revised", 1, (1, 0, 0))]
    assert closed.windows[0].policy_versions == {"v1": 1}
    assert closed.effects == (Effect.RETRACTED,)
    trend.close(after(60))
    analyst.say("b", 2, known=61, change="retracted")
    (view,) = trend.close(after(70)).windows
    assert (view.status, view.n_documents, view.n_sources, view.polarity, view.policy_versions) == (
        "corrected",
        0,
        0,
        None,
        {},
    )


def test_what_was_retracted_can_be_given_back(trend: TopicTrend, analyst: Analyst) -> None:
    trend.observe(seen("a", 1))
    trend.close(after(5))
    analyst.say("a", 1, known=6, change="retracted")
    analyst.say("a", 1, known=11, change="retracted")
    analyst.say("a", 1, known=16, sentiment=POSITIVE, change="added")
    closed = trend.close(after(20))
    assert short(closed) == [(0, "revised", 0, (0, 0, 0)), (0, "revised", 1, (0, 0, 1))]
    assert closed.effects == (Effect.RETRACTED, Effect.UNCHANGED, Effect.ADDED)


def test_a_document_that_a_correction_brings_is_counted_in_its_window(trend: TopicTrend, analyst: Analyst) -> None:
    trend.observe(seen("a", 1))
    trend.close(after(5))
    analyst.say("b", 2, known=6, sentiment=NEGATIVE, change="added")
    assert short(trend.close(after(10))) == [(0, "revised", 2, (2, 0, 0))]
    trend.close(after(60))
    analyst.say("c", 3, known=61, sentiment=POSITIVE, change="added")
    analyst.say("d", 31 - 60, known=61, sentiment=POSITIVE, change="added")  # where there was no window
    assert short(trend.close(after(70))) == [(-30, "corrected", 1, (0, 0, 1)), (0, "corrected", 3, (2, 0, 1))]


def test_a_copy_that_a_correction_brings_is_a_document_and_no_story(trend: TopicTrend, analyst: Analyst) -> None:
    sketch = TextSketch((1, 2, 3, 4))
    trend.observe(seen("a", 3, sketch=sketch))
    trend.close(after(5))
    analyst.say("b", 2, known=6, sentiment=POSITIVE, change="added", sketch=sketch)
    assert short(trend.close(after(10))) == [(0, "revised", 2, (1, 0, 0))]


def test_a_correction_of_a_copy_changes_nothing_of_its_story(trend: TopicTrend, analyst: Analyst) -> None:
    sketch = TextSketch((1, 2, 3, 4))
    trend.observe(seen("a", 1, sketch=sketch))
    trend.observe(seen("b", 2, sketch=sketch))
    trend.close(after(5))
    analyst.say("b", 2, known=6)
    closed = trend.close(after(10))
    assert (closed.windows, closed.effects) == ((), (Effect.WITHOUT_EFFECT,))


def test_copies_that_come_after_a_correction_do_not_undo_it(trend: TopicTrend, analyst: Analyst) -> None:
    sketch = TextSketch((1, 2, 3, 4))
    trend.observe(seen("a", 6, sketch=sketch))
    trend.observe(seen("r", 7, sketch=TextSketch((7, 8, 9))))
    trend.close(after(10))
    analyst.say("a", 6, known=11)
    analyst.say("r", 7, known=11, change="retracted")
    trend.close(after(15))
    # an older one moves the story to its window, as the analyst told it
    trend.observe(seen("b", 2, known_at=after(16), sketch=sketch))
    trend.observe(seen("s", 3, known_at=after(16), sketch=TextSketch((7, 8, 9))))
    assert short(trend.close(after(20))) == [(0, "revised", 2, (0, 1, 0)), (5, "revised", 1, (0, 0, 0))]


def test_what_came_too_late_to_count_cannot_be_corrected(trend: TopicTrend, analyst: Analyst) -> None:
    trend.observe(seen("a", 1, known_at=after(60), is_late=True))
    analyst.say("a", 1, known=61)
    analyst.say("never seen", 1, known=61, change="retracted")
    analyst.say("long ago", -2_000, known=61, change="added")
    closed = trend.close(after(70))
    assert (closed.windows, closed.effects) == ((), (Effect.WITHOUT_EFFECT,) * 3)


CRISIS = 120 * 120  # minute


def crisis(trend: TopicTrend, n_negative: int = 12) -> None:
    """Ten quiet days with a neutral story every two hours, then a negative one every ten minutes."""
    for n in range(120):
        trend.observe(seen(f"q{n}", 120 * n, NEUTRAL))
    for n in range(n_negative):
        trend.observe(seen(f"c{n}", CRISIS + 10 * n))


def episodes(evidence: list[Evidence]) -> list[tuple[EpisodeReason, float]]:
    """Return the changes of the episode, and in which minute of the crisis."""
    tracker = EpisodeTracker("FTX", Rule(critical_n_negative=100))
    verdicts = [(tracker.update(one), one) for one in evidence]
    return [
        (verdict.reason, (one.at - after(CRISIS)).total_seconds() / 60)
        for verdict, one in verdicts
        if verdict.transition is not None
    ]


def test_an_episode_whose_stories_are_corrected_closes_at_the_next_tick(trend: TopicTrend, analyst: Analyst) -> None:
    crisis(trend)
    for n in range(12):
        analyst.say(f"c{n}", CRISIS + 10 * n, known=CRISIS + 131)
    evidence = list(trend.close(after(CRISIS + 3_000)).evidence)
    (opened, opened_at), (reason, closed_at) = episodes(evidence)
    assert (opened, reason, closed_at) == (EpisodeReason.OPENED, EpisodeReason.CORRECTED, 135)
    assert opened_at < 115
    last = evidence[-1]
    assert (last.reason, last.n_negative, last.n_corrected, last.is_raised) == (SurgeReason.CORRECTED, 0, 12, False)
    assert last.stories == ()


def test_an_episode_that_rests_on_other_stories_goes_on(trend: TopicTrend, analyst: Analyst) -> None:
    crisis(trend)
    analyst.say("c3", CRISIS + 30, known=CRISIS + 131)
    evidence = list(trend.close(after(CRISIS + 3_000)).evidence)
    assert [reason for reason, _ in episodes(evidence)] == [EpisodeReason.OPENED, EpisodeReason.CLOSED]
    at_once = next(one for one in evidence if one.at == after(CRISIS + 135))
    assert (at_once.n_negative, at_once.n_corrected, at_once.is_raised) == (11, 1, True)


def test_corrected_stories_do_not_escalate_an_episode(trend: TopicTrend, analyst: Analyst) -> None:
    crisis(trend, n_negative=16)
    uncorrected = TopicTrend("FTX", TopicConfig())
    crisis(uncorrected, n_negative=16)
    for n in range(5):
        analyst.say(f"c{n}", CRISIS + 10 * n, known=CRISIS + 51)
    grave = Rule(critical_return_period_s=30 * 86_400, critical_n_negative=12)

    def reasons(closed: Closed) -> list[EpisodeReason]:
        tracker = EpisodeTracker("FTX", grave)
        verdicts = [tracker.update(one) for one in closed.evidence]
        return [verdict.reason for verdict in verdicts if verdict.transition is not None]

    assert EpisodeReason.ESCALATED in reasons(uncorrected.close(after(CRISIS + 3_000)))
    assert EpisodeReason.ESCALATED not in reasons(trend.close(after(CRISIS + 3_000)))


def test_negative_stories_that_only_analysts_saw_open_an_episode(trend: TopicTrend, analyst: Analyst) -> None:
    for n in range(120):
        trend.observe(seen(f"q{n}", 120 * n, NEUTRAL))
    for n in range(8):
        trend.observe(seen(f"c{n}", CRISIS + 10 * n, NEUTRAL))
        analyst.say(f"c{n}", CRISIS + 10 * n, known=CRISIS + 101, sentiment=NEGATIVE)
    evidence = list(trend.close(after(CRISIS + 3_000)).evidence)
    assert episodes(evidence)[0] == (EpisodeReason.OPENED, 105)
    assert evidence[0].n_negative == 8
    assert evidence[0].stories[0].excerpt.startswith("text of c")


def test_old_documents_that_a_correction_brings_are_no_news(trend: TopicTrend, analyst: Analyst) -> None:
    for n in range(120):
        trend.observe(seen(f"q{n}", 120 * n, NEUTRAL))
    for n in range(8):  # of the day before
        analyst.say(f"x{n}", CRISIS - 1_000 + 10 * n, known=CRISIS + 1, sentiment=NEGATIVE, change="added")
    closed = trend.close(after(CRISIS + 3_000))
    assert closed.evidence == ()
    assert sum(window.status == "corrected" for window in closed.windows) == 8


def test_after_a_surge_that_was_none_the_topic_is_judged_as_before(trend: TopicTrend, analyst: Analyst) -> None:
    crisis(trend)
    for n in range(12):
        analyst.say(f"c{n}", CRISIS + 10 * n, known=CRISIS + 131)
    quiet = TopicTrend("FTX", TopicConfig())
    for n in range(120):
        quiet.observe(seen(f"q{n}", 120 * n, NEUTRAL))
    for n in range(12):
        quiet.observe(seen(f"c{n}", CRISIS + 10 * n, NEUTRAL))
    again = CRISIS + 300  # two hours after the close: within a cool-down
    for each in (trend, quiet):
        for n in range(12):
            each.observe(seen(f"e{n}", again + 10 * n))
    corrected, judged = (list(each.close(after(CRISIS + 3_000)).evidence) for each in (trend, quiet))
    assert [reason for reason, _ in episodes(corrected)] == [
        EpisodeReason.OPENED,
        EpisodeReason.CORRECTED,
        EpisodeReason.OPENED,
        EpisodeReason.CLOSED,
    ]
    assert episodes(corrected)[2:] == episodes(judged)
    expected = next(one for one in corrected if one.is_over and one.at > after(again))
    assert expected.return_period_s == pytest.approx(
        next(one for one in judged if one.is_over).return_period_s, rel=1e-3
    )  # the hours of a surge are not learnt
