"""The algorithms by name: the one place where a name becomes an algorithm and its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import torch

from models.network import PolicyNetwork
from rl.algorithms.algorithm import Algorithm
from rl.algorithms.dqn import Dqn, DqnConfig
from rl.algorithms.ppo import Ppo, PpoConfig
from rl.algorithms.q_learning import QLearning, QLearningConfig
from rl.algorithms.rloo import Rloo, RlooConfig
from rl.algorithms.supervised import Supervised, SupervisedConfig
from rl.algorithms.tuned_network import LearningConfig
from rl.reward import RewardConfig


class _Entry(NamedTuple):
    config: type[LearningConfig]
    algorithm: Any  # made with this entry's own config type, which no common signature can say


_ENTRIES: Mapping[str, _Entry] = MappingProxyType(
    {
        "supervised": _Entry(SupervisedConfig, Supervised),
        "q_learning": _Entry(QLearningConfig, QLearning),
        "dqn": _Entry(DqnConfig, Dqn),
        "ppo": _Entry(PpoConfig, Ppo),
        "rloo": _Entry(RlooConfig, Rloo),
    }
)

ALGORITHMS = tuple(_ENTRIES)
"""Their names; the first is the yardstick."""


def config_type(name: str) -> type[LearningConfig]:
    """Return the type of an algorithm's configuration.

    >>> config_type("rloo").__name__
    'RlooConfig'

    Raises:
        ValueError: if there is no such algorithm.
    """
    if name not in _ENTRIES:
        raise ValueError(f"algorithm must be one of {', '.join(ALGORITHMS)}, got {name}")
    return _ENTRIES[name].config


def make_algorithm(
    name: str,
    network: PolicyNetwork,
    config: LearningConfig,
    reward: RewardConfig,
    device: torch.device,
    generator: torch.Generator,
    reference: PolicyNetwork | None = None,
) -> Algorithm:
    """Return an algorithm that tunes a network.

    Raises:
        ValueError: if there is no such algorithm, or the config is another one's.
    """
    expected = config_type(name)
    if type(config) is not expected:
        raise ValueError(f"config of {name} must be a {expected.__name__}, got {type(config).__name__}")
    algorithm: Algorithm = _ENTRIES[name].algorithm(network, config, reward, device, generator, reference)
    return algorithm
