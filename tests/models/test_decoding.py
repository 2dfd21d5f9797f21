import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.decoding import greedy_tags, legal_after, sentiment_of, spans_of
from models.labels import TAGS
from models.tokens import Tokens

WORDS = "Asian Paints fell while Tesla rose"
TOKENS = Tokens(
    text=WORDS,
    offsets=((0, 5), (6, 12), (13, 17), (18, 23), (24, 29), (30, 34)),
    firsts=(1, 2, 3, 4, 5, 6),
    pieces=(0,) * 8,
    shapes=(0,) * 8,
)


def one_hot(*tags: str) -> np.ndarray:
    return np.eye(len(TAGS), dtype=np.float32)[[TAGS.index(tag) for tag in tags]]


@given(arrays(np.float32, st.tuples(st.integers(0, 12), st.just(7)), elements=st.floats(0, 1, width=32)))
def test_every_tag_is_legal_after_the_one_before(p_tags):
    before = TAGS.index("O")
    for tag in greedy_tags(p_tags):
        assert tag in legal_after(before)
        before = tag


def test_an_inside_without_a_begin_is_read_as_the_next_best_legal_tag():
    p_tags = one_hot("I-negative")
    p_tags[0] = [0.1, 0.2, 0.6, 0.0, 0.0, 0.1, 0.0]  # I-negative leads, B-negative follows
    assert [TAGS[tag] for tag in greedy_tags(p_tags)] == ["B-negative"]


def test_spans_join_begin_and_inside_and_keep_their_own_sentiment():
    p_tags = one_hot("B-negative", "I-negative", "O", "O", "B-positive", "O")
    first, second = spans_of(TOKENS, p_tags)
    assert (first.start, first.end, first.surface, first.sentiment) == (0, 12, "Asian Paints", (1, 0, 0))
    assert (second.surface, second.sentiment) == ("Tesla", (0, 0, 1))


def test_neighbouring_mentions_stay_apart():
    p_tags = one_hot("B-negative", "B-negative", "O", "O", "O", "O")
    assert [span.surface for span in spans_of(TOKENS, p_tags)] == ["Asian", "Paints"]


def test_sentiment_leaves_the_outside_probability_out():
    p_tags = np.array([[0.5, 0.3, 0.0, 0.1, 0.0, 0.1, 0.0]], dtype=np.float32)
    # (0.3, 0.1, 0.1) over their sum 0.5
    assert sentiment_of(p_tags) == pytest.approx((0.6, 0.2, 0.2), abs=1e-6)


def test_probabilities_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"p_tags must be \(T, 7\), got \(2, 3\)"):
        greedy_tags(np.zeros((2, 3), dtype=np.float32))
