from __future__ import annotations

import random
from dataclasses import replace

import msgspec
import pytest

from alerts.episodes.episodes import EpisodeTracker, TransitionKind
from alerts.episodes.judgement import judged
from alerts.rules.rule import Rule
from alerts.surges.current import StoryCount, TickCounts
from alerts.surges.surge import Evidence, SurgeConfig, SurgeDetector, SurgeReason

DAY = 288  # ticks
WARM = 20 * DAY
CALM = 2  # a seed whose first twenty days have no surge in them by chance


def usual(seed: int, until: int, p_story: float = 0.05, p_negative: float = 0.2) -> list[TickCounts]:
    """Stories at random: 14 a day, 3 of them negative, from five sources."""
    draw = random.Random(seed)
    ticks = []
    for tick in range(until):
        if draw.random() < p_story:
            is_negative = draw.random() < p_negative
            sources = (draw.randrange(5),) if is_negative else ()
            ticks.append(TickCounts(tick, 1, int(is_negative), 0, sources))
    return ticks


def evidence_of(history: list[TickCounts], config: SurgeConfig | None = None) -> list[Evidence]:
    """Return what the detector says of every tick that it has something to say of."""
    detector = SurgeDetector("FTX", config or SurgeConfig())
    said = []
    for counts in history:
        while (due := detector.next_tick()) is not None and due < counts.tick:
            said.append(detector.update(TickCounts(due)))
        said.append(detector.update(counts))
    while (due := detector.next_tick()) is not None:
        said.append(detector.update(TickCounts(due)))
    return [evidence for evidence in said if evidence is not None]


def burst(start: int, n_negative: int, sources: int = 4, every: int = 4) -> list[TickCounts]:
    """Return negative stories one after another."""
    return [TickCounts(start + every * n, 1, 1, 0, (n % sources,)) for n in range(n_negative)]


def test_a_crisis_is_a_surge_with_its_expectation_and_onset() -> None:
    [first, *_] = [evidence for evidence in evidence_of(usual(CALM, WARM) + burst(WARM, 10)) if evidence.is_over]
    assert first.reason is SurgeReason.SURGE
    assert first.n_negative >= 4
    assert first.expected == pytest.approx(0.48, rel=0.5)  # 3 a day are 0.5 in four hours
    assert first.expected_low <= first.expected <= first.expected_high < first.n_negative
    assert first.onset_at is not None
    assert abs(first.onset_at.timestamp() - WARM * 300) <= 3_600
    assert first.p_share < 0.05
    assert first.baseline_age_s == pytest.approx(20 * 86_400, rel=0.02)


def test_an_ordinary_month_is_no_surge() -> None:
    months = [evidence_of(usual(seed, 30 * DAY)) for seed in range(30)]
    n_alarmed = sum(any(evidence.is_over for evidence in month) for month in months)
    # one in thirty days is what the volume test allows, 30 in all; the share test leaves a third of them
    assert n_alarmed <= 10


def test_more_stories_of_every_kind_are_no_surge() -> None:
    # 40 stories, every fifth of them negative: the usual share
    earnings = [TickCounts(WARM + n, 1, int(n % 5 == 4), 0, (n % 4,) if n % 5 == 4 else ()) for n in range(40)]
    evidence = evidence_of(usual(CALM, WARM) + earnings)
    assert not any(one.is_over for one in evidence)
    # the 32 others lead one to expect eight
    busiest = max(evidence, key=lambda one: one.n_stories)
    assert busiest.reason is SurgeReason.VOLUME_NOT_RAISED
    assert busiest.return_period_s < 10 * 86_400


def test_a_share_that_is_not_raised_is_no_surge() -> None:
    # of this topic only the bad is written: ten in four hours are many, and no larger share
    always_so = [TickCounts(tick, 1, 1, 0, (tick % 3,)) for tick in range(0, WARM, 80)]
    more = burst(WARM, 10)
    evidence = evidence_of(always_so + more)
    assert not any(one.is_over for one in evidence)
    assert SurgeReason.SHARE_NOT_RAISED in {one.reason for one in evidence}


