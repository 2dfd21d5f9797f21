import pytest

from models.action import Action, Span
from models.evaluation.intervals import intervals
from models.evaluation.judgement import Judgement
from models.labelled.example import Example, LabelledSpan

SURE = (0.9, 0.05, 0.05)


def test_an_interval_is_that_of_the_binomial_where_documents_are_right_or_wrong():
    judged = [Judgement(Example("a", sentiment=0 if n < 80 else 1), Action(SURE, ())) for n in range(100)]
    low, high = intervals(judged, seed=1, n_resamples=4000)["document_accuracy"]
    # 0.8 ± 1.96 * sqrt(0.8 * 0.2 / 100)
    assert (low, high) == (pytest.approx(0.7216, abs=0.01), pytest.approx(0.8784, abs=0.01))


def test_the_same_seed_gives_the_same_interval():
    judged = [Judgement(Example("a", sentiment=n % 3), Action(SURE, ())) for n in range(30)]
    assert intervals(judged, seed=5) == intervals(judged, seed=5)


def test_mentions_have_intervals_where_they_are_annotated():
    example = Example("FTX", spans=(LabelledSpan(0, 3, 0),), are_spans_complete=True)
    right = Judgement(example, Action(SURE, (Span(0, 3, "FTX", SURE),)), (SURE,), annotates_sentiments=True)
    wrong = Judgement(example, Action(SURE, ()), (SURE[::-1],), annotates_sentiments=True)
    found = intervals([right, wrong])
    assert set(found) == {"span_f1", "joint_f1", "span_sentiment_accuracy"}
    assert found["span_sentiment_accuracy"] == found["joint_f1"] == (0.0, 1.0)


def test_nothing_judged_has_no_interval():
    assert intervals([]) == {}
    assert intervals([Judgement(Example("a"), Action(SURE, ()))]) == {}
