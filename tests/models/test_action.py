from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.action import Action, Span, doubted


@given(st.floats(0, 1), st.floats(0, 1))
def test_what_is_doubted_is_neutral_and_never_certain(one, other):
    low, high = sorted((one, other))
    for sentiment in permutations((low, high - low, 1.0 - high)):
        negative, neutral, positive = doubted(sentiment)
        assert max(negative, positive) < neutral < 0.6
        assert negative + neutral + positive == pytest.approx(1.0)
        assert (negative > positive) == (sentiment[0] > sentiment[2]) or abs(sentiment[0] - sentiment[2]) < 1e-9


def test_doubt_keeps_spans_and_language():
    action = Action((0.8, 0.1, 0.1), (Span(0, 3, "SAP", (0.0, 0.1, 0.9)),), "de").doubted()
    assert action.language == "de"
    assert [(span.start, span.end, span.surface) for span in action.spans] == [(0, 3, "SAP")]
    # 1/6 of 0.0, 0.1, 0.9 and 5/6 of 0.25, 0.5, 0.25
    assert action.spans[0].sentiment == pytest.approx((0.20833, 0.43333, 0.35833), abs=1e-5)
