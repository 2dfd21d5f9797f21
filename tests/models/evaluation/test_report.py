import pytest

from models.evaluation.report import evaluate, evaluate_by_source
from models.keyword import KeywordPolicy
from models.labelled.example import Example, LabelledSpan

# KeywordPolicy finds "Acme" and "Beta", and takes the document's sentiment for theirs
EXAMPLES = [
    Example("Acme fraud", 0, (LabelledSpan(0, 4, 0),), are_spans_complete=True, source="a"),
    Example("Beta and Gamma soars", 1, (LabelledSpan(0, 4, 0),), are_spans_complete=True, source="b"),
]


def test_figures_are_those_of_the_actions():
    report = evaluate(KeywordPolicy(), EXAMPLES)
    assert report.document_accuracy == 0.5
    # 2 labelled, 3 predicted (Acme, Beta, Gamma), 2 with the right offsets, 1 with the right sentiment too
    assert report.span_f1 == pytest.approx(4 / 5)
    assert report.joint_f1 == pytest.approx(2 / 5)
    assert report.span_sentiment_accuracy == 0.5
    assert (report.n_documents, report.n_spans, report.n_span_sentiments) == (2, 2, 2)


def test_what_is_not_annotated_is_not_measured():
    examples = [Example("Acme fraud", spans=(LabelledSpan(0, 4, None),))]
    report = evaluate(KeywordPolicy(), examples)
    assert report.to_dict() == {"n_documents": 1, "n_document_labels": 0, "n_spans": 0, "n_span_sentiments": 0}
    assert report.score == 0.0


def test_the_score_is_the_mean_of_document_and_joint_f1():
    report = evaluate(KeywordPolicy(), EXAMPLES[:1])
    assert (report.document_macro_f1, report.joint_f1, report.score) == (1.0, 1.0, 1.0)


def test_each_source_has_its_report():
    reports = evaluate_by_source(KeywordPolicy(), EXAMPLES)
    assert {source: report.document_accuracy for source, report in reports.items()} == {"a": 1.0, "b": 0.0}


def test_a_mention_where_there_is_none_lowers_joint_f1():
    nothing = Example("Gamma is nothing", spans=(), are_spans_complete=True, source="a")
    # 1 labelled, 2 found (Acme, Gamma), 1 right: 2 * 1 / (2 + 1)
    assert evaluate(KeywordPolicy(), [EXAMPLES[0], nothing]).joint_f1 == pytest.approx(2 / 3)
