from typing import Any

import pytest

from alerts.stories.likeness import Facets, LikenessConfig, are_told_apart, least_common, likest, nearness
from alerts.stories.sketches import TextSketch, Trait

CONFIG = LikenessConfig()


def text(*words: int, **fields: Any) -> Facets:
    return Facets(TextSketch(words=words, **fields))


def are_one(left: Facets, right: Facets) -> bool:
    return likest(CONFIG, left, [(0, right)]) == 0


def test_a_headline_and_its_article_are_one_story() -> None:
    # all 4 words of the headline in 20 of the article: a resemblance of 0.2 alone is too little
    article = tuple(range(20))
    assert are_one(text(0, 1, 2, 3, lead=(0, 1, 2, 3)), text(*article, lead=(0, 1, 2, 3)))
    assert not are_one(text(0, 1, 2, 3, lead=(0, 1, 2, 3)), text(*article, lead=(9, 8, 7, 6)))


def test_a_number_in_common_makes_up_for_other_words() -> None:
    # 2 of 9 words in common, one of them a name
    left = text(0, 1, 2, 3, names=(0,), numbers=(7,))
    assert are_one(left, text(0, 1, 10, 11, 12, 13, 14, names=(0,), numbers=(7,)))
    assert not are_one(left, text(0, 1, 10, 11, 12, 13, 14, names=(0,)))


def test_a_name_and_a_number_are_not_enough() -> None:
    assert not are_one(text(0, 1, 2, names=(0,), numbers=(7,)), text(0, 5, 6, names=(0,), numbers=(7,)))


def test_what_denies_is_not_the_story_that_it_denies() -> None:
    assert not are_one(text(1, 2, 3), text(1, 2, 3, traits=Trait.DENIES))
    assert are_one(text(1, 2, 3, traits=Trait.DENIES), text(1, 2, 3, traits=Trait.DENIES))


def test_an_anniversary_is_another_story() -> None:
    assert not are_one(text(1, 2, 3), text(1, 2, 3, traits=Trait.LOOKS_BACK))


def test_of_what_recurs_only_copies_are_one_story() -> None:
    wrap = text(*range(10), lead=(1, 2, 3), traits=Trait.RECURS)
    assert are_one(wrap, wrap)
    assert not are_one(wrap, text(*range(2, 12), lead=(1, 2, 3), traits=Trait.RECURS))  # 8 of 12


def test_a_corrected_number_is_the_same_story() -> None:
    first = text(1, 2, 3, 4, numbers=(7,))
    assert not are_one(first, text(1, 2, 3, 4, numbers=(8,)))
    assert are_one(first, text(1, 2, 3, 4, numbers=(8,), traits=Trait.CORRECTS))


def test_another_name_in_the_same_place_is_another_story() -> None:
    assert are_one(text(1, 2, 3, 4, lead=(1, 2, 3, 4)), text(1, 2, 3, 9, lead=(9, 3, 2, 1)))
    assert not are_one(text(1, 2, 3, 4, lead=(1, 2, 3, 4)), text(1, 2, 3, 9, lead=(1, 2, 3, 9)))


def test_a_sketch_without_a_lead_is_compared_by_its_words() -> None:
    # as in logs of before there were leads
    assert are_one(text(1, 2, 3, 4), text(1, 2, 3, 9, lead=(1, 2, 3, 9)))


def test_of_a_lead_sixteen_words_are_compared() -> None:
    # the seventeenth is another one
    assert are_one(text(1, 2, 3, 4, lead=tuple(range(17))), text(1, 2, 3, 4, lead=(*range(16), 99)))
    assert not are_one(text(1, 2, 3, 4, lead=tuple(range(16))), text(1, 2, 3, 4, lead=(*range(15), 99)))


def test_names_alone_are_never_alike() -> None:
    assert nearness(CONFIG, text(1, 2, names=(1, 2)), text(1, 2, names=(1, 2))) == 0.0


def test_the_likest_that_is_not_told_apart_is_found_and_of_equals_the_first() -> None:
    told_apart = text(1, 2, 3, 4, direction=-1)
    near, nearer = text(1, 2, 3, 4, 5, 6), text(1, 2, 3, 4, 5)
    asked = text(1, 2, 3, 4, direction=1)
    assert are_told_apart(CONFIG, asked, told_apart)
    assert likest(CONFIG, asked, [(3, told_apart), (5, near), (8, nearer), (9, nearer)]) == 8


def test_a_text_with_nothing_in_it_is_like_nothing() -> None:
    assert likest(CONFIG, text(), [(0, text())]) is None


@pytest.mark.parametrize(("n_words", "expected"), [(0, 1), (1, 1), (2, 2), (5, 2), (9, 3), (32, 3)])
def test_the_least_number_of_words_in_common_follows_from_the_levels(n_words: int, expected: int) -> None:
    # 0.6 n alone, max(0.25 n, 2) with names, 0.8 * 3 where contained: the least of them, rounded up
    assert least_common(CONFIG, n_words) == expected


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"min_names": 0}, "min_names must be >= 1, got 0"),
        ({"min_template": 0.0}, r"min_template must be in \(0, 1\], got 0.0"),
        ({"min_resemblance": 0.2}, r"must ascend in \(0, 1\], got \(0.12, 0.25, 0.4, 0.2\)"),
    ],
)
def test_a_wrong_configuration_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LikenessConfig(**fields)
