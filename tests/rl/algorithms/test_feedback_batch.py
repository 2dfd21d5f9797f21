from typing import Any

import torch

from models.labelled.example import Example, LabelledSpan
from models.tokens import MAX_PIECES
from rl.algorithms.feedback import Feedback
from rl.algorithms.feedback_batch import batch_of

CPU = torch.device("cpu")


def test_documents_are_padded_by_pieces_and_by_tokens(toy: Any) -> None:
    texts = ["falls acme", "and"]
    batch = batch_of([Feedback(toy.tokens_of(text), right=toy.right_of(text), weight=2.0) for text in texts], CPU)
    assert batch.firsts.tolist() == [[1, 2], [1, 0]]
    assert batch.is_token.tolist() == [[True, True], [True, False]]
    assert batch.n_padded_tokens == 8  # two documents of four pieces
    assert batch.weight.tolist() == [2.0, 2.0]


def test_a_document_without_tokens_is_read(toy: Any) -> None:
    batch = batch_of([Feedback(toy.tokens_of(""), right=Example("", sentiment=1))], CPU)
    assert batch.is_token.tolist() == [[False]]


def test_of_a_long_document_only_what_is_read_at_once_teaches(toy: Any) -> None:
    text = " ".join(["and"] * 400 + ["acme"])
    start = text.index("acme")
    right = Example(text, spans=(LabelledSpan(0, 3, 1), LabelledSpan(start, start + 4, 0)), are_spans_complete=True)
    batch = batch_of([Feedback(toy.tokens_of(text), right=right)], CPU)
    [kept] = batch.rights
    assert batch.n_padded_tokens == MAX_PIECES
    assert kept is not None
    assert kept.spans == (LabelledSpan(0, 3, 1),)
