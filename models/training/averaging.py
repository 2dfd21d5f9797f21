"""One policy out of several that were tuned from the same one: the mean of their weights.

Knows no data.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from models.network import PolicyNetwork


def averaged(networks: Sequence[PolicyNetwork]) -> PolicyNetwork:
    """Return the first network with the mean of all weights that training changes.

    See "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing inference
    time" by Wortsman et al., and "WARP: On the Benefits of Weight Averaged Rewarded Policies" by Ramé et al. Policies
    that were tuned from the same one, and not far, lie in one basin; what each was led astray by averages out. The
    means of two factors of an adapter are not the factors of the mean: nothing is promised of networks that are far
    apart.

    Args:
        networks: of the same encoder and adapters.

    Raises:
        ValueError: if there is none, or they are not of one shape.
    """
    if not networks:
        raise ValueError("networks must hold one at least, got none")
    parts = [network.trained() for network in networks]
    shapes = [{name: value.shape for name, value in of_network.items()} for of_network in parts]
    if any(of_network != shapes[0] for of_network in shapes):
        raise ValueError("networks must be of one shape, got several")
    with torch.no_grad():
        mean = {name: torch.stack([of[name].float() for of in parts]).mean(0) for name in parts[0]}
    networks[0].restore(mean)
    return networks[0]
