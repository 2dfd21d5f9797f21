"""The network being tuned with its optimiser, and the frozen reference policy beside it.

Owns forwards and their count, updates and what is saved of both. Knows no loss.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from models.network import PolicyNetwork
from rl.algorithms.feedback_batch import FeedbackBatch
from rl.algorithms.reading import Reading, read
from rl.algorithms.remembered import RememberedReadings

_WEIGHT_DECAY = 0.01  # as in training
N_FORWARD, N_BACKWARD = 1, 2
"""Passes through the network that each counts for; a backward costs about two forwards."""


@dataclass(frozen=True, kw_only=True)
class LearningConfig:
    """What every algorithm can be told.

    >>> LearningConfig(kl_weight=-1)
    Traceback (most recent call last):
    ValueError: kl_weight must be >= 0, got -1
    """

    kl_weight: float = 0.05  # of a document's divergence from the reference, nats, beside its reward in [0, 1]
    likelihood_weight: float = 0.0  # of the supervised loss mixed in
    head_rate_factor: float = 1.0  # of the heads' learning rate beside the encoder's
    has_dropout: bool = False  # of encoder and heads, while learning
    max_gradient_norm: float = 1.0
    max_ratio: float = 10.0  # of a shown unit's probability to its logged propensity; bounds variance, biases

    def __post_init__(self) -> None:
        for name in ("kl_weight", "likelihood_weight"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")
        for name in ("head_rate_factor", "max_gradient_norm", "max_ratio"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")

    @property
    def n_passes(self) -> int:
        """How often a step takes each padded token through a network: what makes two runs equal in compute."""
        return N_FORWARD + N_BACKWARD + self.n_reference_passes

    @property
    def n_reference_passes(self) -> int:
        """One if the loss needs the reference policy."""
        return N_FORWARD if self.kl_weight else 0


class TunedNetwork:
    """A policy network on its way, with the policy it is not to stray far from.

    Dropout, where it is used, is drawn from the generator as well, so that a run depends on no global state.
    """

    def __init__(
        self,
        network: PolicyNetwork,
        config: LearningConfig,
        device: torch.device,
        generator: torch.Generator,
        reference: PolicyNetwork | None = None,
        beside: nn.Module | None = None,
        beside_rate: float = 1e-3,
    ) -> None:
        """Take the network to tune, and beside it what is learned at its own rate, such as a value head."""
        self.network = network.to(device)
        self.reference = copy.deepcopy(reference or network).to(device)
        self.reference.merge(torch.float32)
        self.generator = generator
        self.n_padded_tokens = 0  # taken through the network since it was last set to 0
        self._remembered = RememberedReadings(self.reference)
        self._beside = (beside or nn.Module()).to(device)
        self._config, self._device = config, device
        self._optimiser = _optimiser(self.network, self._beside, beside_rate)

    def read(self, batch: FeedbackBatch) -> Reading:
        """Return the network's answer with its gradient, to be followed by an update."""
        self.n_padded_tokens += (N_FORWARD + N_BACKWARD) * batch.n_padded_tokens
        self.network.train(self._config.has_dropout)
        if not self._config.has_dropout:
            return read(self.network, batch)
        seed = torch.randint(2**31, (1,), generator=self.generator, device=self.generator.device)
        with torch.random.fork_rng([self._device] if self._device.type == "cuda" else []):
            torch.manual_seed(int(seed))
            return read(self.network, batch)

    def act(self, batch: FeedbackBatch) -> Reading:
        """Return the network's answer as it would be served, without gradient."""
        self.n_padded_tokens += N_FORWARD * batch.n_padded_tokens
        self.network.eval()
        with torch.no_grad():
            return read(self.network, batch)

    def read_reference(self, batch: FeedbackBatch) -> Reading:
        """Return the reference policy's answer.

        Where it is asked for the figures alone it is not counted, and a document is read once: it never changes.
        """
        if self._config.n_reference_passes == 0:
            return self._remembered.of(batch)
        self.n_padded_tokens += self._config.n_reference_passes * batch.n_padded_tokens
        with torch.no_grad():
            return read(self.reference, batch)

    def update(self, loss: Tensor, learning_rate: float) -> float:
        """Take one optimiser step down the loss; return the gradient's norm before it is clipped."""
        inner, heads = self._optimiser.param_groups[:2]
        inner["lr"], heads["lr"] = learning_rate, learning_rate * self._config.head_rate_factor
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        policy = [parameter for group in (inner, heads) for parameter in group["params"]]
        norm = nn.utils.clip_grad_norm_(policy, self._config.max_gradient_norm)
        if beside := list(self._beside.parameters()):
            nn.utils.clip_grad_norm_(beside, self._config.max_gradient_norm)
        self._optimiser.step()
        return float(norm)

    def state(self) -> dict[str, Tensor]:
        """Return what is trained, the optimiser's state and that of the random numbers, as copies."""
        tensors: dict[str, Tensor] = {f"network.{name}": value for name, value in _trained(self.network).items()}
        tensors |= {f"beside.{name}": value for name, value in self._beside.state_dict().items()}
        for index, values in self._optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{name}": value for name, value in values.items()}
        tensors["random"] = self.generator.get_state()
        return {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken.

        Raises:
            ValueError: if it is another network's.
        """
        trained, saved = _trained(self.network), _below("network.", state)
        if {name: value.shape for name, value in trained.items()} != {name: v.shape for name, v in saved.items()}:
            raise ValueError("state must be that of the same network, got another one's")
        with torch.no_grad():
            for name, parameter in trained.items():
                parameter.copy_(saved[name])
        self._beside.load_state_dict(_below("beside.", state))
        nested: dict[int, dict[str, Tensor]] = {}
        for key, value in _below("optimiser.", state).items():
            index, name = key.split(".", 1)
            nested.setdefault(int(index), {})[name] = value
        self._optimiser.load_state_dict(self._optimiser.state_dict() | {"state": nested})
        self.generator.set_state(state["random"])


def _optimiser(network: nn.Module, beside: nn.Module, beside_rate: float) -> AdamW:
    inner: list[nn.Parameter] = []
    heads: list[nn.Parameter] = []
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            (inner if "encoder." in name else heads).append(parameter)
    groups = [
        {"params": inner, "lr": 0.0},
        {"params": heads, "lr": 0.0},
        {"params": list(beside.parameters()), "lr": beside_rate},
    ]
    return AdamW(groups, weight_decay=_WEIGHT_DECAY, fused=True)


def _trained(network: nn.Module) -> dict[str, nn.Parameter]:
    return {name: value for name, value in network.named_parameters() if value.requires_grad}


def _below(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
