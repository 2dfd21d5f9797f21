import pytest
import torch

from models.encoder import find_encoder, load_encoder
from models.network import Adapters, PolicyNetwork
from models.padding import pad
from models.tokens import Tokens

TOKENS = Tokens("Acme fell", ((0, 4), (5, 9)), (1, 2), (101, 9353, 3062, 102), (0, 2, 1, 0))


def network(folder, seed: int = 0, rank: int = 4) -> PolicyNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return PolicyNetwork(load_encoder(find_encoder(str(folder))), Adapters(rank=rank)).eval()


def perturbed(folder) -> PolicyNetwork:
    made = network(folder)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.requires_grad:
                parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return made


@torch.inference_mode()
def logits(made: PolicyNetwork) -> torch.Tensor:
    return made(pad([TOKENS], torch.device("cpu"))).tags


def test_shapes_change_nothing_until_trained(tiny_encoder):
    made = network(tiny_encoder)
    as_written = made(pad([TOKENS], torch.device("cpu")))
    lower = Tokens(TOKENS.text, TOKENS.offsets, TOKENS.firsts, TOKENS.pieces, (0, 1, 1, 0))
    assert torch.equal(as_written.tags, made(pad([lower], torch.device("cpu"))).tags)


def test_merging_the_adapters_keeps_the_answers(tiny_encoder):
    made = perturbed(tiny_encoder)
    before = logits(made)
    made.merge(torch.float32)
    assert torch.allclose(logits(made), before, atol=1e-5)
    assert not any(parameter.requires_grad for parameter in made.parameters())


def test_what_was_trained_is_restored_into_another_network(tiny_encoder):
    made = perturbed(tiny_encoder)
    other = network(tiny_encoder, seed=9)
    assert not torch.allclose(logits(other), logits(made), atol=1e-3)
    other.restore(made.trained())
    assert torch.equal(logits(other), logits(made))


def test_the_encoders_own_weights_are_neither_trained_nor_saved(tiny_encoder):
    made = network(tiny_encoder)
    trainable = {name for name, parameter in made.named_parameters() if parameter.requires_grad}
    assert not any("word_embeddings" in name or "base_layer" in name for name in trainable)
    assert len(made.trained()) == len(trainable)


def test_weights_of_another_rank_are_refused(tiny_encoder):
    with pytest.raises(ValueError, match="trained must fit the network, differs in"):
        network(tiny_encoder, rank=4).restore(network(tiny_encoder, rank=2).trained())
