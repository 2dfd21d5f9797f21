from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from models.labelled.example import Example, LabelledSpan
from models.labels import TAGS
from models.network import PolicyNetwork
from models.training.targets import document_loss, tag_loss, targets_of, towards_loss
from rl.algorithms.feedback import Feedback
from rl.algorithms.feedback_batch import batch_of
from rl.algorithms.likelihood import likelihood_loss
from rl.algorithms.reading import Reading, read

CPU = torch.device("cpu")
EVEN = ((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0))


def examples(toy: Any) -> list[Example]:
    found = [toy.right_of(text) for text in toy.texts(12, seed=4)]
    named = [replace(one, spans=tuple(replace(span, sentiment=None) for span in one.spans)) for one in found[:3]]
    open_ones = [Example("soars acme", None, (LabelledSpan(6, 10, 2),), open_ranges=((0, 5),))]
    return [*found, *named, *open_ones]


def test_with_even_weights_and_costs_it_is_the_loss_that_policies_are_trained_with(
    toy: Any, make_network: Callable[[int], PolicyNetwork]
) -> None:
    given = examples(toy)
    tokens = [toy.tokens_of(example.text) for example in given]
    batch = batch_of([Feedback(*pair) for pair in zip(tokens, given, strict=True)], CPU)
    network = make_network(3).eval()
    targets = targets_of(given, tokens, CPU)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        logits = network(batch.padded)
    with torch.no_grad():
        found = likelihood_loss(read(network, batch), batch, EVEN, tag_weight=2.0, towards_weight=0.5)
    expected = document_loss(logits, targets) + 2.0 * tag_loss(logits, targets) + 0.5 * towards_loss(logits, targets)
    assert float(found) == pytest.approx(float(expected), rel=2e-2)  # the processor may or may not have bfloat16


def test_a_mention_is_known_to_end_where_it_does(toy: Any) -> None:
    right = Example("soars acme and then", spans=(LabelledSpan(6, 10, 2),))
    batch = batch_of([Feedback(toy.tokens_of(right.text), right)], CPU)
    tags = torch.zeros(1, 4, len(TAGS), requires_grad=True)
    reading = Reading(torch.zeros(1, 3), tags, torch.zeros(1, 4, 8))
    gradient = torch.autograd.grad(likelihood_loss(reading, batch, EVEN, 1.0, 0.0), tags)[0][0]
    is_inside = torch.tensor([tag.startswith("I") for tag in TAGS])
    assert bool((gradient[2][is_inside] > 0).all())  # less likely to go on
    assert bool((gradient[2][~is_inside] < 0).all())
    assert not bool(gradient[[0, 3]].any())  # of the other two tokens nothing is known


def test_a_document_of_weight_zero_teaches_nothing(toy: Any, make_network: Callable[[int], PolicyNetwork]) -> None:
    given = [Feedback(toy.tokens_of(one.text), one, weight=0.0) for one in examples(toy)]
    batch = batch_of(given, CPU)
    loss = likelihood_loss(read(make_network(3).eval(), batch), batch, EVEN, 2.0, 1.0)
    assert float(loss.detach()) == 0.0


def test_a_label_that_costs_more_to_miss_weighs_more(toy: Any, make_network: Callable[[int], PolicyNetwork]) -> None:
    network = make_network(3).eval()
    costs = ((0.0, 1.0, 1.0), (0.25, 0.0, 0.25), (0.75, 0.75, 0.0))
    # missing the first costs 2, the second 0.5, the third 1.5; their mean is 4 / 3
    for label, factor in ((0, 1.5), (1, 0.375), (2, 1.125)):
        batch = batch_of([Feedback(toy.tokens_of("and"), Example("and", sentiment=label))], CPU)
        with torch.no_grad():
            weighted, even = (float(likelihood_loss(read(network, batch), batch, c, 1.0, 1.0)) for c in (costs, EVEN))
        assert weighted == pytest.approx(factor * even, rel=1e-5)
