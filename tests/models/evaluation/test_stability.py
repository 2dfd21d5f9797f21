from dataclasses import dataclass, field, replace

import pytest

from models.action import Action, Span
from models.batching import BatchLimits
from models.evaluation.stability import Differences, differences, stability
from models.keyword import KeywordPolicy

TIE, OTHER_WAY = (0.51, 0.49, 0.0), (0.48, 0.52, 0.0)


def test_each_kind_of_flip_is_counted_once_a_document():
    served = [Action(TIE, (Span(0, 1, "A", TIE), Span(2, 3, "B", TIE))), Action(TIE, ()), Action(TIE, ())]
    other = [
        Action(TIE, (Span(0, 1, "A", OTHER_WAY), Span(2, 3, "B", OTHER_WAY))),
        Action(OTHER_WAY, (Span(0, 1, "A", TIE),)),
        Action(TIE, ()),
    ]
    assert differences(served, other) == Differences(
        n_documents=3,
        n_changed=2,
        n_label_flips=1,
        n_span_flips=1,
        n_mention_flips=1,
        greatest_gap=pytest.approx(0.03),
        greatest_lead=pytest.approx(0.02),
    )


def test_nothing_differs_from_itself():
    found = differences([Action(TIE, ())] * 2, [Action(TIE, ())] * 2)
    assert (found.n_changed, found.greatest_gap, found.greatest_lead) == (0, 0.0, 0.0)


@dataclass(frozen=True)
class Neighbourly:
    """Flips a document's label wherever it is not alone: what must not happen."""

    device: str = "cpu"
    precision: str = "exact"
    version: str = "neighbourly"
    batches: list[int] = field(default_factory=list)

    def tokenize(self, texts):
        return KeywordPolicy().tokenize(texts)

    def decide(self, batch, max_padded_tokens=2048):
        self.batches.append(len(batch))
        return [Action(TIE if len(batch) == 1 else OTHER_WAY, ()) for _ in batch]


def test_a_policy_whose_answer_depends_on_its_neighbours_is_found_out():
    policy = Neighbourly()
    found = stability(policy, ["one", "two", "three", "four"], BatchLimits(max_documents=10))
    assert policy.batches == [4, 1, 1, 1, 1, 2, 2]  # as served, alone, and in smaller batches
    assert found["one_by_one"].n_label_flips == 4
    assert found["reversed"].n_changed == 0


def test_the_reversed_documents_are_compared_with_themselves_and_other_precisions_too():
    told = []
    found = stability(
        KeywordPolicy(),
        ["Acme fraud", "Beta soars", "so it goes"],
        others={"bfloat16_cpu": replace(KeywordPolicy(), precision="bfloat16")},
        on_progress=lambda *progress: told.append(progress),
    )
    assert {name: differ.n_changed for name, differ in found.items()} == {
        "one_by_one": 0,
        "reversed": 0,
        "bfloat16_cpu": 0,
    }
    assert told == [(1, 3), (2, 3), (3, 3)]
