import math
from typing import Any

import pytest
import torch

from models.labels import TAGS
from rl.algorithms.feedback import Feedback, JudgedUnits
from rl.algorithms.feedback_batch import batch_of
from rl.algorithms.reading import Reading
from rl.algorithms.verdicts import Verdicts
from rl.rounds.round import ShownUnit
from rl.rounds.unit import Unit

CPU = torch.device("cpu")
TEXT = "soars acme bolt and"
ACME, BOTH = (6, 10), (6, 15)


def judged(toy: Any, *shown: ShownUnit, are_right: bool, weight: float = 1.0) -> Feedback:
    return Feedback(toy.tokens_of(TEXT), judged=(JudgedUnits(shown, are_right),), weight=weight)


def even_reading(n_documents: int = 1) -> Reading:
    return Reading(
        torch.zeros(n_documents, 3), torch.zeros(n_documents, 4, len(TAGS)), torch.zeros(n_documents, 4, 8)
    )


def test_the_probability_of_a_unit_is_that_of_its_choices(toy: Any) -> None:
    units = (ShownUnit(Unit(0), 0.9), ShownUnit(Unit(2, BOTH), 0.9))
    verdicts = Verdicts(batch_of([judged(toy, *units, are_right=True)], CPU))
    p = verdicts.log_p(even_reading()).exp()
    # one of three labels; to begin, one of four legal after outside; to go on, one of five; to stop, four of five
    assert p.tolist() == pytest.approx([1 / 3, 1 / 4, 1 / 5, 4 / 5])


def test_a_mention_at_the_end_needs_no_choice_to_stop(toy: Any) -> None:
    verdicts = Verdicts(batch_of([judged(toy, ShownUnit(Unit(1, (16, 19)), 1.0), are_right=True)], CPU))
    assert verdicts.log_p(even_reading()).exp().tolist() == pytest.approx([1 / 4])


def test_right_verdicts_are_likely_as_all_their_units_are(toy: Any) -> None:
    units = (ShownUnit(Unit(0), 0.9), ShownUnit(Unit(2, ACME), 0.9))
    verdicts = Verdicts(batch_of([judged(toy, *units, are_right=True)], CPU))
    expected = -math.log(1 / 3 * 1 / 4 * 4 / 5)
    assert float(verdicts.likelihood(even_reading())) == pytest.approx(expected, rel=1e-5)


def test_wrong_verdicts_are_likely_as_that_not_all_units_are_right(toy: Any) -> None:
    units = (ShownUnit(Unit(0), 0.9), ShownUnit(Unit(2, ACME), 0.9))
    verdicts = Verdicts(batch_of([judged(toy, *units, are_right=False)], CPU))
    expected = -math.log(1 - 1 / 3 * 1 / 4 * 4 / 5)
    assert float(verdicts.likelihood(even_reading())) == pytest.approx(expected, rel=1e-5)


def test_a_confirmed_unit_is_credited_with_what_was_not_expected(toy: Any) -> None:
    verdicts = Verdicts(batch_of([judged(toy, ShownUnit(Unit(0), 0.5), are_right=True)], CPU))
    credit = verdicts.credit(even_reading(), max_ratio=10.0)
    assert credit.advantage.tolist() == pytest.approx([2 / 3])  # 1 less a third
    assert credit.ratio.tolist() == pytest.approx([2 / 3])  # a third over a half


def test_a_unit_rejected_alone_loses_all_that_was_expected_of_it(toy: Any) -> None:
    verdicts = Verdicts(batch_of([judged(toy, ShownUnit(Unit(0), 0.5), are_right=False)], CPU))
    assert verdicts.credit(even_reading(), max_ratio=10.0).advantage.tolist() == pytest.approx([-1 / 3])


