from random import Random
from typing import Any

import pytest
import torch

from models.labelled.example import Example, LabelledSpan
from models.labels import TAGS
from rl.algorithms.feedback import Feedback, JudgedUnits
from rl.algorithms.feedback_batch import FeedbackBatch, batch_of
from rl.algorithms.scoring import Scores, left_out, mentions_of
from rl.algorithms.tagging import chosen, log_policy, sample_tags
from rl.reward import FUNCTIONS, RewardConfig, reward_of
from rl.rounds.round import ShownUnit
from rl.rounds.unit import Unit

CPU = torch.device("cpu")
EVERYTHING = RewardConfig({name: 1.0 + place for place, name in enumerate(sorted(FUNCTIONS))})


def drawn_example(toy: Any, rng: Random) -> Example:
    words = [rng.choice(("acme", "falls", "and", "bolt")) for _ in range(rng.randint(1, 8))]
    tokens = toy.tokens_of(" ".join(words))
    spans: list[LabelledSpan] = []
    open_ranges: list[tuple[int, int]] = []
    place = 0
    while place < len(words):
        last = min(len(words) - 1, place + rng.choice((0, 0, 1, 2)))
        start, end = tokens.offsets[place][0], tokens.offsets[last][1]
        kind = rng.random()
        if kind < 0.3:
            spans.append(LabelledSpan(start, end, rng.choice((0, 1, 2, None))))
        elif kind < 0.4:
            spans.append(LabelledSpan(start + 1, end, rng.choice((0, 1, 2))))  # begins within a token: never found
        elif kind < 0.5:
            open_ranges.append((start, end))
        place = last + 1
    sentiment = rng.choice((0, 1, 2, None))
    return Example(tokens.text, sentiment, tuple(spans), rng.random() < 0.6, tuple(open_ranges))


def drawn_batch(toy: Any, seed: int, n_documents: int = 24) -> FeedbackBatch:
    rng = Random(seed)
    examples = [drawn_example(toy, rng) for _ in range(n_documents)]
    return batch_of([Feedback(toy.tokens_of(example.text), right=example) for example in examples], CPU)


def drawn_tags(batch: FeedbackBatch, n_samples: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(*batch.is_token.shape, len(TAGS), generator=generator)
    return sample_tags(logits, batch.is_token, n_samples, generator)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "config", [RewardConfig(), RewardConfig({"mention_f1": 1.0}), RewardConfig({"span_f1": 1.0}), EVERYTHING]
)
def test_batches_are_scored_as_the_plain_functions_do(toy: Any, seed: int, config: RewardConfig) -> None:
    batch = drawn_batch(toy, seed)
    tags = drawn_tags(batch, 6, seed)
    scores = Scores(batch, config)
    of_tags = scores.of_tags(tags)
    n_with_evidence = 0
    for row, feedback in enumerate(batch.feedback):
        for sample in range(len(tags)):
            mentions = mentions_of(feedback.tokens, tags[sample, row].tolist())
            for label in range(3):
                assert feedback.right is not None
                plain = reward_of((Unit(label), *mentions), feedback.right, config)
                assert (plain is not None) == bool(scores.has_evidence[row])
                if plain is not None:
                    n_with_evidence += 1
                    assert float(scores.labels[row, label] + of_tags[sample, row]) == pytest.approx(plain, abs=1e-5)
    assert n_with_evidence > 100


@pytest.mark.parametrize("config", [RewardConfig(), EVERYTHING])
def test_gains_sum_to_the_reward_less_what_was_there_before_the_first_token(toy: Any, config: RewardConfig) -> None:
    batch = drawn_batch(toy, seed=9)
    tags = drawn_tags(batch, 5, seed=9)
    scores = Scores(batch, config)
    before = scores.of_tags(tags) - scores.gains(tags).sum(-1)
    assert torch.allclose(before, before[:1].expand_as(before), atol=1e-5)  # the same whatever was done


def test_a_gain_comes_with_the_token_that_closes_a_right_mention(toy: Any) -> None:
    text = "soars acme and falls bolt"
    right = Example(text, spans=(LabelledSpan(6, 10, 2), LabelledSpan(21, 25, 0)), are_spans_complete=True)
    batch = batch_of([Feedback(toy.tokens_of(text), right=right)], CPU)
    gains = Scores(batch, RewardConfig({"mention_f1": 1.0})).gains(torch.tensor([[[0, 5, 0, 0, 1]]]))
    # acme counts where it begins, which changes 0 / 2 nothing; right after it: 2 / (1 + 2); bolt is the last token
    assert gains[0, 0].tolist() == pytest.approx([0, 0, 2 / 3, 0, 1 / 3])


