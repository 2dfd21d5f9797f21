import pytest

from models.evaluation.judgement import judge
from models.evaluation.slices import slice_reports, slices_of
from models.keyword import KeywordPolicy
from models.labelled.example import Example, LabelledSpan


@pytest.mark.parametrize(
    ("text", "slices"),
    [
        ("Tesla falls", {"short", "news"}),
        ("word " * 10, {"medium", "news"}),
        ("word " * 30, {"long", "news"}),
        ("RT so it goes", {"short", "post"}),
        ("$TSLA isn’t up", {"short", "post", "negation"}),
        ("mail a@b.com of $5 m", {"short", "news", "number"}),
        ("@user2 #covid19 https://t.co/9", {"short", "post"}),  # a digit in a name is no number
        ("TESLA RECALLS ALL cars", {"short", "news", "upper_case"}),
        ("IBM, GE", {"short", "news"}),
    ],
)
def test_a_text_is_in_the_slices_it_should_be_in(text, slices):
    assert set(slices_of(Example(text))) == slices


def test_mentions_are_counted_as_annotated():
    spans = (LabelledSpan(0, 1, 0), LabelledSpan(2, 3, 2))
    assert set(slices_of(Example("A B", spans=spans))) == {"short", "news", "several_mentions", "opposed_sentiments"}


def test_each_slice_that_holds_a_document_has_its_figures_and_intervals():
    examples = [Example("Acme fraud", 0), Example("Acme fraud", 0), Example("not a fraud", 1)]
    reports = slice_reports(judge(KeywordPolicy(), examples))
    assert list(reports) == ["all", "short", "news", "negation"]
    assert reports["all"].report.document_accuracy == pytest.approx(2 / 3)
    assert reports["negation"].report.document_accuracy == 0.0
    assert reports["negation"].intervals["document_accuracy"] == (0.0, 0.0)
    assert slice_reports([]) == {}
