"""What people are told of an episode's change: one sentence with the cause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.episodes.episodes import Transition, TransitionKind
from alerts.surges.evidence import Crossing, Evidence, SurgeReason

MAX_QUOTE = 120
"""Characters of a story that fit into a notification's first lines."""

MAX_NAMED = 3
"""Topics that a sentence can name."""

_MEASURES = {"polarity_below": ("polarity", "below"), "negative_share_above": ("share of negatives", "above")}


def summarize(
    transition: Transition, topic_name: str, affected: Sequence[str] = (), n_affected: int | None = None
) -> str:
    """Return one plain sentence that says what changed, and why.

    Args:
        transition: the change.
        topic_name: the topic as people call it.
        affected: names of topics below it that its surge reaches, the hardest hit first.
        n_affected: how many there are; by default those.

    >>> from alerts.episodes.episodes import EpisodeTracker
    >>> from alerts.rules.rule import Rule
    >>> from alerts.surges.evidence import SurgeReason
    >>> noon = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> evidence = Evidence(topic="ftx", at=noon, reason=SurgeReason.SURGE, is_over=True, is_raised=True,
    ...     return_period_s=9e6, n_negative=7, n_stories=9, expected=0.2, expected_low=0, expected_high=1,
    ...     negative_share=0.78, usual_share=0.25, p_volume=1e-9, p_share=1e-4, onset_at=noon, n_sources=3,
    ...     baseline_age_s=864000.0)
    >>> transition = EpisodeTracker("ftx", Rule()).update(evidence).transition
    >>> summarize(transition, "FTX").split(", ")[0]
    'FTX: 7 negative stories in 4 h where 0.2 (0 to 1) were expected'
    """
    if transition.kind is TransitionKind.CLOSED:
        return f"{topic_name}: {_closing(transition)}"
    prefix = "escalated, " if transition.kind is TransitionKind.ESCALATED else ""
    reached = _reached(affected, len(affected) if n_affected is None else n_affected)
    evidence = transition.evidence
    cause = _cause(evidence) if evidence.crossing is None else _crossed(evidence, evidence.crossing)
    return f"{topic_name}: {prefix}{cause}{reached}{_first(evidence)}"


def _cause(evidence: Evidence) -> str:
    noun = "story" if evidence.n_negative == 1 else "stories"
    parts = [
        f"{evidence.n_negative} negative {noun} in {_hours(evidence)} where {evidence.expected:.1f} "
        f"({evidence.expected_low} to {evidence.expected_high}) were expected"
    ]
    if evidence.negative_share is not None:
        parts.append(f"{evidence.negative_share:.0%} negative against {evidence.usual_share:.0%} usual")
    parts.append(f"from {evidence.n_sources} source{'' if evidence.n_sources == 1 else 's'}")
    if evidence.onset_at is not None:
        parts.append(f"since {_time(evidence.onset_at)}")
    return ", ".join(parts).replace("%", " %")


def _crossed(evidence: Evidence, crossing: Crossing) -> str:
    measured = "unknown" if crossing.measured is None else _measured(crossing.measure, crossing.measured)
    name, side = _MEASURES.get(crossing.measure, (crossing.measure, "beyond"))
    threshold = _measured(crossing.measure, crossing.threshold)
    lasted = f" for {_duration(timedelta(seconds=crossing.for_s))}" if crossing.for_s else ""
    return (
        f"{name} {measured} over {_hours(evidence)}, {side} {threshold}{lasted}: "
        f"{evidence.n_negative} of {evidence.n_stories} stories negative"
    )


def _measured(measure: str, value: float) -> str:
    return f"{100 * value:.0f} %" if measure == "negative_share_above" else f"{value:.2f}".replace("-", "−")


def _reached(affected: Sequence[str], n_affected: int) -> str:
    if not affected:
        return ""
    named = affected[:MAX_NAMED]
    n_more = n_affected - len(named)
    return f"; reaches {', '.join(named)}" + (f" and {n_more} more" if n_more else "")


def _first(evidence: Evidence) -> str:
    told = [story for story in evidence.stories if story.excerpt]
    if not told:
        return ""
    excerpt = " ".join(min(told, key=lambda story: story.published_at).excerpt.split())
    if len(excerpt) > MAX_QUOTE:
        excerpt = excerpt[: MAX_QUOTE - 1].rstrip() + "…"
    return f"; first: “{excerpt}”"


def _closing(transition: Transition) -> str:
    evidence = transition.evidence
    lasted = _duration(transition.at - transition.opened_at)
    if evidence.crossing is not None:
        name, side = _MEASURES.get(evidence.crossing.measure, (evidence.crossing.measure, "beyond"))
        threshold = _measured(evidence.crossing.measure, evidence.crossing.threshold)
        why = "too few stories to tell" if evidence.reason is SurgeReason.QUIET else f"no longer {side} {threshold}"
        return f"{name} is {why}, after {lasted} since {_time(transition.opened_at)}"
    if evidence.reason is SurgeReason.CORRECTED:
        were = "story was" if evidence.n_corrected == 1 else "stories were"
        lasted += f", as {evidence.n_corrected} negative {were} corrected"
    return (
        f"the surge of {_time(transition.opened_at)} is over after {lasted}: {evidence.n_negative} negative stories "
        f"in the last {_hours(evidence)} where {evidence.expected:.1f} were expected"
    )


def _hours(evidence: Evidence) -> str:
    return f"{evidence.window_s / 3_600:g} h"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _duration(span: timedelta) -> str:
    days, minutes = span.days, span.seconds // 60
    hours, minutes = divmod(minutes, 60)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(part for part in parts if part) or "0 min"
