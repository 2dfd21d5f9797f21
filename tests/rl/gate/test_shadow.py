import numpy as np
import pytest

from rl.gate.shadow import negative_ratio


def test_a_candidate_that_says_negative_a_fifth_more_often_is_told_so() -> None:
    serving = np.arange(10_000) % 4 == 0
    candidate = serving | (np.arange(10_000) % 20 == 1)  # 25 % and 30 %
    found = negative_ratio(candidate, serving, np.arange(10_000))
    assert found.observed == pytest.approx(1.2)
    assert found.shrunk == pytest.approx(1.2, abs=0.002)
    assert found.low < 1.2 < found.high
    assert found.p_agree == pytest.approx(0.95)


def test_little_evidence_is_drawn_towards_one() -> None:
    candidate, serving = np.zeros(40, dtype=bool), np.zeros(40, dtype=bool)
    candidate[:6], serving[:2] = True, True
    found = negative_ratio(candidate, serving, np.arange(40))
    assert found.observed == pytest.approx(3.0)
    assert 1.0 < found.shrunk < 1.2


def test_nothing_seen_is_a_ratio_of_one_with_the_usual_spread() -> None:
    nothing = np.zeros(0, dtype=bool)
    found = negative_ratio(nothing, nothing, np.zeros(0, dtype=np.int64))
    assert found.observed is None
    assert found.shrunk == pytest.approx(1.0)
    # exp(1.96 * 0.2)
    assert found.high == pytest.approx(1.48, abs=0.001)


def test_copies_of_a_story_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    says = np.repeat(rng.random(200) < 0.3, 10)
    other = np.repeat(rng.random(200) < 0.3, 10)
    alone = negative_ratio(says, other, np.arange(2_000))
    copied = negative_ratio(says, other, np.arange(2_000) // 10)
    assert copied.high / copied.low > alone.high / alone.low


def test_the_interval_holds_the_truth_in_19_of_20_streams() -> None:
    rng = np.random.default_rng(1)
    held = []
    for _ in range(300):
        serving = rng.random(2_000) < 0.25
        candidate = np.where(rng.random(2_000) < 0.06, rng.random(2_000) < 0.5, serving)  # 0.265 / 0.25
        found = negative_ratio(candidate, serving, np.arange(2_000))
        held.append(found.low <= 1.06 <= found.high)
    assert np.mean(held) >= 0.91  # three standard errors under 0.95


def test_arrays_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="arrays must all have one shape"):
        negative_ratio(np.zeros(2, dtype=bool), np.zeros(3, dtype=bool), np.zeros(2, dtype=np.int64))
