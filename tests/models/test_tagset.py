import numpy as np
import pytest

from models.tagset import TagSet

TAGS = TagSet(("O", "B-LOC", "I-LOC", "B-PER", "I-PER"))


def test_a_sentence_never_begins_inside() -> None:
    assert TAGS.decode(np.array([[0.1, 0.2, 0.6, 0.05, 0.05]])) == ["B-LOC"]


def test_an_inside_follows_its_own_begin() -> None:
    p_tags = np.array([[0.1, 0.0, 0.0, 0.9, 0.0], [0.1, 0.0, 0.5, 0.0, 0.4]])
    # of the legal ones, PER PER has 0.9 * 0.4, PER O only 0.9 * 0.1
    assert TAGS.decode(p_tags) == ["B-PER", "I-PER"]


def test_what_comes_later_decides_what_went_before() -> None:
    p_tags = np.array([[0.4, 0.3, 0.0, 0.3, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0]])
    assert TAGS.decode(p_tags) == ["B-LOC", "I-LOC"]


def test_no_words_have_no_tags() -> None:
    assert TAGS.decode(np.empty((0, 5))) == []


def test_a_set_without_outside_is_refused() -> None:
    with pytest.raises(ValueError, match="names must hold O"):
        TagSet(("B-LOC",))


def test_probabilities_of_another_set_are_refused() -> None:
    with pytest.raises(ValueError, match=r"p_tags must be \(T, 5\), got \(1, 3\)"):
        TAGS.decode(np.ones((1, 3)))
