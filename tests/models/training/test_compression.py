import copy

import pytest
import torch

from models.encoder import find_encoder, load_encoder
from models.network import Adapters, PolicyNetwork
from models.padding import PaddedBatch
from models.training.compression import compress, low_rank

BATCH = PaddedBatch(torch.arange(10, 18).reshape(2, 4), torch.ones(2, 4, dtype=torch.int64), torch.ones(2, 4).bool())


def trained_whole(folder, rank: int) -> tuple[PolicyNetwork, torch.nn.Module]:
    """Return a network whose linear layers were changed by updates of a given rank."""
    encoder = load_encoder(find_encoder(str(folder)))
    network = PolicyNetwork(copy.deepcopy(encoder), None)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in network.encoder.named_parameters():
            if weight.ndim == 2 and "embeddings" not in name:
                rows, columns = weight.shape
                left = torch.randn(rows, rank, generator=generator)
                weight += 0.05 * left @ torch.randn(rank, columns, generator=generator)
    return network, encoder


def test_an_update_of_low_rank_is_kept_exactly(tiny_encoder):
    network, encoder = trained_whole(tiny_encoder, rank=4)
    compressed = compress(network, encoder, Adapters(rank=4, alpha=8.0, p_dropout=0.0))
    expected, found = network.eval()(BATCH), compressed.eval()(BATCH)
    assert torch.allclose(found.document, expected.document, atol=1e-4)
    assert torch.allclose(found.tags, expected.tags, atol=1e-4)


def test_what_is_cut_off_is_the_least_there_is():
    matrix = torch.diag(torch.tensor([3.0, 2.0, 1.0]))
    down, up = low_rank(matrix, rank=2)
    # of singular values 3, 2, 1 the last is cut off
    assert torch.linalg.matrix_norm(matrix - up @ down).item() == pytest.approx(1.0)


def test_adapters_are_not_compressed_again(tiny_encoder):
    encoder = load_encoder(find_encoder(str(tiny_encoder)))
    network = PolicyNetwork(copy.deepcopy(encoder), Adapters(rank=2))
    with pytest.raises(ValueError, match="must be a network that was trained whole"):
        compress(network, encoder, Adapters(rank=2))
