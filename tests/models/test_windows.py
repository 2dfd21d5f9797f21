from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tokens import Tokens
from models.windows import Window, join_rows, plan_windows, weights

CLS, SEP = 101, 102
OUTSIDE, INSIDE = False, True


def document(n_pieces: list[int], stops: frozenset[int] = frozenset()) -> Tokens:
    """Return a document whose words have so many pieces; a full stop ends those in `stops`."""
    words = ["x." if n in stops else "xy" for n in range(len(n_pieces))]
    offsets = tuple((3 * n, 3 * n + 2) for n in range(len(words)))
    firsts = tuple(int(first) for first in 1 + np.cumsum([0, *n_pieces[:-1]])) if n_pieces else ()
    n_all = sum(n_pieces)
    return Tokens(" ".join(words), offsets, firsts, (CLS, *range(n_all), SEP), (0, *[1] * n_all, 0))


documents = st.builds(
    document,
    st.lists(st.integers(1, 6), max_size=400),
    st.frozensets(st.integers(0, 400), max_size=60),
)


@given(documents, st.integers(24, 80), st.integers(0, 10))
def test_windows_cover_every_token_in_order_and_none_is_too_long(tokens, max_pieces, overlap):
    windows = plan_windows(tokens, max_pieces, overlap)
    assert windows[0].first == 0
    assert windows[-1].past == len(tokens.offsets)
    for before, after in pairwise(windows):
        assert before.first < after.first <= before.past < after.past
    if len(windows) > 1:
        parts = [tokens.part(window.first, window.past, max_pieces) for window in windows]
        assert max(map(len, parts)) <= max_pieces


@given(documents, st.integers(24, 80), st.integers(0, 10))
def test_a_window_is_a_document_of_its_own_with_the_offsets_of_the_whole(tokens, max_pieces, overlap):
    windows = plan_windows(tokens, max_pieces, overlap)
    for window in windows if len(windows) > 1 else []:
        part = tokens.part(window.first, window.past, max_pieces)
        assert part.offsets == tokens.offsets[window.first : window.past]
        assert (part.pieces[0], part.pieces[-1]) == (CLS, SEP)
        assert [part.pieces[at] for at in part.firsts] == [
            tokens.pieces[at] for at in tokens.firsts[window.first : window.past]
        ]


@given(documents, st.data())
def test_each_token_gets_one_row_of_a_window_that_holds_it(tokens, data):
    windows = plan_windows(tokens, 40, 10)
    rows, is_inside = [], []
    for number, window in enumerate(windows):
        positions = range(window.first, window.past)
        rows.append(np.array([(position, number) for position in positions], dtype=np.float32).reshape(-1, 2))
        flags = data.draw(st.lists(st.booleans(), min_size=window.n_tokens, max_size=window.n_tokens))
        is_inside.append(np.array(flags, dtype=bool))
    joined = join_rows(windows, rows, is_inside)
    assert joined[:, 0].tolist() == list(range(len(tokens.offsets)))
    assert joined[:, 1].tolist() == sorted(joined[:, 1].tolist())


def test_a_document_that_fits_is_one_window():
    assert plan_windows(document([1] * 38), max_pieces=40, overlap=8) == [Window(0, 38)]
    assert plan_windows(document([]), max_pieces=40, overlap=8) == [Window(0, 0)]


def test_a_window_begins_where_a_sentence_does():
    # 38 words fit; without a sentence the second window begins 8 before the end, with one at most 12 before it
    assert plan_windows(document([1] * 60), 40, 8)[1].first == 30
    assert plan_windows(document([1] * 60, frozenset({26})), 40, 8)[1].first == 27
    assert plan_windows(document([1] * 60, frozenset({20})), 40, 8)[1].first == 30


def test_a_word_longer_than_a_window_is_read_by_its_beginning():
    tokens = document([1, 100, 1])
    windows = plan_windows(tokens, max_pieces=24, overlap=4)
    assert windows == [Window(0, 1), Window(1, 2), Window(2, 3)]
    assert len(tokens.part(1, 2, 24)) == 24


def test_an_overlap_that_leaves_no_progress_is_refused():
    with pytest.raises(ValueError, match="overlap must be below half of the 22 pieces of a window, got 11"):
        plan_windows(document([1] * 60), max_pieces=24, overlap=11)


def joined_from(left_inside: list[bool], right_inside: list[bool]) -> list[int]:
    """Return of which of two windows each of 14 tokens is; they share the six tokens from 4 to 9."""
    windows = [Window(0, 10), Window(4, 14)]
    rows = [np.full((10, 1), number, dtype=np.float32) for number in (0, 1)]
    flags = [
        np.array([OUTSIDE] * 4 + left_inside, dtype=bool),
        np.array(right_inside + [OUTSIDE] * 4, dtype=bool),
    ]
    return join_rows(windows, rows, flags)[:, 0].astype(int).tolist()


def test_the_seam_is_in_the_middle_of_the_overlap():
    nobody = [OUTSIDE] * 6
    assert joined_from(nobody, nobody) == [0] * 7 + [1] * 7


def test_the_seam_does_not_cut_a_mention_that_either_window_sees():
    # tokens 6 to 8 are one mention to the left window, 6 and 7 to the right one: the seam moves before it
    left = [OUTSIDE, OUTSIDE, OUTSIDE, INSIDE, INSIDE, OUTSIDE]
    right = [OUTSIDE, OUTSIDE, OUTSIDE, INSIDE, OUTSIDE, OUTSIDE]
    assert joined_from(left, right) == [0] * 6 + [1] * 8


def test_a_lead_weighs_two_thirds_or_its_share():
    assert weights([Window(0, 10)]) == [1.0]
    # 100 of 1000 tokens: 2/3; the others add 450 each
    assert weights([Window(0, 100), Window(80, 550), Window(500, 1000)]) == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    # 100 of 110 tokens
    assert weights([Window(0, 100), Window(60, 110)]) == pytest.approx([10 / 11, 1 / 11])
