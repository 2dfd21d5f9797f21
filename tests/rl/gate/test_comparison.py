from collections.abc import Callable

import numpy as np
import pytest

from rl.gate.comparison import Showing, compare
from rl.gate.held_out import HeldOut
from rl.gate.slices import compare_slices, holm


def test_a_difference_is_paired() -> None:
    serving = np.tile([1.0, 0.0], 500)
    candidate = serving.copy()
    candidate[:20] = 1.0  # ten of them won
    found = compare(candidate, serving, np.arange(1_000), margin=0.01, level=0.05)
    assert found.difference == pytest.approx(0.01)
    assert found.n_different == 10
    # sqrt(0.01 * 0.99 / 999): what the two rewards share has no part in it
    assert found.standard_error == pytest.approx(0.0031480, abs=1e-6)


def test_copies_of_a_story_are_one_witness() -> None:
    serving, candidate = np.ones(3_000), np.ones(3_000)
    candidate[:60] = 0.0
    alone = compare(candidate, serving, np.arange(3_000), margin=0.01, level=0.05)
    copied = compare(candidate, serving, np.arange(3_000) // 30, margin=0.01, level=0.05)
    assert (alone.showing, copied.showing) == (Showing.WORSE, Showing.NEITHER)


def test_nothing_is_shown_by_items_too_few_to_show_it() -> None:
    # 0.99 ** 100 = 0.366: so often no item would differ though one in a hundred were lost
    same = compare(np.ones(100), np.ones(100), np.arange(100), margin=0.01, level=0.05)
    assert same.showing is Showing.NEITHER
    assert same.p_not_worse == pytest.approx(0.366, abs=0.001)


def test_a_margin_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="margin must be in"):
        compare(np.ones(3), np.ones(3), np.arange(3), margin=0.0, level=0.05)


def test_holm_stops_at_the_first_that_is_not_rejected() -> None:
    # 0.05 / 4 = 0.0125, 0.05 / 3 = 0.0167: the third is not looked at
    assert holm({"a": 0.012, "b": 0.017, "c": 0.02, "d": 0.9}, 0.05) == {"a"}


def test_slices_too_small_to_speak_of_are_left_out(make_held_out: Callable[..., HeldOut]) -> None:
    few = np.arange(3_000) >= 2_991
    assert compare_slices(make_held_out(slices={"rare": few}), margin=0.01, p_worse=0.05) == ()
