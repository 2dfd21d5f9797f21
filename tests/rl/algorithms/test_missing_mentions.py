import math
from typing import Any

import pytest
import torch

from models.decoding import OUTSIDE
from models.labels import TAGS
from rl.algorithms.feedback import Feedback, JudgedUnits
from rl.algorithms.feedback_batch import batch_of
from rl.algorithms.missing_mentions import MissingMentions
from rl.algorithms.reading import Reading
from rl.rounds.round import ShownUnit
from rl.rounds.unit import Unit

CPU = torch.device("cpu")
TEXT = "soars acme bolt and"
ACME = (JudgedUnits((ShownUnit(Unit(2, (6, 10)), 1.0),), are_right=True),)


def loss_of(toy: Any, *told: bool | None, tags: torch.Tensor | None = None, weight: float = 1.0) -> torch.Tensor:
    feedback = [Feedback(toy.tokens_of(TEXT), judged=ACME, is_missing=each, weight=weight) for each in told]
    tags = torch.zeros(len(told), 4, len(TAGS)) if tags is None else tags
    reading = Reading(torch.zeros(len(told), 3), tags, torch.zeros(len(told), 4, 8))
    return MissingMentions(batch_of(feedback, CPU)).loss(reading)


def test_where_none_is_missing_every_token_beside_what_was_shown_is_outside(toy: Any) -> None:
    # outside, or one of three beginnings, at each of the three others
    assert float(loss_of(toy, False)) == pytest.approx(3 * math.log(4), rel=1e-5)


def test_where_one_is_missing_not_all_of_them_are(toy: Any) -> None:
    assert float(loss_of(toy, True)) == pytest.approx(-math.log(1 - 1 / 64), rel=1e-5)


def test_what_is_not_said_teaches_nothing_and_a_document_weighs_as_its_feedback_does(toy: Any) -> None:
    assert float(loss_of(toy, None)) == 0.0
    assert float(loss_of(toy, False, None)) == pytest.approx(float(loss_of(toy, False)) / 2, rel=1e-5)
    assert float(loss_of(toy, False, weight=0.5)) == pytest.approx(float(loss_of(toy, False)) / 2, rel=1e-5)


def test_the_likeliest_place_of_a_missing_mention_becomes_likelier_and_what_was_shown_is_left_alone(toy: Any) -> None:
    tags = torch.zeros(1, 4, len(TAGS))
    tags[..., OUTSIDE] = 3.0
    tags[0, 2, OUTSIDE] = 1.0
    tags.requires_grad_()
    loss_of(toy, True, tags=tags).backward()
    pulls = tags.grad[0, :, OUTSIDE].tolist()
    assert pulls[1] == 0.0
    assert pulls[2] > pulls[0] > 0.0
    assert pulls[0] == pytest.approx(pulls[3])


def test_a_certain_text_of_which_something_is_missing_leaves_the_loss_finite(toy: Any) -> None:
    tags = torch.zeros(1, 4, len(TAGS))
    tags[..., OUTSIDE] = 1e4
    assert math.isfinite(float(loss_of(toy, True, tags=tags)))
