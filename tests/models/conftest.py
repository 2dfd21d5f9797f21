"""The shipped policy, loaded once, and a tiny encoder of random weights for training in seconds."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from models.encoder import DEFAULT_ENCODER, find_encoder
from models.policy import Policy


@pytest.fixture(scope="session")
def shipped() -> Policy:
    return Policy.load(device="cpu")


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("encoder")
    default = find_encoder(DEFAULT_ENCODER).folder
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copy(default / name, folder)
    config = BertConfig(
        vocab_size=json.loads((default / "config.json").read_text())["vocab_size"],
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=0.2,  # the weights stay frozen: let words differ
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        BertModel(config).save_pretrained(folder)
    return folder
