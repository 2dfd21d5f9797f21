from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from alerts.episodes.episodes import EpisodeReason, EpisodeTracker, Severity, TransitionKind
from alerts.rules.rule import Rule
from alerts.surges.evidence import Evidence, SurgeReason

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY_S = 86_400.0


def found(hour: float, *, over: bool = True, raised: bool | None = None, grave: bool = False) -> Evidence:
    return Evidence(
        topic="FTX",
        at=NOON + timedelta(hours=hour),
        reason=SurgeReason.SURGE if over else SurgeReason.VOLUME_NOT_RAISED,
        is_over=over,
        is_raised=over if raised is None else raised,
        return_period_s=(200 if grave else 40) * DAY_S,
        n_negative=12 if grave else 6,
        n_stories=14,
        expected=0.5,
        expected_low=0,
        expected_high=2,
        negative_share=0.8,
        usual_share=0.2,
        p_volume=1e-6,
        p_share=1e-3,
        onset_at=NOON,
        n_sources=5,
        baseline_age_s=30 * DAY_S,
    )


def told(*evidence: Evidence) -> list[EpisodeReason]:
    tracker = EpisodeTracker("FTX", Rule())
    return [tracker.update(one).reason for one in evidence]


def test_a_surge_opens_one_episode() -> None:
    assert told(found(0), found(1), found(2)) == [
        EpisodeReason.OPENED,
        EpisodeReason.UNCHANGED,
        EpisodeReason.UNCHANGED,
    ]


def test_below_the_threshold_nothing_opens() -> None:
    assert told(found(0, over=False), found(1, over=False, raised=True)) == [EpisodeReason.NO_SURGE] * 2


def test_an_episode_ends_when_it_has_not_been_raised_for_the_hold() -> None:
    assert told(found(0), found(5.9, over=False), found(6, over=False)) == [
        EpisodeReason.OPENED,
        EpisodeReason.FADING,
        EpisodeReason.CLOSED,
    ]


def test_a_lull_does_not_end_it() -> None:
    assert told(found(0), found(5, over=False), found(5.5, over=False, raised=True), found(8, over=False)) == [
        EpisodeReason.OPENED,
        EpisodeReason.FADING,
        EpisodeReason.UNCHANGED,
        EpisodeReason.FADING,
    ]


def test_it_escalates_once() -> None:
    tracker = EpisodeTracker("FTX", Rule())
    transitions = [tracker.update(one).transition for one in (found(0), found(1, grave=True), found(2, grave=True))]
    kinds = [transition.kind for transition in transitions if transition]
    assert kinds == [TransitionKind.OPENED, TransitionKind.ESCALATED]
    assert transitions[1] is not None
    assert (transitions[1].id, transitions[1].severity) == ("FTX/1/2", Severity.CRITICAL)
    assert transitions[1].opened_at == NOON


def test_a_grave_surge_opens_as_critical() -> None:
    transition = EpisodeTracker("FTX", Rule()).update(found(0, grave=True)).transition
    assert transition is not None
    assert (transition.kind, transition.severity) == (TransitionKind.OPENED, Severity.CRITICAL)


def test_a_surge_soon_after_is_suppressed_until_it_has_cooled_down() -> None:
    # closed at hour 6, cooled down at hour 18
    assert told(found(0), found(6, over=False), found(17.9), found(18)) == [
        EpisodeReason.OPENED,
        EpisodeReason.CLOSED,
        EpisodeReason.COOLING_DOWN,
        EpisodeReason.OPENED,
    ]


def test_a_graver_surge_does_not_wait() -> None:
    tracker = EpisodeTracker("FTX", Rule())
    tracker.update(found(0))
    tracker.update(found(6, over=False))
    transition = tracker.update(found(8, grave=True)).transition
    assert transition is not None
    assert (transition.id, transition.kind) == ("FTX/2/1", TransitionKind.OPENED)


def test_the_close_says_why() -> None:
    tracker = EpisodeTracker("FTX", Rule())
    tracker.update(found(0))
    transition = tracker.update(found(6, over=False)).transition
    assert transition is not None
    assert (transition.kind, transition.reason) == (TransitionKind.CLOSED, SurgeReason.VOLUME_NOT_RAISED)


def corrected(hour: float) -> Evidence:
    return msgspec.structs.replace(found(hour, over=False), reason=SurgeReason.CORRECTED, n_corrected=5)


def test_corrections_that_take_a_surge_away_close_its_episode_at_once() -> None:
    tracker = EpisodeTracker("FTX", Rule())
    tracker.update(found(0))
    verdict = tracker.update(corrected(0.5))
    assert verdict.reason is EpisodeReason.CORRECTED
    assert verdict.transition is not None
    assert (verdict.transition.kind, verdict.transition.reason) == (TransitionKind.CLOSED, SurgeReason.CORRECTED)
    assert not tracker.is_open


def test_a_surge_that_was_none_does_not_silence_the_next() -> None:
    assert told(found(0), corrected(0.5), found(1)) == [
        EpisodeReason.OPENED,
        EpisodeReason.CORRECTED,
        EpisodeReason.OPENED,
    ]


def test_the_cool_down_of_a_surge_before_still_counts() -> None:
    # closed at hour 6; the graver one at hour 8 is corrected, the cool-down ends at hour 18
    reasons = told(found(0), found(6, over=False), found(8, grave=True), corrected(8.5), found(9), found(18))
    assert reasons[2:] == [
        EpisodeReason.OPENED,
        EpisodeReason.CORRECTED,
        EpisodeReason.COOLING_DOWN,
        EpisodeReason.OPENED,
    ]


def test_corrections_without_an_episode_change_none() -> None:
    assert told(corrected(0), found(1)) == [EpisodeReason.NO_SURGE, EpisodeReason.OPENED]


def test_evidence_that_was_applied_changes_nothing() -> None:
    tracker = EpisodeTracker("FTX", Rule())
    tracker.update(found(1))
    before = tracker.snapshot()
    assert tracker.update(found(1)).reason is EpisodeReason.ALREADY_APPLIED
    assert tracker.update(found(0, grave=True)).reason is EpisodeReason.ALREADY_APPLIED
    assert tracker.snapshot() == before


def test_another_topics_evidence_is_refused() -> None:
    with pytest.raises(ValueError, match=r"evidence\.topic must be 'Tesla', got 'FTX'"):
        EpisodeTracker("Tesla", Rule()).update(found(0))
