"""The network behind a policy: encoder, word-shape embedding, adapters, two heads.

Owns how these are joined, and what of them is trained and saved.
Knows neither text nor files' layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.heads import DocumentHead, TokenHead
from models.padding import PaddedBatch
from models.shape import Shape


class Logits(NamedTuple):
    """What the network says of a batch, before any softmax."""

    document: Tensor  # (B, 3) float32
    tags: Tensor  # (B, T, 7) float32


@dataclass(frozen=True, slots=True)
class Adapters:
    """Low-rank adapters on every linear layer of the encoder.

    See "LoRA: Low-Rank Adaptation of Large Language Models" by Hu et al.

    >>> Adapters(rank=8).alpha
    32.0
    """

    rank: int = 16
    alpha: float = 32.0  # the update is scaled by alpha / rank
    p_dropout: float = 0.05

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ValueError(f"rank must be >= 1, got {self.rank}")


class PolicyNetwork(nn.Module):
    """Logits of a padded batch; only adapters, shape embedding and heads are trained.

    >>> from transformers import BertConfig, BertModel
    >>> tiny = BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
    ...                   intermediate_size=16)
    >>> network = PolicyNetwork(BertModel(tiny, add_pooling_layer=False), Adapters(rank=2))
    >>> sorted({name.split(".")[0] for name in network.trained()})
    ['adapters', 'document_head', 'shape_embedding', 'token_head']
    """

    def __init__(self, encoder: nn.Module, adapters: Adapters) -> None:
        super().__init__()
        from peft import LoraConfig, get_peft_model

        width = int(encoder.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.encoder = get_peft_model(
            encoder,
            LoraConfig(
                r=adapters.rank,
                lora_alpha=adapters.alpha,
                lora_dropout=adapters.p_dropout,
                target_modules="all-linear",
            ),
        )
        self.shape_embedding = nn.Embedding(len(Shape), width)
        nn.init.zeros_(self.shape_embedding.weight)  # at first the encoder reads as it was trained
        self.document_head = DocumentHead(width)
        self.token_head = TokenHead(width)

    def forward(self, batch: PaddedBatch) -> Logits:
        """Return the logits of every document and piece of the batch."""
        words = self.encoder.get_input_embeddings()(batch.pieces)
        embedded = words + self.shape_embedding(batch.shapes).to(words.dtype)
        states = self.encoder(inputs_embeds=embedded, attention_mask=batch.is_real.long()).last_hidden_state
        with torch.autocast(states.device.type, enabled=False):  # heads are cheap: keep them exact
            states = states.float()
            return Logits(self.document_head(states, batch.is_real), self.token_head(states))

    def trained(self) -> dict[str, Tensor]:
        """Return what training changes, by a name that checkpoints keep."""
        from peft import get_peft_model_state_dict

        own = {name: value for name, value in self.state_dict().items() if not name.startswith("encoder.")}
        adapters = get_peft_model_state_dict(self.encoder)
        return own | {f"adapters.{name}": value for name, value in adapters.items()}

    def restore(self, trained: dict[str, Tensor]) -> None:
        """Take over what `trained` returned.

        Raises:
            ValueError: if a name or a shape differs from this network's.
        """
        from peft import set_peft_model_state_dict

        expected = {name: value.shape for name, value in self.trained().items()}
        given = {name: value.shape for name, value in trained.items()}
        if expected != given:
            differing = sorted(name for name in expected | given if expected.get(name) != given.get(name))
            raise ValueError(f"trained must fit the network, differs in {differing[:3]}")
        floats = {name: value.float() for name, value in trained.items()}
        prefix = "adapters."
        set_peft_model_state_dict(
            self.encoder, {n.removeprefix(prefix): v for n, v in floats.items() if n.startswith(prefix)}
        )
        own = {name: value for name, value in floats.items() if not name.startswith(prefix)}
        self.load_state_dict(own, strict=False)

    def merge(self, dtype: torch.dtype) -> None:
        """Fold the adapters into the encoder and cast it: faster to serve, no longer to be trained."""
        self.encoder = self.encoder.merge_and_unload().to(dtype)
        self.requires_grad_(False)
        self.eval()
