"""What reward is still to be expected at each token, given the tag before it; sums and differences of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.labels import TAGS
from rl.algorithms.lesson import Lesson
from rl.algorithms.reading import Reading
from rl.algorithms.tagging import tags_before


class ValueHead(nn.Module):
    """Values read from the policy's states, zero at first; learning them moves nothing of the policy.

    >>> head = ValueHead(width=8)
    >>> reading = Reading(torch.zeros(2, 3), torch.zeros(2, 5, 7), torch.ones(2, 5, 8))
    >>> head.of_tokens(reading, torch.zeros(4, 2, 5, dtype=torch.int64)).shape
    torch.Size([4, 2, 5])
    """

    def __init__(self, width: int, n_hidden: int = 64) -> None:
        super().__init__()
        self.tokens = nn.Sequential(nn.Linear(width, n_hidden), nn.Tanh(), _zeros(n_hidden, len(TAGS)))

    @classmethod
    def drawn(cls, width: int, generator: torch.Generator) -> ValueHead:
        """Return a head whose weights depend on the generator alone."""
        seed = torch.randint(2**31, (1,), generator=generator, device=generator.device)
        with torch.random.fork_rng([]):
            torch.manual_seed(int(seed))
            return cls(width)

    def of_tokens(self, reading: Reading, tags: Tensor) -> Tensor:
        """Return the value before each token's tag is chosen, given the tags before in (K, B, N); (K, B, N)."""
        values = self.tokens(reading.states).expand(len(tags), -1, -1, -1)  # (K, B, N, 7)
        of_states: Tensor = values.gather(-1, tags_before(tags).unsqueeze(-1)).squeeze(-1)
        return of_states


def label_errors(lesson: Lesson, temperature: float) -> Tensor:
    """Return reward less Q of each label, (B, 3), Q being V + temperature log pi with the V that fits best.

    All three rewards are known, so no head is needed to say what to expect; 0 where there is no evidence.
    """
    errors = lesson.scores.labels - temperature * lesson.reading.document.log_softmax(-1)
    return (errors - errors.mean(-1, keepdim=True)) * lesson.scores.has_label_evidence.unsqueeze(-1)


def following(values: Tensor, is_token: Tensor) -> Tensor:
    """Return the value of the state after each token's tag, 0 after the last; values are (K, B, N).

    >>> following(torch.tensor([[[1.0, 2.0, 9.0]]]), torch.tensor([[True, True, False]])).tolist()
    [[[2.0, 0.0, 0.0]]]
    """
    valid = values * is_token
    return torch.cat([valid[..., 1:], torch.zeros_like(valid[..., :1])], dim=-1)


def discounted_sums(values: Tensor, discount: float) -> Tensor:
    """Return of each token the sum of its value and, each discounted once more, of those after it; (..., N).

    >>> discounted_sums(torch.tensor([1.0, 2.0, 4.0]), 0.5).tolist()
    [3.0, 4.0, 4.0]
    """
    sums: list[Tensor] = []
    after = torch.zeros_like(values[..., 0])
    for value in reversed(values.unbind(-1)):
        after = value + discount * after
        sums.append(after)
    return torch.stack(sums[::-1], dim=-1)


def _zeros(n_in: int, n_out: int) -> nn.Linear:
    layer = nn.Linear(n_in, n_out)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
