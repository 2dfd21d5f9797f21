import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.stories.leads import Relation, Slot, aligned, relation
from alerts.stories.sketches import NUMBER_BIT

# words of a lead are hashes: here letters stand for them, and figures for numbers


def lead(text: str) -> tuple[int, ...]:
    return tuple(ord(word) | (NUMBER_BIT if word.isdigit() else 0) for word in text.split())


def told(left: str, right: str) -> Relation:
    return relation(lead(left), lead(right), min_share=0.6, min_updated=4)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("a b c d", "a b c d", Relation.CONTAINED),
        ("a b c d", "x y a b c d", Relation.CONTAINED),
        ("a b c d", "a b c", Relation.CONTAINED),
        ("a b c d e", "a b c x e", Relation.REPLACED),
        ("x b c d", "y b c d", Relation.REPLACED),
        ("a v b c d", "b v a c d", Relation.REPLACED),  # A sues B, B sues A
        ("a b c d e f g", "f g a b c d e", Relation.CONTAINED),  # "agency warns: …", "…, agency warns"
        ("a b c d 3", "a b c d 5", Relation.UPDATED),
        ("a b 3", "a b 5", Relation.REPLACED),  # too little in common to be sure
        ("a b 3 c d 4", "a b 5 c d 6", Relation.REPLACED),
        ("a b c d 3 v", "a b c d 5 w", Relation.REPLACED),
        ("a b c d", "e f g h", Relation.OTHER),
        ("a b c d", "d c b a", Relation.OTHER),
        ("a b c d e f g h i j", "a b c d e f", Relation.CONTAINED),
        ("", "", Relation.OTHER),
        ("", "a", Relation.OTHER),
    ],
)
def test_leads_stand_to_each_other_as_what_stands_in_their_places(left: str, right: str, expected: Relation) -> None:
    assert told(left, right) is expected
    assert told(right, left) is expected


def test_much_that_is_replaced_is_told_in_own_words() -> None:
    # four words of ten in one place
    assert told("a b c d e f 1 2 3 4", "a b c d e f w x y z") is Relation.CONTAINED


def test_what_stands_between_the_common_words_is_a_slot() -> None:
    assert aligned((1, 2, 3), (1, 9, 8, 3)) == (2, [Slot((2,), (9, 8))])
    assert aligned((), (1,)) == (0, [Slot((), (1,))])


leads = st.lists(st.integers(1, 6), max_size=8).map(tuple)


@given(left=leads, right=leads)
def test_slots_and_common_words_make_up_both_leads(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    n_common, slots = aligned(left, right)
    assert n_common + sum(len(slot.left) for slot in slots) == len(left)
    assert n_common + sum(len(slot.right) for slot in slots) == len(right)
    if left == right:
        assert not slots