def test_a_mention_takes_the_credit_of_its_own_place_alone(toy: Any) -> None:
    text = "soars acme and falls bolt"
    right = Example(text, spans=(LabelledSpan(6, 10, 2), LabelledSpan(21, 25, 0)), are_spans_complete=True)
    batch = batch_of([Feedback(toy.tokens_of(text), right=right)], CPU)
    tags = torch.tensor([[[0, 5, 0, 0, 1]], [[0, 5, 0, 0, 3]], [[0, 5, 0, 0, 0]], [[0, 5, 0, 0, 1]]])
    advantages = Scores(batch, RewardConfig({"mention_f1": 1.0})).advantages(tags)[:, 0]
    assert advantages[:, :4].abs().max() < 1e-6  # all samples agree there
    # F1: 1, 1/2, 2/3, 1, mean 19/24; counted 2, 2, 1, 2, mean 7/4 and two labelled: below 15/4
    # credits: (2 - 19/24) / (15/4), (0 - 19/24) / (15/4), 0, as the first; less the mean of the other three
    earned = torch.tensor([29 / 24, -19 / 24, 0.0, 29 / 24]) / (15 / 4)
    assert advantages[:, 4].tolist() == pytest.approx(((earned - earned.mean()) * 4 / 3).tolist(), abs=1e-6)


def test_a_false_mention_in_a_document_without_any_is_discouraged(toy: Any) -> None:
    right = Example("and then", are_spans_complete=True)
    batch = batch_of([Feedback(toy.tokens_of("and then"), right=right)], CPU)
    tags = torch.tensor([[[1, 0]], [[0, 0]], [[0, 0]], [[0, 0]]])
    advantages = Scores(batch, RewardConfig({"mention_f1": 1.0})).advantages(tags)
    assert advantages[0, 0, 0] < 0 < advantages[1, 0, 0]


def test_advantages_point_where_the_expected_reward_rises(toy: Any) -> None:
    """Over many samples the policy gradient is the gradient of the mean reward, up to what credit approximates."""
    text = "soars acme and"
    right = Example(text, spans=(LabelledSpan(6, 10, 2),), are_spans_complete=True)
    batch = batch_of([Feedback(toy.tokens_of(text), right=right)], CPU)
    scores = Scores(batch, RewardConfig({"mention_f1": 1.0}))
    logits = torch.randn(1, 3, len(TAGS), generator=torch.Generator().manual_seed(2)).requires_grad_()
    every = torch.cartesian_prod(*[torch.arange(len(TAGS))] * 3).unsqueeze(1)
    p = chosen(log_policy(logits, every), every).sum(-1).squeeze(-1).exp()
    legal = p > 1e-12
    exact = torch.autograd.grad((p * scores.of_tags(every).squeeze(-1))[legal].sum(), logits)[0]
    tags = sample_tags(logits, batch.is_token, 20_000, torch.Generator().manual_seed(0))
    log_p = chosen(log_policy(logits, tags), tags)
    sampled = torch.autograd.grad((scores.advantages(tags) * log_p).sum(-1).mean(), logits)[0]
    assert float(torch.cosine_similarity(exact.flatten(), sampled.flatten(), dim=0)) > 0.95


def test_left_out_compares_with_the_mean_of_the_others() -> None:
    # 3 - (1 + 2) / 2, 1 - (3 + 2) / 2, 2 - (3 + 1) / 2
    assert left_out(torch.tensor([3.0, 1.0, 2.0])).tolist() == pytest.approx([1.5, -1.5, 0.0])
    assert left_out(torch.tensor([3.0])).tolist() == [0.0]


def test_of_a_bare_verdict_no_reward_is_known(toy: Any) -> None:
    judged = JudgedUnits((ShownUnit(Unit(0), 0.9),), are_right=True)
    batch = batch_of([Feedback(toy.tokens_of("and then"), judged=(judged,))], CPU)
    scores = Scores(batch, RewardConfig())
    assert not bool(scores.has_evidence.any())
    assert not bool(scores.advantages(torch.tensor([[[1, 0]], [[0, 0]]])).any())
