import pytest

from alerts.stories.sketches import TextSketch, is_contradicted, resemblance


def test_resemblance_is_exact_while_both_fit() -> None:
    # 3 in common of 3 + 4 - 3 = 4
    assert resemblance(frozenset({1, 2, 3}), frozenset({1, 2, 3, 4})) == 0.75


def test_resemblance_of_nothing_is_nothing() -> None:
    assert resemblance(frozenset(), frozenset()) == 0.0


def test_long_texts_are_compared_by_their_least_hashes() -> None:
    # sets of 0..39 and 20..59, seen as 0..31 and 20..51; the least 32 of the union are 0..31, of which
    # both hold 20..31: 12 of 32
    assert resemblance(frozenset(range(32)), frozenset(range(20, 52))) == 12 / 32


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (TextSketch(direction=1), TextSketch(direction=-1), True),
        (TextSketch(direction=1), TextSketch(direction=0), False),
        (TextSketch(numbers=(1, 2)), TextSketch(numbers=(2, 3)), False),
        (TextSketch(numbers=(1,)), TextSketch(numbers=(2,)), True),
        (TextSketch(numbers=(1,)), TextSketch(), False),
    ],
)
def test_opposed_directions_and_other_numbers_contradict(left: TextSketch, right: TextSketch, expected: bool) -> None:
    assert is_contradicted(left, right) is expected
