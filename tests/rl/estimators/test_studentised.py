import numpy as np
import pytest

from rl.estimators.log import KnownRewards
from rl.estimators.review_weighted import review_weighted
from rl.estimators.studentised import Studentised, studentised


def test_a_mean_has_its_textbook_error_and_carriers() -> None:
    sample = Studentised.of(np.array([1.0, 2.0, 3.0, 4.0]))
    # variance 5/3 over 4; squares 2.25 .25 .25 2.25: 25 / 10.25 carriers
    assert sample.standard_error == pytest.approx(0.645497, abs=1e-6)
    assert sample.carriers == pytest.approx(2.439024, abs=1e-6)
    assert sample.skewness == pytest.approx(0.0, abs=1e-12)


def test_an_interval_without_skewness_is_students() -> None:
    sample = Studentised(mean=0.0, standard_error=1.0, skewness=0.0, carriers=100 / 3, n=100)
    # kurtosis 3: freedom 2 / (0.03 - 0.01) = 100, at most n - 1 = 99; t at 97.5 % is 1.98422
    assert sample.interval() == pytest.approx((-1.98422, 1.98422), abs=1e-5)


def test_an_interval_reaches_further_where_the_tail_is() -> None:
    skewed = Studentised.of(np.array([0.0] * 180 + [1.0] * 20))
    low, high = skewed.interval()
    # a score interval of 20 in 200 goes from 0.066 to 0.149: 0.034 below and 0.049 above
    assert 0.1 - low == pytest.approx(0.036, abs=0.003)
    assert high - 0.1 == pytest.approx(0.049, abs=0.003)


def test_a_p_value_and_a_bound_agree() -> None:
    sample = Studentised.of(np.random.default_rng(3).exponential(size=80))
    assert sample.p_at_most(sample.low(0.03)) == pytest.approx(0.03)
    assert sample.p_at_least(sample.high(0.03)) == pytest.approx(0.03)


def test_left_out_clusters_are_whole_stories() -> None:
    # two stories of two rounds: means without each are 0 and 1; pseudo-values 2 * 0.5 - 0 and 2 * 0.5 - 1
    known = KnownRewards(np.array([1.0, 1.0, 0.0, 0.0]), np.ones(4), np.array([5, 5, 9, 9]))
    sample = studentised(review_weighted(known))
    assert (sample.n, sample.mean) == (2, 0.5)
    assert sample.standard_error == pytest.approx(0.5)


def test_one_story_has_no_error() -> None:
    with pytest.raises(ValueError, match="contributions must be"):
        Studentised.of(np.array([1.0]))
