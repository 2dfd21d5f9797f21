"""The gradients of RLOO and PPO on cases small enough to be worked out by hand."""

from typing import Any

import pytest
import torch

from models.labelled.example import Example, LabelledSpan
from models.labels import TAGS
from rl.algorithms.feedback import Feedback
from rl.algorithms.feedback_batch import batch_of
from rl.algorithms.lesson import Lesson
from rl.algorithms.ppo import clipped
from rl.algorithms.reading import Reading
from rl.algorithms.rloo import losses
from rl.algorithms.scoring import Scores
from rl.algorithms.value_head import discounted_sums, following
from rl.algorithms.verdicts import Verdicts
from rl.reward import RewardConfig

CPU = torch.device("cpu")
B_POSITIVE = TAGS.index("B-positive")


def lesson_of(
    toy: Any, weights: dict[str, float], document: torch.Tensor, tags: torch.Tensor, *samples: int
) -> Lesson:
    right = Example("acme", 0, (LabelledSpan(0, 4, 2),), are_spans_complete=True)
    batch = batch_of([Feedback(toy.tokens_of("acme"), right)], CPU)
    reading = Reading(document, tags, torch.zeros(1, 1, 8))
    taggings = torch.tensor(samples).reshape(-1, 1, 1)
    return Lesson(batch, Scores(batch, RewardConfig(weights)), Verdicts(batch), reading, reading, taggings)


def test_rloo_moves_the_label_along_the_gradient_of_its_expected_reward(toy: Any) -> None:
    document = torch.zeros(1, 3, requires_grad=True)
    lesson = lesson_of(toy, {"accuracy": 1.0}, document, torch.zeros(1, 1, 7), 0, 0)
    gradient = torch.autograd.grad(losses(lesson).sum(), document)[0]
    # reward is p of the first; its gradient p_a (1[a = 0] - p_0) with all p one third: 2 / 9, -1 / 9, -1 / 9
    assert gradient[0].tolist() == pytest.approx([-2 / 9, 1 / 9, 1 / 9])


def test_rloo_moves_a_tag_by_how_much_better_it_did_than_the_other_sample(toy: Any) -> None:
    tags = torch.zeros(1, 1, 7, requires_grad=True)
    lesson = lesson_of(toy, {"mention_f1": 1.0}, torch.zeros(1, 3), tags, B_POSITIVE, 0)
    gradient = torch.autograd.grad(losses(lesson).sum(), tags)[0]
    # F1 is 1 and 0, a half on average, of half a mention counted and one labelled: credit (2 - 1 / 2) / (3 / 2) = 1,
    # advantages 1 and -1; loss -(log p(B) - log p(O)) / 2, in which the softmax drops out
    expected = torch.zeros(7)
    expected[B_POSITIVE], expected[0] = -1 / 2, 1 / 2
    assert gradient[0, 0].tolist() == pytest.approx(expected.tolist(), abs=1e-6)


def test_rloo_learns_nothing_from_samples_that_agree(toy: Any) -> None:
    tags = torch.zeros(1, 1, 7, requires_grad=True)
    lesson = lesson_of(toy, {"mention_f1": 1.0}, torch.zeros(1, 3), tags, 0, 0, 0)
    assert not bool(torch.autograd.grad(losses(lesson).sum(), tags)[0].any())


def test_before_anything_moved_ppo_has_the_gradient_of_a_policy_gradient() -> None:
    logits = torch.tensor([0.5, -0.5, 0.0])
    log_p = logits.clone().requires_grad_()
    ratio = (log_p.log_softmax(-1) - logits.log_softmax(-1)).exp()
    gradient = torch.autograd.grad(clipped(ratio, torch.tensor([2.0, 0.0, 0.0]), clip=0.2).sum(), log_p)[0]
    # 2 (1[a = 0] - p_a), p = softmax
    p = logits.softmax(-1)
    assert gradient.tolist() == pytest.approx([2 * (1 - float(p[0])), -2 * float(p[1]), -2 * float(p[2])], rel=1e-5)


@pytest.mark.parametrize(
    ("ratio", "advantage", "slope"),
    [
        (1.3, 1.0, 0.0),  # already likelier by enough
        (0.7, -1.0, 0.0),  # already less likely by enough
        (1.3, -1.0, -1.0),  # moved the wrong way: nothing is held back
        (0.7, 1.0, 1.0),
        (1.1, 1.0, 1.0),
    ],
)
def test_ppo_stops_at_the_clip_and_only_on_the_way_out(ratio: float, advantage: float, slope: float) -> None:
    given = torch.tensor(ratio, requires_grad=True)
    gradient = torch.autograd.grad(clipped(given, torch.tensor(advantage), clip=0.2), given)[0]
    assert float(gradient) == slope


def test_advantages_are_discounted_sums_of_what_came_unexpected() -> None:
    values = torch.tensor([[[0.5, 0.25, 9.0]]])
    is_token = torch.tensor([[True, True, False]])
    gains = torch.tensor([[[0.0, 1.0, 0.0]]])
    errors = (gains + following(values, is_token) - values) * is_token
    # 0 + 0.25 - 0.5 and 1 + 0 - 0.25; the first adds half of the second
    assert errors[0, 0].tolist() == pytest.approx([-0.25, 0.75, 0.0])
    assert discounted_sums(errors, 0.5)[0, 0].tolist() == pytest.approx([0.125, 0.75, 0.0])
