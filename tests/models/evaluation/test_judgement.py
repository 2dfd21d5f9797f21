import pytest

from models.batching import BatchLimits
from models.evaluation.judgement import judge
from models.keyword import KeywordPolicy
from models.labelled.example import Example, LabelledSpan


class Asked:
    """A policy that remembers how many documents it was asked of which spans."""

    version, device, precision = "asked", "cpu", "exact"

    def __init__(self):
        self._policy = KeywordPolicy()
        self.n_asked = 0

    def tokenize(self, texts):
        return self._policy.tokenize(texts)

    def decide(self, batch):
        return self._policy.decide(batch)

    def sentiments_towards(self, batch, ranges):
        self.n_asked += len(batch)
        return self._policy.sentiments_towards(batch, ranges)


def test_judgements_come_in_the_order_of_the_examples_and_progress_in_that_of_the_batches():
    examples = [Example("one two three four"), Example("Acme fraud", spans=(LabelledSpan(0, 4, 0),)), Example("a")]
    told = []
    policy = Asked()
    found = judge(policy, examples, BatchLimits(max_documents=1), lambda *progress: told.append(progress))
    assert [judgement.example for judgement in found] == examples
    assert [len(judgement.towards) for judgement in found] == [0, 1, 0]
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert policy.n_asked == 1  # documents without spans cost no second forward


@pytest.mark.parametrize(
    ("example", "can_judge_spans", "can_judge_joint"),
    [
        (Example("Acme", spans=(LabelledSpan(0, 4, 0),), are_spans_complete=True), True, True),
        (Example("Acme", spans=(LabelledSpan(0, 4, None),), are_spans_complete=True), True, False),
        (Example("nothing here", are_spans_complete=True), True, True),  # a span found here is wrong
        (Example("Acme", spans=(LabelledSpan(0, 4, 0),)), False, False),
        (Example("Acme", are_spans_complete=True, open_ranges=((0, 4),)), False, False),
    ],
)
def test_only_what_is_annotated_whole_can_be_judged(example, can_judge_spans, can_judge_joint):
    other = Example("Beta", spans=(LabelledSpan(0, 4, 2),), are_spans_complete=True)
    [judgement, _] = judge(KeywordPolicy(), [example, other])
    assert (judgement.can_judge_spans, judgement.can_judge_joint) == (can_judge_spans, can_judge_joint)


def test_of_a_source_without_sentiments_nothing_is_judged_jointly():
    named = Example("Acme", spans=(LabelledSpan(0, 4, None),), are_spans_complete=True, source="names")
    empty = Example("nothing", are_spans_complete=True, source="names")
    assert not any(judgement.can_judge_joint for judgement in judge(KeywordPolicy(), [named, empty]))
