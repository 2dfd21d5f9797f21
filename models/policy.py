"""The policy that is served: tokens in, actions out, greedy.

Joins tokenizer, network, windows, decoding and language. Knows nothing of training, and nothing of where documents
come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.action import TRAINED_LANGUAGES, Action, doubted
from models.batching import plan_batches
from models.checkpoint import SHIPPED, Manifest, load_network
from models.decider import MAX_PADDED_TOKENS
from models.decoding import INSIDES, sentiment_of, spans_of
from models.device import device_of, serving_dtype
from models.encoder import load_tokenizer
from models.labels import Sentiment
from models.language import language_of
from models.network import PolicyNetwork
from models.padding import pad
from models.tokens import MAX_DOCUMENT_PIECES, MAX_PIECES, Tokens, WordpieceTokenizer, tokenize
from models.windows import Window, join_rows, plan_windows, weights

Probabilities = tuple[NDArray[np.float64], NDArray[np.float32]]
"""Of a document's sentiment, (3,), and of each token's tag, (T, 7)."""

_NOTHING_READ = Action(sentiment=(0.0, 1.0, 0.0), spans=())


class Policy:
    """π(action given document), decided greedily; adapters are merged, weights are fixed.

    A document longer than MAX_PIECES is read in windows that overlap: a token's tag is that of the window in which it
    stands farther from a border, the document's sentiment a weighted mean in which title and lead weigh most. Text in
    a language that the policy was not trained on is decided with little confidence, near neutral.

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
        return tokenize(texts, self._tokenizer, MAX_DOCUMENT_PIECES)

    def decide(self, batch: Sequence[Tokens], max_padded_tokens: int = MAX_PADDED_TOKENS) -> list[Action]:
        """Return an action per document, in order.

        One forward of one padded batch; with a longer document in it several, each of at most `max_padded_tokens`
        padded tokens, or of one window. A document's action depends on its neighbours only by rounding, and only
        where a tie is near: its probabilities move by less than 1e-5 in float32, and by up to a few hundredths in
        bfloat16.
        """
        found = self.probabilities(batch, max_padded_tokens)
        return [_action(tokens, *of_document) for tokens, of_document in zip(batch, found, strict=True)]

    def sentiments_towards(
        self, batch: Sequence[Tokens], ranges: Sequence[Sequence[tuple[int, int]]]
    ) -> list[list[Sentiment]]:
        """Return the sentiment towards given ranges of characters, mentions or not, of each document.

        Where a range holds no token that was read, it is the document's.
        """
        found: list[list[Sentiment]] = []
        for tokens, of_document, (p_document, p_tags) in zip(batch, ranges, self.probabilities(batch), strict=True):
            whole = _action(tokens, p_document, p_tags)
            rows = [list(tokens.overlapping(start, end)) for start, end in of_document]
            towards = [sentiment_of(p_tags[row]) if row else None for row in rows]
            if whole.language not in TRAINED_LANGUAGES:
                towards = [doubted(sentiment) if sentiment else None for sentiment in towards]
            found.append([sentiment or whole.sentiment for sentiment in towards])
        return found

    def probabilities(
        self, batch: Sequence[Tokens], max_padded_tokens: int = MAX_PADDED_TOKENS
    ) -> list[Probabilities]:
        """Return for each document π of its sentiment, and of each token's tag; forwards are those of `decide`."""
        if not batch:
            return []
        if all(len(tokens) <= MAX_PIECES for tokens in batch):
            return self._forward(batch)
        plans = [plan_windows(tokens) for tokens in batch]
        parts = [
            tokens.part(window.first, window.past, MAX_PIECES) if len(windows) > 1 else tokens
            for tokens, windows in zip(batch, plans, strict=True)
            for window in windows
        ]
        found: dict[int, Probabilities] = {}
        for indices in plan_batches([len(part) for part in parts], max_padded_tokens, len(parts)):
            found.update(zip(indices, self._forward([parts[index] for index in indices]), strict=True))
        in_order = (found[index] for index in range(len(parts)))
        return [_joined(windows, [next(in_order) for _ in windows]) for windows in plans]

    @torch.inference_mode()
    def _forward(self, batch: Sequence[Tokens]) -> list[Probabilities]:
        logits = self._network(pad(batch, self._device))
        p_documents = (logits.document / self.manifest.document_temperature).double().softmax(-1)
        p_tags = (logits.tags / self.manifest.tag_temperature).softmax(-1)
        rows = zip(batch, p_documents.cpu().numpy(), p_tags.cpu().numpy(), strict=True)
        return [(p_document, of_pieces[list(tokens.firsts)]) for tokens, p_document, of_pieces in rows]


def _joined(windows: Sequence[Window], found: Sequence[Probabilities]) -> Probabilities:
    if len(windows) == 1:
        return found[0]
    p_document = np.average([of_window for of_window, _ in found], axis=0, weights=weights(windows))
    p_tags = [of_window for _, of_window in found]
    is_inside = [np.isin(of_window.argmax(axis=1), INSIDES) for of_window in p_tags]
    return p_document, join_rows(windows, p_tags, is_inside)


def _action(tokens: Tokens, p_document: NDArray[np.float64], p_tags: NDArray[np.float32]) -> Action:
    if not tokens.offsets:
        return _NOTHING_READ
    negative, neutral, positive = p_document.tolist()
    action = Action((negative, neutral, positive), spans_of(tokens, p_tags), language_of(tokens.text))
    return action if action.language in TRAINED_LANGUAGES else action.doubted()
