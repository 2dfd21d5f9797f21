from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from alerts.episodes.episodes import Severity, Transition, TransitionKind
from alerts.episodes.rendering import summarize
from alerts.surges.evidence import Evidence, EvidenceStory, SurgeReason

AT = datetime(2022, 11, 8, 16, 30, tzinfo=UTC)
STORY = EvidenceStory("Binance walks away from\nthe deal", None, "Wire", 3, AT - timedelta(hours=2))
EVIDENCE = Evidence(
    topic="ftx",
    at=AT,
    reason=SurgeReason.SURGE,
    is_over=True,
    is_raised=True,
    return_period_s=1e7,
    n_negative=14,
    n_stories=20,
    expected=1.23,
    expected_low=0,
    expected_high=4,
    negative_share=0.71,
    usual_share=0.22,
    p_volume=1e-6,
    p_share=1e-3,
    onset_at=AT - timedelta(hours=2, minutes=25),
    n_sources=9,
    baseline_age_s=1e6,
    stories=(EvidenceStory("Later, with more copies", None, "Desk", 9, AT), STORY),
)


def changed(kind: TransitionKind, evidence: Evidence = EVIDENCE) -> Transition:
    return Transition(
        topic="ftx",
        episode=2,
        number=1,
        kind=kind,
        reason=evidence.reason,
        severity=Severity.CRITICAL,
        at=AT,
        opened_at=AT - timedelta(days=1, hours=3),
        evidence=evidence,
    )


def test_an_opening_tells_its_cause() -> None:
    assert summarize(changed(TransitionKind.OPENED), "FTX") == (
        "FTX: 14 negative stories in 4 h where 1.2 (0 to 4) were expected, 71 % negative against 22 % usual, "
        "from 9 sources, since 2022-11-08 14:05 UTC; first: “Binance walks away from the deal”"
    )


def test_an_escalation_says_so() -> None:
    assert summarize(changed(TransitionKind.ESCALATED), "FTX").startswith("FTX: escalated, 14 negative stories")


def test_a_close_tells_how_long_it_lasted() -> None:
    assert summarize(changed(TransitionKind.CLOSED), "FTX") == (
        "FTX: the surge of 2022-11-07 13:30 UTC is over after 1 d 3 h: "
        "14 negative stories in the last 4 h where 1.2 were expected"
    )


def test_a_close_by_corrections_says_so() -> None:
    evidence = msgspec.structs.replace(EVIDENCE, reason=SurgeReason.CORRECTED, n_negative=2, n_corrected=12)
    assert summarize(changed(TransitionKind.CLOSED, evidence), "FTX") == (
        "FTX: the surge of 2022-11-07 13:30 UTC is over after 1 d 3 h, as 12 negative stories were corrected: "
        "2 negative stories in the last 4 h where 1.2 were expected"
    )
    assert "as 1 negative story was corrected" in summarize(
        changed(TransitionKind.CLOSED, msgspec.structs.replace(evidence, n_corrected=1)), "FTX"
    )


def test_a_percent_sign_in_a_headline_is_left_alone() -> None:
    story = msgspec.structs.replace(STORY, excerpt="FTT falls 80% in a day")
    evidence = msgspec.structs.replace(EVIDENCE, stories=(story,))
    assert summarize(changed(TransitionKind.OPENED, evidence), "FTX").endswith("first: “FTT falls 80% in a day”")


def test_a_long_headline_is_cut() -> None:
    evidence = msgspec.structs.replace(EVIDENCE, stories=(msgspec.structs.replace(STORY, excerpt="word " * 100),))
    quote = summarize(changed(TransitionKind.OPENED, evidence), "FTX").split("“")[1]
    assert quote.endswith("word…”")
    assert len(quote) <= 121


def test_without_stories_nothing_is_quoted() -> None:
    evidence = msgspec.structs.replace(EVIDENCE, stories=(), onset_at=None, negative_share=None, n_sources=1)
    assert summarize(changed(TransitionKind.OPENED, evidence), "FTX") == (
        "FTX: 14 negative stories in 4 h where 1.2 (0 to 4) were expected, from 1 source"
    )
