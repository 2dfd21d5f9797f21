import pytest
from hypothesis import given
from hypothesis import strategies as st

from rl.analysts.cap import allowed_share, capped_weights

WEIGHTS = st.one_of(st.just(0.0), st.floats(0.01, 5.0))
ENTRIES = st.lists(st.tuples(st.sampled_from("abcdefghij"), WEIGHTS), min_size=1, max_size=60)


def test_one_of_nine_is_cut_to_a_quarter_of_what_is_left() -> None:
    weights = capped_weights(["eve"] * 30 + list("abcdefgh"), [1.0] * 38, 0.25)
    # x of x + 8 is a quarter: x = 8 / 3
    assert sum(weights[:30]) == pytest.approx(8 / 3)
    assert weights[30:] == [1.0] * 8


def test_several_who_answer_too_much_are_cut_to_the_same_total() -> None:
    weights = capped_weights(["eve"] * 40 + ["mal"] * 20 + list("abcdef"), [1.0] * 66, 0.25)
    # two at x each and 6 others: x = (2 x + 6) / 4, so x = 3
    assert sum(weights[:40]) == pytest.approx(3.0)
    assert sum(weights[40:60]) == pytest.approx(3.0)


def test_who_weighs_nothing_is_none_of_those_who_share() -> None:
    # three of four count, so each may have 2 / 3: nobody is cut
    weights = capped_weights(["a", "a", "b", "c", "d"], [1.0, 1.0, 1.0, 1.0, 0.0], 0.25)
    assert weights == [1.0, 1.0, 1.0, 1.0, 0.0]


@given(ENTRIES)
def test_nobody_has_more_than_the_share_and_who_has_less_is_left_alone(entries: list[tuple[str, float]]) -> None:
    names, weights = [name for name, _ in entries], [weight for _, weight in entries]
    capped = capped_weights(names, weights, 0.25)
    totals = {name: sum(w for n, w in zip(names, capped, strict=True) if n == name) for name in set(names)}
    counted = sum(total > 0 for total in totals.values())
    if counted:
        share = allowed_share(counted, 0.25)
        assert all(total <= share * sum(totals.values()) * (1 + 1e-9) for total in totals.values())
    assert all(left <= before * (1 + 1e-12) for left, before in zip(capped, weights, strict=True))
    cut = [n for n, left, before in zip(names, capped, weights, strict=True) if left < before * (1 - 1e-9)]
    uncut = [totals[name] for name in totals if name not in cut]
    assert all(total <= min((totals[name] for name in cut), default=total) * (1 + 1e-9) for total in uncut)


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="weights must be >= 0, got -1"):
        capped_weights(["a"], [-1.0], 0.25)
