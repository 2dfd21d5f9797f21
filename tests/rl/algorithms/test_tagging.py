from itertools import product

import numpy as np
import pytest
import torch

from models.decoding import greedy_tags as served_tags
from models.decoding import legal_after
from models.labels import TAGS
from rl.algorithms.tagging import chosen, divergence, entropy, greedy_tags, log_policy, sample_tags, tags_before


def drawn_logits(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, len(TAGS), generator=torch.Generator().manual_seed(seed))


def all_tokens(logits: torch.Tensor) -> torch.Tensor:
    return torch.ones(logits.shape[:2], dtype=torch.bool)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_taggings_are_drawn_as_often_as_the_policy_says() -> None:
    logits = drawn_logits(1, 2)
    n_samples = 40_000
    tags = sample_tags(logits, all_tokens(logits), n_samples, generator())[:, 0]
    every = torch.tensor(list(product(range(len(TAGS)), repeat=2)))
    p = chosen(log_policy(logits, every.unsqueeze(1)), every.unsqueeze(1)).sum(-1).exp().squeeze(1)  # (49,)
    assert float(p.sum()) == pytest.approx(1.0, abs=1e-5)
    drawn = torch.bincount(tags[:, 0] * len(TAGS) + tags[:, 1], minlength=len(TAGS) ** 2) / n_samples
    deviation = (p * (1 - p) / n_samples).sqrt()
    assert bool(((drawn - p).abs() <= 4 * deviation + 1e-9).all())  # four standard errors


def test_sampled_taggings_are_legal() -> None:
    logits = drawn_logits(3, 20)
    tags = sample_tags(logits, all_tokens(logits), 50, generator())
    pairs = {(int(a), int(b)) for a, b in zip(tags_before(tags).flatten(), tags.flatten(), strict=True)}
    assert all(after in legal_after(before) for before, after in pairs)


def test_beyond_the_last_token_all_is_outside() -> None:
    logits = drawn_logits(2, 5)
    is_token = torch.tensor([[True] * 5, [True, False, False, False, False]])
    assert sample_tags(logits, is_token, 30, generator())[:, 1, 1:].any().item() is False


def test_the_same_generator_draws_the_same() -> None:
    logits = drawn_logits(2, 6)
    first, again = (sample_tags(logits, all_tokens(logits), 4, generator(3)) for _ in range(2))
    assert torch.equal(first, again)


def test_greedy_taggings_are_those_that_are_served() -> None:
    logits = drawn_logits(20, 9, seed=5)
    expected = [served_tags(p) for p in logits.softmax(-1).numpy().astype(np.float32)]
    assert greedy_tags(logits, all_tokens(logits))[0].tolist() == expected


def test_nothing_explored_is_greedy() -> None:
    logits = drawn_logits(4, 7)
    sampled = sample_tags(logits, all_tokens(logits), 3, generator(), p_explored=0.0)
    assert torch.equal(sampled, greedy_tags(logits, all_tokens(logits)).expand(3, -1, -1))


def test_probabilities_are_over_what_is_legal_after_the_tag_before() -> None:
    tags = torch.tensor([[[1, 2]]])  # begin, then inside of a negative mention
    log_p = log_policy(torch.zeros(1, 2, len(TAGS)), tags)
    # after outside: O and three begins; after a negative begin: those and the negative inside
    assert log_p.exp()[0, 0, 0].tolist() == pytest.approx([1 / 4, 1 / 4, 0, 1 / 4, 0, 1 / 4, 0])
    assert log_p.exp()[0, 0, 1].tolist() == pytest.approx([1 / 5, 1 / 5, 1 / 5, 1 / 5, 0, 1 / 5, 0])


def test_entropy_and_divergence_leave_out_what_is_illegal() -> None:
    tags = torch.tensor([[[0]]])
    even = log_policy(torch.zeros(1, 1, len(TAGS)), tags)
    sure = log_policy(torch.tensor([[[9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]), tags)
    assert float(entropy(even)) == pytest.approx(np.log(4))
    # KL(even || sure) = log(1/4) - (log p(O) + 3 log p(B)) / 4 with p(O) = e^9 / (e^9 + 3)
    expected = -np.log(4) - (9 / 4 - np.log(np.exp(9) + 3))
    assert float(divergence(even, sure)) == pytest.approx(expected, rel=1e-5)
    assert float(divergence(even, even)) == 0.0


def test_logits_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="logits must be"):
        log_policy(torch.zeros(2, 3), torch.zeros(1, 2, 3, dtype=torch.int64))
