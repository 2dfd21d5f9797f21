from typing import Any

import numpy as np
import pytest
from scipy import special

from alerts.surges.baseline import Baseline, BaselineConfig


def test_before_any_history_the_prior_speaks() -> None:
    baseline = Baseline(BaselineConfig())
    assert baseline.level == pytest.approx(1 / 24)
    assert baseline.share == pytest.approx(0.25)
    assert baseline.dispersion == pytest.approx(1.5)


def test_the_level_forgets_half_in_two_weeks() -> None:
    # 336 quiet hours keep half of 2 stories; the hours themselves sum to
    # (1 - 0.5^(337/336)) / (1 - 0.5^(1/336)) = 243.12; the prior adds 1/8 story in 3 hours: (1 + 0.125) / 246.12
    baseline = Baseline(BaselineConfig())
    baseline.update(n_stories=2, n_negative=2)
    baseline.skip(336)
    assert baseline.level == pytest.approx(1.125 / 246.12, rel=1e-3)


def test_a_quiet_week_at_once_equals_its_hours() -> None:
    at_once, by_hours = Baseline(BaselineConfig()), Baseline(BaselineConfig())
    for baseline in (at_once, by_hours):
        baseline.update(n_stories=5, n_negative=3)
    at_once.skip(168)
    for _ in range(168):
        by_hours.skip(1)
    assert at_once.level == pytest.approx(by_hours.level, rel=1e-9)
    assert at_once.share == pytest.approx(by_hours.share, rel=1e-9)


def test_one_wild_hour_does_not_become_the_norm() -> None:
    baseline = Baseline(BaselineConfig())
    baseline.skip(500)
    baseline.update(n_stories=500, n_negative=500)
    # an hour counts at most the level (0.005) and 3 * sqrt(1.0..) above it, in 104 + 12 decayed hours
    assert baseline.level < 0.05


def test_a_negative_share_is_learnt_from_stories() -> None:
    baseline = Baseline(BaselineConfig())
    for _ in range(100):
        baseline.update(n_stories=2, n_negative=1)
    assert baseline.share == pytest.approx(0.5, abs=0.02)


def test_volume_is_judged_by_a_negative_binomial() -> None:
    # a level of 0.5 an hour, known for certain, is 2 in four hours; with dispersion 2 that is
    # scipy.stats.nbinom(n=2, p=0.5): sf(5) = 0.0625, ppf(0.05) = 0, ppf(0.95) = 6
    baseline = Baseline(BaselineConfig(prior_level=0.5, prior_hours=1e9, prior_dispersion=2.0))
    assert baseline.p_volume(6, hours=4) == pytest.approx(0.0625, rel=1e-6)
    assert baseline.interval(hours=4) == (0, 6)
    assert baseline.p_volume(0, hours=4) == 1.0


def test_the_interval_is_where_the_distribution_function_passes_5_and_95_percent() -> None:
    # from a story in months to thousands in hours, and from nearly Poisson to twenty times that
    draw = np.random.default_rng(5)
    for level, dispersion in zip(
        10 ** draw.uniform(-4, 4, 400), 1.05 + 10 ** draw.uniform(-2, 1.3, 400), strict=True
    ):
        config = BaselineConfig(prior_level=level, prior_hours=1e9, prior_dispersion=dispersion)
        interval = Baseline(config).interval(hours=1)
        size, p_stop = level / (dispersion - 1), 1 / dispersion
        for bound, p in zip(interval, (0.05, 0.95), strict=True):
            assert special.betainc(size, bound + 1, p_stop) >= p
            assert bound == 0 or special.betainc(size, bound, p_stop) < p


def test_what_was_asked_before_is_asked_anew_once_something_was_learnt() -> None:
    baseline, never_asked = Baseline(BaselineConfig()), Baseline(BaselineConfig())
    for n in range(30):
        for one in (baseline, never_asked):
            one.update(n_stories=6, n_negative=n % 4)
        baseline.interval(4), baseline.p_share(9, 4)
        baseline.interval(4, 1.3), baseline.p_share(9, 4, 1.3)
    assert baseline.interval(4) == never_asked.interval(4)
    assert baseline.p_share(9, 4) == never_asked.p_share(9, 4)


def test_share_is_judged_by_a_beta_binomial() -> None:
    # scipy.stats.betabinom(n=10, a=2, b=6).sf(5)
    baseline = Baseline(BaselineConfig(prior_share=0.25, prior_stories=8))
    assert baseline.p_share(n_stories=10, n_negative=6) == pytest.approx(0.0817564788)
    assert baseline.p_share(n_stories=10, n_negative=0) == 1.0


def test_there_cannot_be_more_negatives_than_stories() -> None:
    with pytest.raises(ValueError, match=r"n_negative must be <= n_stories \(2\), got 3"):
        Baseline(BaselineConfig()).p_share(n_stories=2, n_negative=3)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"prior_hours": 0}, "prior_hours must be > 0, got 0"),
        ({"prior_share": 1.0}, r"prior_share must be in \(0, 1\), got 1.0"),
        ({"prior_dispersion": 1.0}, "prior_dispersion must be > 1, got 1.0"),
        ({"winsor_deviations": -1}, "winsor_deviations must be > 0, got -1"),
    ],
)
def test_a_wrong_configuration_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BaselineConfig(**fields)


