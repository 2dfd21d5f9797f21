"""Reading the domain before labels: the encoder guesses masked words of unlabelled texts.

See "BERT: Pre-training of Deep Bidirectional Transformers" by Devlin et al.; whole words are masked, and their
shapes stay. What is learned stays in the reading network; the guessing head is thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, linear

from models.batching import plan_batches
from models.device import serving_dtype
from models.network import ReadingNetwork
from models.padding import PaddedBatch, pad
from models.tokens import Tokens
from models.training.task import DevFigures

READER_FILE = "reader.safetensors"
_N_DEV = 500  # texts: enough to tell whether the loss still falls


class MaskedNetwork(nn.Module):
    """A reading network, with a head that guesses pieces; its output embedding is the input's.

    >>> from transformers import BertConfig, BertModel
    >>> tiny = BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
    ...                   intermediate_size=16)
    >>> network = MaskedNetwork(ReadingNetwork(BertModel(tiny, add_pooling_layer=False), None))
    >>> batch = PaddedBatch(torch.ones(1, 4, dtype=torch.long), torch.ones(1, 4, dtype=torch.long),
    ...                     torch.ones(1, 4, dtype=torch.bool))
    >>> network(batch, batch.is_real).shape
    torch.Size([4, 9])
    """

    def __init__(self, reader: ReadingNetwork) -> None:
        super().__init__()
        self.reader = reader
        self.mix = nn.Linear(reader.width, reader.width)
        self.norm = nn.LayerNorm(reader.width)
        self.bias = nn.Parameter(torch.zeros(len(self._embedding)))

    @property
    def _embedding(self) -> Tensor:
        weight: Tensor = self.reader.encoder.get_input_embeddings().weight  # type: ignore[operator]
        return weight

    def forward(self, batch: PaddedBatch, is_masked: Tensor) -> Tensor:
        """Return logits over all pieces, (M, V), where `is_masked` (B, T)."""
        states = self.reader.states(batch)[is_masked]
        mixed = self.norm(gelu(self.mix(states.to(self.mix.weight.dtype))))
        return linear(mixed, self._embedding.to(mixed.dtype), self.bias.to(mixed.dtype))


class MaskedTask:
    """Texts whose words are to be guessed; the last of them are the dev part."""

    def __init__(
        self, reader: ReadingNetwork, tokens: Sequence[Tokens], mask: int, p_masked: float, device: torch.device
    ) -> None:
        readable = [of_text for of_text in tokens if of_text.firsts]
        n_dev = min(_N_DEV, len(readable) // 10)
        self._train, self._dev = readable[: len(readable) - n_dev], readable[len(readable) - n_dev :]
        self._mask, self._p_masked, self._device = mask, p_masked, device
        self.network = MaskedNetwork(reader).to(device)
        self.lengths = [len(of_text) for of_text in self._train]

    def loss(self, batch: Sequence[int]) -> Tensor:
        """Return the mean cross entropy of the masked pieces."""
        return self._loss([self._train[index] for index in batch])

    @torch.inference_mode()
    def evaluate(self) -> DevFigures:
        """Return the loss on the dev part; its masks are always the same."""
        self.network.eval()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            plans = plan_batches([len(of_text) for of_text in self._dev], 1024, 64)
            losses = [float(self._loss([self._dev[index] for index in plan])) for plan in plans]
        loss = sum(losses) / len(losses) if losses else 0.0
        return DevFigures(-loss, {"masked_loss": loss})

    def save(self, folder: Path) -> None:
        """Write what the reading network learned."""
        folder.mkdir(parents=True, exist_ok=True)
        reader = {name: value.detach().cpu().contiguous() for name, value in self.network.reader.trained().items()}
        save_file(reader, folder / READER_FILE)

    def _loss(self, tokens: Sequence[Tokens]) -> Tensor:
        batch = pad(tokens, self._device)
        is_masked = self._masked(tokens, batch)
        read = batch.pieces.masked_fill(is_masked, self._mask)
        dtype = serving_dtype(self._device)
        with torch.autocast(self._device.type, dtype, enabled=dtype == torch.bfloat16):
            logits = self.network(PaddedBatch(read, batch.shapes, batch.is_real), is_masked)
        return cross_entropy(logits.float(), batch.pieces[is_masked])

    def _masked(self, tokens: Sequence[Tokens], batch: PaddedBatch) -> Tensor:
        """Draw words and return their pieces, (B, T) bool; at least one of each text."""
        is_masked = torch.zeros_like(batch.is_real, device="cpu")
        for row, of_text in enumerate(tokens):
            bounds = of_text.bounds
            n_words = max(1, round(self._p_masked * len(of_text.firsts)))
            for word in torch.randperm(len(of_text.firsts))[:n_words].tolist():
                is_masked[row, bounds[word] : bounds[word + 1]] = True
        return is_masked.to(self._device)
