"""The policy that is served: tokens in, actions out, greedy.

Joins tokenizer, network and decoding. Knows nothing of training, and nothing of where documents come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.action import Action
from models.checkpoint import SHIPPED, Manifest, load_network
from models.decoding import sentiment_of, spans_of
from models.device import device_of, serving_dtype
from models.encoder import load_tokenizer
from models.labels import Sentiment
from models.network import PolicyNetwork
from models.padding import pad
from models.tokens import Tokens, WordpieceTokenizer, tokenize

_NOTHING_READ = Action(sentiment=(0.0, 1.0, 0.0), spans=())


class Policy:
    """π(action given document), decided greedily; adapters are merged, weights are fixed.

    >>> policy = Policy.load()
    >>> [action] = policy.decide(policy.tokenize(["Tesla shares plunge after massive recall"]))
    >>> [span.surface for span in action.spans], max(action.sentiment) == action.sentiment[0]
    (['Tesla'], True)
    """

    def __init__(
        self,
        network: PolicyNetwork,
        tokenizer: WordpieceTokenizer,
        manifest: Manifest,
        device: torch.device,
        dtype: torch.dtype | None = None,
    ) -> None:
        self._dtype = dtype or serving_dtype(device)
        network.merge(self._dtype)
        self._network = network.to(device)
        self._tokenizer = tokenizer
        self._device = device
        self.manifest = manifest

    @classmethod
    def load(
        cls, folder: Path | str = SHIPPED, device: str | None = None, dtype: torch.dtype | None = None
    ) -> Policy:
        """Return the policy of a checkpoint folder, verified whole.

        Args:
            folder: with `manifest.json` and `policy.safetensors`.
            device: as torch names it; by default CUDA if there is one, else the CPU.
            dtype: of the encoder; by default what the processor is fastest in.

        Raises:
            CheckpointMismatch: if anything in it is not what its manifest says.
            ValueError: if there is no such device.
        """
        where = device_of(device)
        network, manifest, encoder = load_network(Path(folder))
        return cls(network, load_tokenizer(encoder), manifest, where, dtype)

    @property
    def version(self) -> str:
        """The policy's version: a hash of what decides its answers."""
        return self.manifest.version

    @property
    def device(self) -> str:
        """Where it computes."""
        return str(self._device)

    @property
    def precision(self) -> str:
        """The numeric type of the encoder."""
        return str(self._dtype).removeprefix("torch.")

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Return each text's tokens; any string will do."""
        return tokenize(texts, self._tokenizer)

    def decide(self, batch: Sequence[Tokens]) -> list[Action]:
        """Return an action per document, in order; one forward of one padded batch.

        A document's action depends on its neighbours only by rounding, and only where a tie is near.
        """
        return [
            _action(tokens, p_document, p_tags)
            for tokens, (p_document, p_tags) in zip(batch, self.probabilities(batch), strict=True)
        ]

    def sentiments_towards(
        self, batch: Sequence[Tokens], ranges: Sequence[Sequence[tuple[int, int]]]
    ) -> list[list[Sentiment]]:
        """Return the sentiment towards given ranges of characters, mentions or not, of each document.

        Where a range holds no token that was read, it is the document's.
        """
        found: list[list[Sentiment]] = []
        for tokens, of_document, (p_document, p_tags) in zip(batch, ranges, self.probabilities(batch), strict=True):
            whole = _action(tokens, p_document, p_tags).sentiment
            rows = [list(tokens.overlapping(start, end)) for start, end in of_document]
            found.append([sentiment_of(p_tags[row]) if row else whole for row in rows])
        return found

    @torch.inference_mode()
    def probabilities(self, batch: Sequence[Tokens]) -> list[tuple[NDArray[np.float64], NDArray[np.float32]]]:
        """Return for each document π of its sentiment, (3,), and of each token's tag, (T, 7)."""
        if not batch:
            return []
        logits = self._network(pad(batch, self._device))
        p_documents = (logits.document / self.manifest.document_temperature).double().softmax(-1)
        p_tags = (logits.tags / self.manifest.tag_temperature).softmax(-1)
        rows = zip(batch, p_documents.cpu().numpy(), p_tags.cpu().numpy(), strict=True)
        return [(p_document, of_pieces[list(tokens.firsts)]) for tokens, p_document, of_pieces in rows]


def _action(tokens: Tokens, p_document: NDArray[np.float64], p_tags: NDArray[np.float32]) -> Action:
    if not tokens.offsets:
        return _NOTHING_READ
    negative, neutral, positive = p_document.tolist()
    return Action((negative, neutral, positive), spans_of(tokens, p_tags))
