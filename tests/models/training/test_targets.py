import math

import pytest
import torch

from models.labelled.example import Example, LabelledSpan
from models.labels import TAGS
from models.network import Logits
from models.tokens import Tokens
from models.training.targets import UNKNOWN, allowed_tags, document_loss, tag_loss, targets_of

TOKENS = Tokens("FTX Group halts", ((0, 3), (4, 9), (10, 15)), (1, 3, 4), (101, 7, 8, 9, 10, 102), (0, 3, 3, 2, 1, 0))


def names(row: list[bool]) -> list[str]:
    return [tag for tag, is_allowed in zip(TAGS, row, strict=True) if is_allowed]


def allowed(example: Example) -> list[list[str]]:
    return [names(row) for row in allowed_tags(example, TOKENS)]


def test_a_full_annotation_allows_one_tag_a_token():
    example = Example(TOKENS.text, spans=(LabelledSpan(0, 9, 0),), are_spans_complete=True)
    assert allowed(example) == [["B-negative"], ["I-negative"], ["O"]]


def test_a_named_entity_leaves_its_sentiment_open():
    example = Example(TOKENS.text, spans=(LabelledSpan(0, 9, None),), are_spans_complete=True)
    assert allowed(example) == [
        ["B-negative", "B-neutral", "B-positive"],
        ["I-negative", "I-neutral", "I-positive"],
        ["O"],
    ]


def test_outside_incomplete_spans_and_in_open_ranges_all_is_allowed():
    incomplete = Example(TOKENS.text, spans=(LabelledSpan(0, 3, 0),))
    assert allowed(incomplete) == [["B-negative"], list(TAGS), list(TAGS)]
    open_range = Example(TOKENS.text, are_spans_complete=True, open_ranges=((4, 9),))
    assert allowed(open_range) == [["O"], list(TAGS), ["O"]]


def test_a_document_without_any_annotation_teaches_nothing():
    targets = targets_of([Example(TOKENS.text)], [TOKENS], torch.device("cpu"))
    assert targets.document.tolist() == [UNKNOWN]
    logits = Logits(torch.randn(1, 3, requires_grad=True), torch.randn(1, 6, 7, requires_grad=True))
    loss = document_loss(logits, targets) + tag_loss(logits, targets)
    assert loss.item() == 0.0
    loss.backward()
    assert logits.document.grad is not None
    assert not logits.document.grad.any()
    assert logits.tags.grad is not None
    assert not logits.tags.grad.any()


def test_the_tag_loss_sums_over_what_is_allowed_and_ignores_pieces_that_are_no_first():
    example = Example(TOKENS.text, spans=(LabelledSpan(0, 3, None),))
    targets = targets_of([example], [TOKENS], torch.device("cpu"))
    logits = Logits(torch.zeros(1, 3), torch.zeros(1, 6, 7))
    # one known token, three of seven equally likely tags allowed
    assert tag_loss(logits, targets).item() == pytest.approx(math.log(7 / 3), abs=1e-6)


def test_the_document_loss_is_the_mean_over_annotated_documents():
    examples = [Example("a", sentiment=0), Example("b")]
    targets = targets_of(examples, [TOKENS, TOKENS], torch.device("cpu"))
    logits = Logits(torch.zeros(2, 3), torch.zeros(2, 6, 7))
    assert document_loss(logits, targets).item() == pytest.approx(math.log(3), abs=1e-6)


def test_logits_of_another_length_are_refused():
    targets = targets_of([Example("a")], [TOKENS], torch.device("cpu"))
    with pytest.raises(ValueError, match=r"allowed must be \(1, 5, 7\), got \(1, 6, 7\)"):
        tag_loss(Logits(torch.zeros(1, 3), torch.zeros(1, 5, 7)), targets)