def test_one_outlet_is_not_the_public() -> None:
    quiet = [TickCounts(tick, 1) for tick in range(0, WARM, 40)]
    evidence = evidence_of(quiet + burst(WARM, 9, sources=1))
    assert not any(one.is_over for one in evidence)
    assert {one.reason for one in evidence if one.n_negative} == {SurgeReason.BELOW_SUPPORT}


def test_many_posts_of_one_feed_are_the_public() -> None:
    quiet = [TickCounts(tick, 1) for tick in range(0, WARM, 40)]
    posts = [TickCounts(WARM + n, 1, 1, 1, (7,)) for n in range(12)]
    surges = [one for one in evidence_of(quiet + posts) if one.is_over]
    assert surges[0].n_negative == 10


def test_three_negative_stories_are_too_few() -> None:
    quiet = [TickCounts(tick, 1) for tick in range(0, WARM, 40)]
    assert not any(one.is_over for one in evidence_of(quiet + burst(WARM, 3)))


def test_a_topic_without_history_is_not_judged() -> None:
    evidence = evidence_of([TickCounts(0, 1), *burst(100, 10)])
    assert {one.reason for one in evidence} == {SurgeReason.TOO_LITTLE_HISTORY}


def test_a_topic_that_was_watched_in_silence_is_judged() -> None:
    detector = SurgeDetector("FTX", SurgeConfig(), first_tick=0)
    said = [detector.update(counts) for counts in burst(WARM, 10, every=1)]
    assert any(one is not None and one.is_over for one in said)


def test_what_comes_before_the_level_is_known_is_not_the_topics_scale() -> None:
    # forty negative stories an hour from the first tick on: at first forty times what is believed, then usual
    detector = SurgeDetector("FTX", SurgeConfig())
    for tick in range(10 * DAY):
        detector.update(TickCounts(tick, 6, 3 + tick % 2, 0, (1, 2)))
    assert len(detector.state.scale.maxima) <= 32  # four a day, of eight days
    assert max(value for _, value in detector.state.scale.maxima) < 3


def test_evidence_follows_a_surge_until_an_episode_can_close() -> None:
    config = SurgeConfig()
    evidence = evidence_of(usual(CALM, WARM) + burst(WARM, 10))
    rare = [
        one.at
        for one in evidence
        if one.return_period_s >= config.notable_return_period_s and one.p_share <= config.keep_p_share
    ]
    assert (evidence[-1].at - rare[-1]).total_seconds() == config.follow_s


def test_an_episode_of_the_most_sensitive_rule_closes() -> None:
    rule = Rule(false_alarms=10, min_negative=3)
    tracker = EpisodeTracker("FTX", rule)
    quiet = [TickCounts(tick, 1) for tick in range(0, WARM, 40)]
    # three stories, and two more five hours later: rare, and below the three that are notable
    trickle = [TickCounts(WARM + 60 + n, 1, 1, 0, (n,)) for n in range(2)]
    verdicts = [
        tracker.update(judged(one, rule, SurgeConfig())).transition
        for one in evidence_of(quiet + burst(WARM, 3) + trickle)
    ]
    kinds = [transition.kind for transition in verdicts if transition is not None]
    assert kinds[:2] == [TransitionKind.OPENED, TransitionKind.CLOSED]
    assert not tracker.is_open


def test_evidence_is_told_before_it_is_a_surge_so_that_a_rule_may_ask_for_less() -> None:
    quiet = [TickCounts(tick, 1) for tick in range(0, WARM, 40)]
    evidence = evidence_of(quiet + burst(WARM, 3))
    followed = [one for one in evidence if one.at > evidence[2].at]
    assert not any(one.is_over for one in evidence)
    assert evidence[2].n_negative == 3
    # each tick of the seven hours after it, though nothing more happens
    assert len(followed) >= 84


def test_the_baseline_stands_still_in_a_surge() -> None:
    evidence = evidence_of(usual(CALM, WARM) + burst(WARM, 60))
    first = next(n for n, one in enumerate(evidence) if one.is_over)
    assert len({one.usual_share for one in evidence[first : first + 200]}) == 1


