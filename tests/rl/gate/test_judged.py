import numpy as np
import pytest

from models.evaluation.judgement import Judgement, judge
from models.keyword import KeywordPolicy
from models.labelled.example import Example, LabelledSpan, part_of
from rl.gate.judged import fingerprint_of_examples, held_out_examples, held_out_of
from rl.gate.stories import stories_of

EXAMPLES = [
    Example("Acme soars", sentiment=2, spans=(LabelledSpan(0, 4, 2),), are_spans_complete=True, source="news"),
    Example("Acme is a fraud", sentiment=0, source="posts"),
    Example("nothing is known of this one"),
]


@pytest.fixture
def judged() -> list[Judgement]:
    return judge(KeywordPolicy(), EXAMPLES)


def test_items_without_evidence_are_left_out(judged: list[Judgement]) -> None:
    held_out = held_out_of(judged, judged, judged)
    assert held_out.candidate.tolist() == [1.0, 1.0]


def test_slices_are_kinds_of_documents_and_their_sources(judged: list[Judgement]) -> None:
    slices = held_out_of(judged, judged, judged).slices
    assert slices["posts"].tolist() == [False, True]
    assert slices["short"].tolist() == [True, True]


def test_items_that_the_candidate_learnt_from_are_counted(judged: list[Judgement]) -> None:
    assert held_out_of(judged, judged, judged, was_learnt=lambda text: "fraud" in text).n_seen == 1


def test_judgements_of_other_examples_are_refused(judged: list[Judgement]) -> None:
    with pytest.raises(ValueError, match="anchor must be on the candidate's examples"):
        held_out_of(judged, judged, judged[:2])


def test_a_label_that_changes_makes_another_held_out_set() -> None:
    relabelled = [Example("Acme soars", sentiment=0), *EXAMPLES[1:]]
    assert fingerprint_of_examples(EXAMPLES) != fingerprint_of_examples(relabelled)
    assert fingerprint_of_examples(EXAMPLES) == fingerprint_of_examples(EXAMPLES[::-1])


def test_no_policy_trains_on_held_out_examples() -> None:
    examples = [Example(f"headline {number}") for number in range(100)]
    held_out = held_out_examples(examples)
    assert {part_of(example.text) for example in held_out} == {"dev", "test"}


def test_near_duplicates_are_one_story_also_by_way_of_others() -> None:
    texts = (
        "Nordea to cut two hundred jobs in Oslo",
        "Tesla recalls cars",
        "Nordea to cut two hundred jobs in Oslo: report",
        "UPDATE: Nordea to cut two hundred jobs in Oslo: report https://t.co/x",
    )
    assert stories_of([Example(text) for text in texts]).tolist() == [0, 1, 0, 0]


def test_no_texts_are_no_stories() -> None:
    assert np.array_equal(stories_of([]), np.empty(0, dtype=np.int64))
