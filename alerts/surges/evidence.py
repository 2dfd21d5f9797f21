"""Evidence: what is known at one tick for and against a surge of one topic; a plain fact."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class SurgeReason(StrEnum):
    """Why a topic is, or is not, in a surge."""

    SURGE = "surge"  # more negative stories than usual, and a larger share of them
    QUIET = "quiet"  # no negative story in the current window
    TOO_LITTLE_HISTORY = "too_little_history"
    BELOW_SUPPORT = "below_support"  # too few negative stories, or too few sources
    VOLUME_NOT_RAISED = "volume_not_raised"  # no more negative stories than the topic's own past has seen
    SHARE_NOT_RAISED = "share_not_raised"  # more stories of every kind
    CORRECTED = (
        "corrected"  # analysts' corrections took the surge away: as it was counted before it would still be on
    )
    SHARED = "shared"  # a surge that many of its children have at once
    OF_CHILDREN = "of_children"  # a few of its children explain it: theirs to alert
    DIFFUSE = "diffuse"  # spread over topics below it, and not rare enough for that
    RULE_OFF = "rule_off"  # nobody wants to hear of this topic
    ABSOLUTE = "absolute"  # a measure is beyond the threshold of an absolute rule
    BACK = "back"  # that measure is back


class EvidenceStory(msgspec.Struct, frozen=True):
    """A negative story that evidence rests on; `copies` counts its near-duplicates, itself included."""

    excerpt: str
    url: str | None
    source: str
    copies: int
    published_at: datetime


class Pulse(msgspec.Struct, frozen=True, array_like=True):
    """The novel stories of one topic in one tick, for rules that ask for nothing unusual."""

    topic: str
    at: datetime  # end of the tick
    n_stories: int
    n_negative: int
    polarity: float  # sum over the stories


class Crossing(msgspec.Struct, frozen=True, array_like=True):
    """A measure and the threshold of an absolute rule, which asks for nothing unusual."""

    measure: str  # of `rules/absolute.py`
    threshold: float
    measured: float | None  # over the window; None: too few stories
    for_s: int  # it must be beyond for so long


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known at one tick about a surge of one topic, over the current window.

    >>> noon = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> evidence = Evidence(topic="FTX", at=noon, reason=SurgeReason.QUIET, is_over=False, is_raised=False,
    ...     return_period_s=0.0, n_negative=0, n_stories=0, expected=0.2, expected_low=0, expected_high=1,
    ...     negative_share=None, usual_share=0.25, p_volume=1.0, p_share=1.0, onset_at=None, n_sources=0,
    ...     baseline_age_s=864000.0)
    >>> msgspec.json.decode(msgspec.json.encode(evidence), type=Evidence) == evidence
    True
    """

    topic: str
    at: datetime  # end of the tick
    window_s: int = 14_400  # length of the current window
    reason: SurgeReason
    is_over: bool  # a surge, by every test
    is_raised: bool  # still unusual enough to keep an episode open
    return_period_s: float  # once in so long is usual for this topic
    n_negative: int  # stories, as are the next four
    n_stories: int
    expected: (
        float  # of hours as busy as these, in the terms of the policies that read the window, as is `usual_share`
    )
    expected_low: int  # 5 % and 95 % quantiles of what is usual
    expected_high: int
    negative_share: float | None  # None: no stories
    usual_share: float
    p_volume: float
    p_share: float
    onset_at: datetime | None  # since when the counts are best explained by a raised rate
    n_sources: int
    baseline_age_s: float
    stories: tuple[EvidenceStory, ...] = ()  # negative, most copies first
    policy_versions: tuple[str, ...] = ()
    negative_ratio: float = 1.0  # of those policies to the stream's first one, mean over the stories
    n_corrected: int = 0  # negative stories that corrections took out of the window
    n_posts: int = 0  # of the negative stories, those from social media
    n_unnamed: int = 0  # of the negative stories, those that name only topics that roll up to this one
    dispersion: float = 1.5  # variance over mean of the topic's usual hourly counts
    average: float | None = None  # expected of a window that is neither busy nor quiet; None: as `expected`
    crossing: Crossing | None = None  # of an absolute rule; then the fields of what is usual say nothing
    related: tuple[str, ...] = ()  # topics that the negative stories are about as well, most often first
