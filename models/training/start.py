"""What a training run starts from: an encoder with untrained heads, or another policy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from models.checkpoint import load_network
from models.encoder import EncoderFiles, find_encoder, load_encoder
from models.network import Adapters, PolicyNetwork
from models.training.compression import compress
from models.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Start:
    """An unmerged network, where it comes from, and what its checkpoint will say of it.

    >>> from models.checkpoint import SHIPPED
    >>> Start.from_policy(SHIPPED).parent_version.startswith("p-")
    True
    """

    network: PolicyNetwork
    encoder: EncoderFiles
    adapters: Adapters | None
    parent_version: str | None = None

    @classmethod
    def of(cls, recipe: Recipe) -> Start:
        """Return what the recipe says: a policy, or the encoder."""
        return (
            cls.from_encoder(recipe) if recipe.start is None else cls.from_policy(Path(recipe.start), recipe.adapters)
        )

    @classmethod
    def from_encoder(cls, recipe: Recipe) -> Start:
        """Return the recipe's encoder with fresh adapters and heads, drawn with its seed."""
        files = find_encoder(recipe.encoder)
        with torch.random.fork_rng():
            torch.manual_seed(recipe.seed)
            network = PolicyNetwork(load_encoder(files), recipe.adapters)
        return cls(network, files, recipe.adapters)

    @classmethod
    def from_policy(cls, folder: Path, adapters: Adapters | None = None) -> Start:
        """Return the policy of a checkpoint folder, to be trained on.

        One that was trained whole is compressed to `adapters`, if they are given.

        Raises:
            CheckpointMismatch: if anything in the folder, or the encoder, is not what the manifest says.
        """
        network, manifest, files = load_network(folder)
        if adapters is None or manifest.adapters is not None:
            return cls(network, files, manifest.adapters, manifest.version)
        return cls(compress(network, load_encoder(files), adapters), files, adapters, manifest.version)
