"""The networks: an encoder with word shapes and adapters, and what stands on its states.

Owns how these are joined, and what of them is trained and saved. Knows neither text nor files' layout.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from models.heads import DocumentHead, TagHead, TokenHead
from models.padding import PaddedBatch
from models.shape import Shape


class Logits(NamedTuple):
    """What the policy's network says of a batch, before any softmax."""

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


class ReadingNetwork(nn.Module):
    """An encoder that also sees how words are written; of it, adapters or everything is trained.

    >>> from transformers import BertConfig, BertModel
    >>> tiny = BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
    ...                   intermediate_size=16)
    >>> network = ReadingNetwork(BertModel(tiny, add_pooling_layer=False), Adapters(rank=2))
    >>> sorted({name.split(".")[0] for name in network.trained()})
    ['adapters', 'shape_embedding']
    >>> whole = ReadingNetwork(BertModel(tiny, add_pooling_layer=False), None)
    >>> sorted({name.split(".")[0] for name in whole.trained()})
    ['encoder', 'shape_embedding']
    """

    def __init__(self, encoder: nn.Module, adapters: Adapters | None) -> None:
        super().__init__()
        self.width = int(encoder.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.is_adapted = adapters is not None
        self.encoder = encoder if adapters is None else _adapted(encoder, adapters)
        self.shape_embedding = nn.Embedding(len(Shape), self.width)
        nn.init.zeros_(self.shape_embedding.weight)  # at first the encoder reads as it was trained

    def states(self, batch: PaddedBatch) -> Tensor:
        """Return the encoder's last states, (B, T, D), in the type it computes in."""
        words = self.encoder.get_input_embeddings()(batch.pieces)  # type: ignore[operator]
        embedded = words + self.shape_embedding(batch.shapes).to(words.dtype)
        with _attention(embedded.device):
            states: Tensor = self.encoder(
                inputs_embeds=embedded, attention_mask=batch.is_real.long()
            ).last_hidden_state
        return states

    def trained(self) -> dict[str, Tensor]:
        """Return what training changes, by a name that checkpoints keep."""
        if not self.is_adapted:
            return self.state_dict()
        from peft import get_peft_model_state_dict

        own = {name: value for name, value in self.state_dict().items() if not name.startswith("encoder.")}
        adapters = get_peft_model_state_dict(self.encoder)
        return own | {f"adapters.{name}": value for name, value in adapters.items()}

    def restore(self, trained: dict[str, Tensor]) -> None:
        """Take over what `trained` returned.

        Raises:
            ValueError: if a name or a shape differs from this network's.
        """
        expected = {name: value.shape for name, value in self.trained().items()}
        given = {name: value.shape for name, value in trained.items()}
        if expected != given:
            differing = sorted(name for name in expected | given if expected.get(name) != given.get(name))
            raise ValueError(f"trained must fit the network, differs in {differing[:3]}")
        floats = {name: value.float() for name, value in trained.items()}
        prefix = "adapters."
        if self.is_adapted:
            from peft import set_peft_model_state_dict

            adapters = {n.removeprefix(prefix): v for n, v in floats.items() if n.startswith(prefix)}
            set_peft_model_state_dict(self.encoder, adapters)
        self.load_state_dict({n: v for n, v in floats.items() if not n.startswith(prefix)}, strict=False)

    def merge(self, dtype: torch.dtype) -> None:
        """Fold the adapters into the encoder and cast it: faster to serve, no longer to be trained."""
        if self.is_adapted:
            self.encoder = self.encoder.merge_and_unload()  # type: ignore[operator]
            self.is_adapted = False
        self.encoder = self.encoder.to(dtype)
        self.requires_grad_(False)
        self.eval()


class PolicyNetwork(ReadingNetwork):
    """Logits of a padded batch: a sentiment per document, a tag per piece.

    >>> from transformers import BertConfig, BertModel
    >>> tiny = BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
    ...                   intermediate_size=16)
    >>> network = PolicyNetwork(BertModel(tiny, add_pooling_layer=False), Adapters(rank=2))
    >>> sorted({name.split(".")[0] for name in network.trained()})
    ['adapters', 'document_head', 'shape_embedding', 'token_head']
    """

    def __init__(self, encoder: nn.Module, adapters: Adapters | None) -> None:
        super().__init__(encoder, adapters)
        self.document_head = DocumentHead(self.width)
        self.token_head = TokenHead(self.width)

    def forward(self, batch: PaddedBatch) -> Logits:
        """Return the logits of every document and piece of the batch."""
        states = self.states(batch)
        with torch.autocast(states.device.type, enabled=False):  # heads are cheap: keep them exact
            states = states.float()
            return Logits(self.document_head(states, batch.is_real), self.token_head(states, batch.is_real))


class TaggerNetwork(ReadingNetwork):
    """Logits of a padded batch over any set of tags.

    >>> from transformers import BertConfig, BertModel
    >>> tiny = BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
    ...                   intermediate_size=16)
    >>> TaggerNetwork(BertModel(tiny, add_pooling_layer=False), None, n_tags=9).tag_head.out.out_features
    9
    """

    def __init__(self, encoder: nn.Module, adapters: Adapters | None, n_tags: int) -> None:
        super().__init__(encoder, adapters)
        self.tag_head = TagHead(self.width, n_tags)

    def forward(self, batch: PaddedBatch) -> Tensor:
        """Return the logits of every piece, (B, T, A) float32."""
        states = self.states(batch)
        with torch.autocast(states.device.type, enabled=False):
            logits: Tensor = self.tag_head(states.float())
            return logits


def _attention(device: torch.device) -> AbstractContextManager[None]:
    """Return how attention is computed: plainly where the CPU has to learn from texts as short as these.

    Torch's fused kernel is fast forwards, but backwards it takes half of a training step's time there.
    """
    if device.type == "cpu" and torch.is_grad_enabled():
        plain: AbstractContextManager[None] = sdpa_kernel(SDPBackend.MATH)
        return plain
    return nullcontext()


def _adapted(encoder: nn.Module, adapters: Adapters) -> nn.Module:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=adapters.rank, lora_alpha=adapters.alpha, lora_dropout=adapters.p_dropout, target_modules="all-linear"
    )
    adapted: nn.Module = get_peft_model(encoder, config)
    return adapted
