import copy

import pytest
import torch

from models.encoder import find_encoder, load_encoder
from models.network import Adapters, PolicyNetwork
from models.training.averaging import averaged


@pytest.fixture
def network(tiny_encoder) -> PolicyNetwork:
    return PolicyNetwork(load_encoder(find_encoder(str(tiny_encoder))), Adapters(rank=4, alpha=8.0, p_dropout=0.0))


def moved(network: PolicyNetwork, by: float) -> PolicyNetwork:
    other = copy.deepcopy(network)
    other.restore({name: value + by for name, value in other.trained().items()})
    return other


def test_each_weight_is_the_mean_and_the_encoder_stays(network: PolicyNetwork) -> None:
    before = {name: value.clone() for name, value in network.trained().items()}
    still = {name: value.clone() for name, value in network.named_parameters() if not value.requires_grad}
    mean = averaged([moved(network, 0.1), moved(network, 0.3)], shares=(0.25, 0.75))
    # 0.25 * 0.1 + 0.75 * 0.3
    assert all(torch.allclose(value, before[name] + 0.25, atol=1e-6) for name, value in mean.trained().items())
    kept = dict(mean.named_parameters())
    assert all(torch.equal(kept[name], value) for name, value in still.items())


def test_what_is_averaged_must_be_there_and_of_one_shape(network: PolicyNetwork, tiny_encoder) -> None:
    other = PolicyNetwork(load_encoder(find_encoder(str(tiny_encoder))), Adapters(rank=2, alpha=8.0, p_dropout=0.0))
    with pytest.raises(ValueError, match="none"):
        averaged([], shares=())
    with pytest.raises(ValueError, match="one shape"):
        averaged([network, other], shares=(0.5, 0.5))
    with pytest.raises(ValueError, match=r"sum to 1, got \[0.5, 0.6\]"):
        averaged([network, network], shares=(0.5, 0.6))
