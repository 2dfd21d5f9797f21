"""A policy that was trained whole, as adapters: the closest low-rank update of each linear layer.

Whole training learns more than adapters do from the same examples, and its update is nearly of low rank; a few epochs
of training afterwards make up for what is cut off. Knows no data.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from models.network import Adapters, PolicyNetwork


def compress(trained: PolicyNetwork, encoder: nn.Module, adapters: Adapters) -> PolicyNetwork:
    """Return the trained network as adapters on the encoder it began with.

    See "The approximation of one matrix by another of lower rank" by Eckart and Young. What training changed of
    embeddings, biases and norms is left out.

    Raises:
        ValueError: if it was not trained whole.
    """
    if trained.is_adapted:
        raise ValueError("trained must be a network that was trained whole, got one with adapters")
    network = PolicyNetwork(copy.deepcopy(encoder), adapters)
    heads = {name: value for name, value in trained.state_dict().items() if not name.startswith("encoder.")}
    network.load_state_dict(heads, strict=False)
    before = dict(encoder.named_parameters())
    updates = {name: value - before[name] for name, value in trained.encoder.named_parameters()}
    scale = adapters.alpha / adapters.rank
    with torch.no_grad():
        for name, module in network.encoder.named_modules():
            if hasattr(module, "lora_A"):
                path = name.removeprefix("base_model.model.")
                down, up = low_rank(updates[f"{path}.weight"] / scale, adapters.rank)
                module.lora_A["default"].weight.copy_(down)
                module.lora_B["default"].weight.copy_(up)
    return network


def low_rank(matrix: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Return (rank, columns) and (rows, rank), whose product is the closest matrix of that rank.

    >>> down, up = low_rank(torch.tensor([[2.0, 4.0], [1.0, 2.0]]), rank=1)
    >>> (up @ down).round(decimals=4).tolist()
    [[2.0, 4.0], [1.0, 2.0]]
    """
    if matrix.ndim != 2:
        raise ValueError(f"matrix must be of two dimensions, got {tuple(matrix.shape)}")
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    rank = min(rank, len(values))
    root = values[:rank].sqrt()
    return root.unsqueeze(1) * right[:rank], left[:, :rank] * root
