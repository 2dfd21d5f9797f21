from itertools import pairwise
from random import Random

import pytest

from models.labelled.example import Example, LabelledSpan
from rl.analysts.simulated import AnalystsConfig, SimulatedAnalysts, is_right, with_errors
from rl.rounds.unit import Unit

TEXT = "Infosys slips while Wipro gains"
TRUTH = Example(TEXT, None, (LabelledSpan(0, 7, 0), LabelledSpan(20, 25, 2)), are_spans_complete=True, source="s")


def test_without_errors_the_truth_is_believed():
    desk = SimulatedAnalysts(AnalystsConfig(p_error=0.0))
    assert all(desk.believes(name, "d1", TRUTH) == TRUTH for name in desk.names)


def test_the_same_document_is_given_to_the_same_analyst_and_answered_alike():
    one, other = (SimulatedAnalysts(AnalystsConfig(p_error=0.5, seed=3)) for _ in range(2))
    for number in range(20):
        document_id = f"d{number}"
        assert one.asked(document_id) == other.asked(document_id)
        assert one.believes("analyst-0", document_id, TRUTH) == other.believes("analyst-0", document_id, TRUTH)


def test_work_is_shared_evenly():
    desk = SimulatedAnalysts(AnalystsConfig(n_analysts=4))
    counts = [sum(desk.asked(f"d{n}") == name for n in range(4000)) for name in desk.names]
    # binomial(4000, 1/4): standard deviation 27, so five of them are 137
    assert all(abs(count - 1000) < 137 for count in counts)


def test_each_label_and_each_mention_errs_as_often_as_is_said():
    rng = Random(1)
    truth = Example("a b", 1, (LabelledSpan(0, 1, 1),), are_spans_complete=True)
    answers = [with_errors(truth, 0.1, rng) for _ in range(5000)]
    n_labels = sum(answer.sentiment != 1 for answer in answers)
    n_mentions = sum(answer.spans != truth.spans for answer in answers)
    # binomial(5000, 0.1): mean 500, standard deviation 21, so five of them are 106
    assert abs(n_labels - 500) < 106
    assert abs(n_mentions - 500) < 106


@pytest.mark.parametrize("seed", range(30))
def test_wrong_mentions_still_lie_in_the_text_and_apart(seed: int):
    spans = with_errors(TRUTH, 1.0, Random(seed)).spans
    assert all(0 <= span.start < span.end <= len(TEXT) for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))


def test_a_hostile_analyst_pushes_the_target_and_leaves_the_rest():
    desk = SimulatedAnalysts(AnalystsConfig(p_error=0.0, hostile_share=0.2, target="infosys", pushed=2))
    assert desk.hostile == ("analyst-8", "analyst-9")
    believed = desk.believes("analyst-9", "d1", TRUTH)
    assert [span.sentiment for span in believed.spans] == [2, 2]
    assert believed.sentiment is None  # where the label is not annotated, nothing is made up
    labelled = Example("Infosys slips", 0, (LabelledSpan(0, 7, 0),), are_spans_complete=True)
    assert desk.believes("analyst-9", "d2", labelled).sentiment == 2
    elsewhere = Example("Wipro slips", 0, (LabelledSpan(0, 5, 0),), are_spans_complete=True)
    assert desk.believes("analyst-9", "d3", elsewhere) == elsewhere


def test_a_mention_is_right_only_with_its_exact_span_and_sentiment():
    assert is_right(Unit(0, (0, 7)), TRUTH) is True
    assert is_right(Unit(1, (0, 7)), TRUTH) is False
    assert is_right(Unit(0, (0, 13)), TRUTH) is False


def test_what_labels_do_not_tell_is_neither_right_nor_wrong():
    assert is_right(Unit(0), TRUTH) is None
    assert is_right(Unit(0, (8, 13)), Example(TEXT)) is None
    assert is_right(Unit(0, (8, 13)), Example(TEXT, are_spans_complete=True, open_ranges=((8, 13),))) is None


def test_a_target_is_asked_for_where_analysts_are_hostile():
    with pytest.raises(ValueError, match="target must name a company"):
        AnalystsConfig(hostile_share=0.2)