def clustered(ratio: float, n_hours: int = 4_000) -> Baseline:
    """Return what is learnt from a policy that finds so many times the first one's: 2 an hour, in clusters."""
    draw = np.random.default_rng(7)
    config = BaselineConfig(level_half_life_s=90 * 86_400, winsor_deviations=100.0)
    baseline = Baseline(config)
    for hour in range(n_hours):
        n_negative = draw.poisson(draw.gamma(1.0, 2.0) * ratio)  # variance over mean: 1 + 2 ratio
        n_stories = n_negative + draw.poisson(2)
        if n_stories:
            baseline.update(int(n_stories), n_negative / ratio, ratio, hour)
        else:
            baseline.skip(1, ratio)
    return baseline


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.5])
def test_level_and_dispersion_are_learnt_as_the_first_policy_would_count(ratio: float) -> None:
    baseline = clustered(ratio)
    assert baseline.level == pytest.approx(2.0, rel=0.1)
    assert baseline.dispersion == pytest.approx(3.0, rel=0.15)
    assert baseline.dispersion_for(ratio) == pytest.approx(1 + 2 * ratio, rel=0.15)


def test_what_is_usual_is_told_in_the_terms_of_a_policy() -> None:
    baseline = clustered(1.0)
    low, high = baseline.interval(4.0)
    more_low, more_high = baseline.interval(4.0, ratio=1.5)
    assert low <= more_low < 12 < more_high
    assert more_high > high
    assert baseline.p_volume(20, 4.0, ratio=1.5) > baseline.p_volume(20, 4.0)
    assert baseline.p_share(10, 9, ratio=1.5) > baseline.p_share(10, 9)
    assert baseline.interval(4.0, ratio=1.0) == (low, high)


def test_no_share_is_more_than_all() -> None:
    baseline = Baseline(BaselineConfig())
    for hour in range(200):
        baseline.update(10, 10 / 0.5, ratio=0.5, hour=hour)  # half as often as the first policy, and always
    assert baseline.share > 1.5
    assert baseline.share_for(0.5) == 0.99
    assert baseline.share_for(1.0) == 0.99
    assert 0 < baseline.p_share(5, 5, ratio=1.0) <= 1


def test_an_hour_that_was_learnt_can_be_learnt_anew() -> None:
    as_it_was, corrected, right = (Baseline(BaselineConfig()) for _ in range(3))
    for baseline in (as_it_was, corrected, right):
        for n in range(100):
            baseline.update(8, 6 * (n % 2))
    lesson = corrected.update(8, 8, hour=0)
    as_it_was.update(8, 8, hour=0)
    right.update(5, 1, hour=0)
    for baseline in (as_it_was, corrected, right):
        baseline.skip(5)
        baseline.update(2, 1, hour=6)
        baseline.skip(3)
    corrected.revise(lesson, 5, 1, n_hours=9)
    assert corrected.level == pytest.approx(right.level, rel=1e-12)
    assert corrected.share == pytest.approx(right.share, rel=1e-12)
    # what later hours deviated from is not judged anew
    assert corrected.dispersion == pytest.approx(right.dispersion, rel=0.01)
    assert abs(corrected.dispersion - right.dispersion) < abs(as_it_was.dispersion - right.dispersion)
    unlearnt = corrected.revise(lesson, 8, 8, n_hours=9)
    assert unlearnt == lesson


def test_a_burst_of_every_label_is_a_busy_hour() -> None:
    baseline = learnt(n_stories=40, n_negative=10, hours=400)
    # 300 others where 120 are usual in four hours, at odds of one to three
    assert baseline.busyness(300, hours=4) == pytest.approx(2.5, rel=0.05)
    assert baseline.expected(300, hours=4) == pytest.approx(100, rel=0.05)
    assert baseline.p_volume(60, hours=4) < 0.01 < baseline.p_volume(60, 4, busyness=baseline.busyness(300, 4))


def test_at_night_a_busy_topic_expects_less() -> None:
    baseline = learnt(n_stories=40, n_negative=10, hours=400)
    assert baseline.expected(30, hours=4) == pytest.approx(10, rel=0.1)


def test_a_few_other_stories_of_a_quiet_topic_say_little() -> None:
    baseline = learnt(n_stories=1, n_negative=1, hours=400, every=24)
    quiet, three_others = baseline.expected(0, hours=4), baseline.expected(3, hours=4)
    assert quiet < three_others < 2.1 * quiet


def learnt(n_stories: int, n_negative: int, hours: int, every: int = 1) -> Baseline:
    baseline = Baseline(BaselineConfig())
    for hour in range(hours):
        if hour % every:
            baseline.skip(1)
        else:
            baseline.update(n_stories, n_negative)
    return baseline