def test_of_units_rejected_together_the_less_likely_takes_more_of_the_blame(toy: Any) -> None:
    units = (ShownUnit(Unit(0), 0.9), ShownUnit(Unit(2, ACME), 0.9))
    verdicts = Verdicts(batch_of([judged(toy, *units, are_right=False)], CPU))
    p_label, p_mention = 1 / 3, 1 / 4 * 4 / 5
    p_wrong = 1 - p_label * p_mention
    expected = [1 - (1 - p) / p_wrong - p for p in (p_label, p_mention)]
    advantage = verdicts.credit(even_reading(), max_ratio=10.0).advantage
    assert advantage.tolist() == pytest.approx(expected, rel=1e-5)
    assert [1 - (1 - p) / p_wrong for p in (p_label, p_mention)] == pytest.approx([2 / 7, 1 / 7])  # left to be right


def test_the_weight_of_what_is_seldom_shown_is_clipped(toy: Any) -> None:
    verdicts = Verdicts(batch_of([judged(toy, ShownUnit(Unit(0), 0.01), are_right=True)], CPU))
    assert verdicts.credit(even_reading(), max_ratio=10.0).ratio.tolist() == [10.0]


def test_the_ratio_of_a_mention_is_that_of_its_sentiment_alone(toy: Any) -> None:
    verdicts = Verdicts(batch_of([judged(toy, ShownUnit(Unit(2, BOTH), 0.5), are_right=True)], CPU))
    # each of two tokens has 2 / 7 for positive of 6 / 7 for any; one third over a half
    assert verdicts.credit(even_reading(), max_ratio=10.0).ratio.tolist() == pytest.approx([2 / 3])


def test_over_what_exploration_shows_the_gradient_is_that_of_being_right(toy: Any) -> None:
    """Weighted by propensities, bare verdicts on a label teach on average what its rewards would."""
    logits = torch.tensor([[0.3, -0.2, 0.5]], requires_grad=True)
    p = logits.softmax(-1)
    exact = torch.autograd.grad(p[0, 0], logits, retain_graph=True)[0]  # the first label is right
    propensities = (0.2, 0.1, 0.7)
    mean = torch.zeros(1, 3)
    for shown, propensity in enumerate(propensities):
        unit = ShownUnit(Unit(shown), propensity)
        verdicts = Verdicts(batch_of([judged(toy, unit, are_right=shown == 0)], CPU))
        reading = Reading(logits, torch.zeros(1, 4, len(TAGS)), torch.zeros(1, 4, 8))
        credit = verdicts.credit(reading, max_ratio=1e9)
        loss = verdicts.surrogate(verdicts.log_p(reading), credit)
        mean += propensity * -torch.autograd.grad(loss, logits)[0]
    assert float(torch.cosine_similarity(mean, exact)) > 0.9
    assert mean[0, 0] > 0 > mean[0, 2]


def test_a_span_that_is_not_one_of_whole_tokens_is_left_out_and_spoils_a_reject(toy: Any) -> None:
    units = (ShownUnit(Unit(0), 0.9), ShownUnit(Unit(2, (7, 10)), 0.9))
    confirmed, rejected = (Verdicts(batch_of([judged(toy, *units, are_right=right)], CPU)) for right in (True, False))
    assert (len(confirmed), len(confirmed.log_p(even_reading()))) == (1, 1)
    assert len(rejected) == 0


def test_a_document_weighs_as_its_feedback_does(toy: Any) -> None:
    units = ShownUnit(Unit(0), 0.9)
    batch = batch_of([judged(toy, units, are_right=True, weight=w) for w in (3.0, 0.0)], CPU)
    # of two documents one counts three times, the other not at all
    assert float(Verdicts(batch).likelihood(even_reading(2))) == pytest.approx(3 * math.log(3) / 2)


def test_a_certain_unit_that_was_rejected_leaves_the_loss_finite(toy: Any) -> None:
    verdicts = Verdicts(batch_of([judged(toy, ShownUnit(Unit(0), 1.0), are_right=False)], CPU))
    logits = torch.tensor([[99.0, 0.0, 0.0]], requires_grad=True)
    loss = verdicts.likelihood(Reading(logits, torch.zeros(1, 4, len(TAGS)), torch.zeros(1, 4, 8)))
    loss.backward()
    assert bool(loss.isfinite())
    assert logits.grad is not None
    assert bool(logits.grad.isfinite().all())
