"""One policy out of several that were tuned from the same one: the mean of their weights.

Knows no data.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from models.network import PolicyNetwork


def averaged(networks: Sequence[PolicyNetwork], shares: Sequence[float]) -> PolicyNetwork:
    """Return the first network with the mean, by shares, of all weights that training changes.

    See "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing inference
    time" by Wortsman et al., and "WARP: On the Benefits of Weight Averaged Rewarded Policies" by Ramé et al. Policies
    that were tuned from the same one, and not far, lie in one basin; what each was led astray by averages out. The
    means of two factors of an adapter are not the factors of the mean: nothing is promised of networks that are far
    apart.

    Args:
        networks: of the same encoder and adapters.
        shares: of each, >= 0; their sum is 1.

    Raises:
        ValueError: if there is none, or they are not of one shape.
    """
    if not networks:
        raise ValueError("networks must hold one at least, got none")
    if len(shares) != len(networks) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"shares must be >= 0, one for each network, and sum to 1, got {list(shares)}")
    parts = [network.trained() for network in networks]
    shapes = [{name: value.shape for name, value in of_network.items()} for of_network in parts]
    if any(of_network != shapes[0] for of_network in shapes):
        raise ValueError("networks must be of one shape, got several")
    with torch.no_grad():
        mean = {
            name: torch.stack([share * of[name].float() for share, of in zip(shares, parts, strict=True)]).sum(0)
            for name in parts[0]
        }
    networks[0].restore(mean)
    return networks[0]
