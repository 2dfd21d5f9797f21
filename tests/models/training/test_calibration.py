import numpy as np
import pytest

from models.training.calibration import fit_temperature


def one_of(labels: np.ndarray, n: int) -> np.ndarray:
    return np.arange(n) == labels[:, None]


def test_a_temperature_that_was_put_in_is_found():
    rng = np.random.default_rng(5)
    logits = rng.normal(size=(20_000, 3))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    # the labels follow the logits at temperature 1, so logits twice as large need 2; the margin is 3 %
    assert fit_temperature(2 * logits, one_of(labels, 3)) == pytest.approx(2.0, rel=0.03)


def test_where_every_label_is_allowed_the_temperature_stays_within_its_bounds():
    temperature = fit_temperature(np.eye(3), np.ones((3, 3), dtype=bool))
    assert 0.25 <= temperature <= 4.0


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"both be \(N, A\), got \(2, 3\), \(2, 2\)"):
        fit_temperature(np.zeros((2, 3)), np.zeros((2, 2), dtype=bool))
