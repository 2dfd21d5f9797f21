from typing import Any

import pytest

from alerts.baseline import Baseline, BaselineConfig


def test_before_any_history_the_prior_speaks() -> None:
    baseline = Baseline(BaselineConfig())
    assert baseline.level == pytest.approx(1 / 24)
    assert baseline.share == pytest.approx(0.25)
    assert baseline.dispersion == pytest.approx(1.5)


def test_the_level_forgets_half_in_three_days() -> None:
    # 72 quiet hours keep half of 2 stories; the hours themselves sum to (1 - 0.5^(73/72)) / (1 - 0.5^(1/72)) = 52.69;
    # the prior adds 0.5 story in 12 hours: (1 + 0.5) / 64.69
    baseline = Baseline(BaselineConfig())
    baseline.update(n_stories=2, n_negative=2)
    baseline.skip(72)
    assert baseline.level == pytest.approx(1.5 / 64.69, rel=1e-3)


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