def test_what_lasts_becomes_the_new_normal() -> None:
    weeks = [TickCounts(WARM + 10 * n, 1, 1, 0, (n % 5,)) for n in range(42 * DAY // 10)]
    evidence = evidence_of(usual(CALM, WARM) + weeks)
    assert any(one.is_over for one in evidence)
    assert not evidence[-1].is_over
    assert evidence[-1].expected > 3  # 4.8 in four hours


def test_the_future_changes_nothing() -> None:
    past = usual(3, WARM) + burst(WARM, 6)
    last_at = evidence_of(past[:-1])[-1].at
    cut = past[-1].tick * 300
    other = [*past, *burst(past[-1].tick + 10, 30)]
    before = [one for one in evidence_of(past) if one.at.timestamp() <= cut]
    assert before == [one for one in evidence_of(other) if one.at.timestamp() <= cut]
    assert last_at >= before[-1].at


def test_ticks_must_not_go_back() -> None:
    detector = SurgeDetector("FTX", SurgeConfig())
    detector.update(TickCounts(5, 1))
    with pytest.raises(ValueError, match=r"counts\.tick must be > 5, got 5"):
        detector.update(TickCounts(5, 1))


def test_a_quiet_year_costs_nothing() -> None:
    detector = SurgeDetector("FTX", SurgeConfig())
    detector.update(TickCounts(0, 1, 1, 0, (1,)))
    detector.update(TickCounts(365 * DAY, 1, 1, 0, (1,)))
    assert len(detector.snapshot()) < 200


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"bin_s": 7}, "bin_s must divide an hour, got 7"),
        ({"scales_s": (60,)}, r"scales_s must be > 0 and the longest whole hours, got \(60,\)"),
        ({"relative_variance": -1}, "relative_variance must be >= 0, got -1"),
        ({"min_sources": 0}, "min_sources must be >= 1, got 0"),
        ({"min_history_s": -1}, "min_history_s must be >= 0, got -1"),
        ({"keep_return_period_s": 1e9}, r"keep_return_period_s must be in \(0, return_period_s\], got 1000000000\.0"),
        ({"max_p_share": 0}, r"max_p_share must be in \(0, 1\], got 0"),
    ],
)
def test_a_wrong_configuration_is_refused(fields: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SurgeConfig(), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(6))
def test_noticing_is_judging_without_a_word_on_what_is_not_notable(seed: int) -> None:
    draw = random.Random(seed)
    judging, noticing = (SurgeDetector("FTX", SurgeConfig()) for _ in range(2))
    n_told = n_kept_back = 0
    rate = 0.05
    for tick in range(25 * DAY):
        rate = draw.choice([0.01, 0.05, 0.6]) if draw.random() < 0.005 else rate
        has_grown = draw.random() < 0.002
        if draw.random() < rate:
            was, now = (
                StoryCount(draw.random() < 0.5, ratio=1.3),
                StoryCount(draw.random() < 0.5, source=7, ratio=1.3),
            )
            counts = TickCounts(tick, ratio_excess=0.3 * draw.randrange(2))
            counts.add(
                [StoryCount(draw.random() < 0.3, source=draw.randrange(5)) for _ in range(draw.randrange(1, 4))]
            )
        elif has_grown or judging.next_tick() == tick:
            counts = TickCounts(tick)
        else:
            continue
        if draw.random() < 0.02:
            for detector in (judging, noticing):
                detector.revise(tick - 100, was, now, [])
        if draw.random() < 0.01:
            noticing = SurgeDetector.restore("FTX", SurgeConfig(), noticing.snapshot())
        was_followed = judging.is_followed
        judged = judging.update(msgspec.structs.replace(counts), has_grown=has_grown)
        noticed = noticing.notice(counts, has_grown=has_grown)
        assert noticing.snapshot() == judging.snapshot()
        assert noticed == (judged if was_followed or judging.is_followed else None)
        n_told += noticed is not None
        n_kept_back += judged is not None and noticed is None
    assert n_told > 100
    assert n_kept_back > 100
