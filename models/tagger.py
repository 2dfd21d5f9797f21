"""An encoder with a head over any set of tags: words in, a tag for each out.

For named entities and whatever else is tagged word by word; the stream's policy is `models.policy`. Sentences of one
document are read together, since a name is often plain from its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.batching import plan_batches
from models.checkpoint import Manifest, load_tagger_network
from models.device import device_of, serving_dtype
from models.encoder import load_tokenizer
from models.network import TaggerNetwork
from models.padding import pad
from models.tagset import TagSet
from models.tokens import MAX_PIECES, Tokens, WordpieceTokenizer, tokenize_words
from models.windows import join_rows, plan_windows

MAX_WORDS = 2048
"""Words of a document that are read together; a longer one is read in parts of whole sentences."""

MAX_PADDED_TOKENS = 4096
"""Of one forward."""


class Tagger:
    """Decides a tag for every word; adapters are merged, weights are fixed."""

    def __init__(
        self,
        network: TaggerNetwork,
        tokenizer: WordpieceTokenizer,
        manifest: Manifest,
        device: torch.device,
        dtype: torch.dtype | None = None,
    ) -> None:
        network.merge(dtype or serving_dtype(device))
        self._network = network.to(device)
        self._tokenizer = tokenizer
        self._device = device
        self._tag_set = TagSet(manifest.tags)
        self.manifest = manifest

    @classmethod
    def load(cls, folder: Path, device: str | None = None, dtype: torch.dtype | None = None) -> Tagger:
        """Return the tagger of a checkpoint folder, verified whole.

        Raises:
            CheckpointMismatch: if anything in it is not what its manifest says, or it is a policy.
            ValueError: if there is no such device.
        """
        where = device_of(device)
        network, manifest, encoder = load_tagger_network(folder)
        return cls(network, load_tokenizer(encoder), manifest, where, dtype)

    @property
    def version(self) -> str:
        """A hash of what decides its answers."""
        return self.manifest.version

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags it chooses from, as IOB2."""
        return self._tag_set.names

    def tags_of(self, sentences: Sequence[Sequence[str]], documents: Sequence[int]) -> list[list[str]]:
        """Return a tag per word.

        Args:
            sentences: their words, as a file has them.
            documents: of each sentence; neighbours of the same document are its context.
        """
        if len(documents) != len(sentences):
            raise ValueError(f"documents must be one for each of {len(sentences)} sentences, got {len(documents)}")
        grouped = grouped_sentences(sentences, documents)
        read = [tokenize_words(group, self._tokenizer) for group in grouped]
        found: list[list[str]] = []
        for group, (_, words), p_tags in zip(grouped, read, self._probabilities([t for t, _ in read]), strict=True):
            found += self._tags(group, words, p_tags)
        return found

    def _tags(self, group: Sequence[Sequence[str]], words: list[int], p_tags: NDArray[np.float32]) -> list[list[str]]:
        lengths = [len(sentence) for sentence in group]
        of_words = np.full((sum(lengths), len(self.tags)), np.eye(len(self.tags))[self.tags.index("O")])
        of_words[words] = p_tags
        ends = np.cumsum(lengths)[:-1]
        return [self._tag_set.decode(of_sentence) for of_sentence in np.split(of_words, ends)]

    @torch.inference_mode()
    def _probabilities(self, documents: Sequence[Tokens]) -> list[NDArray[np.float32]]:
        """Return π of each token's tag, (T, A), for each document."""
        plans = [plan_windows(tokens) for tokens in documents]
        parts = [
            tokens.part(window.first, window.past, MAX_PIECES)
            for tokens, windows in zip(documents, plans, strict=True)
            for window in windows
            if window.n_tokens
        ]
        found: dict[int, NDArray[np.float32]] = {}
        for batch in plan_batches([len(part) for part in parts], MAX_PADDED_TOKENS, len(parts) or 1):
            p_tags = self._network(pad([parts[index] for index in batch], self._device)).softmax(-1).cpu().numpy()
            found.update({index: row[list(parts[index].firsts)] for index, row in zip(batch, p_tags, strict=True)})
        in_order = iter(found[index] for index in range(len(parts)))
        nothing = np.empty((0, len(self.tags)), dtype=np.float32)
        joined: list[NDArray[np.float32]] = []
        for windows in plans:
            rows = [next(in_order) if window.n_tokens else nothing for window in windows]
            joined.append(join_rows(windows, rows, [self._are_inside(of_window) for of_window in rows]))
        return joined

    def _are_inside(self, p_tags: NDArray[np.float32]) -> NDArray[np.bool_]:
        inside = [index for index, name in enumerate(self.tags) if name.startswith("I-")]
        return np.isin(p_tags.argmax(axis=1), inside)


def grouped_sentences(
    sentences: Sequence[Sequence[str]], documents: Sequence[int], max_words: int = MAX_WORDS
) -> list[list[Sequence[str]]]:
    """Return the sentences that are read together, in order: those of one document, as far as `max_words` go.

    >>> grouped_sentences([["a", "b"], ["c"], ["d"]], documents=[0, 0, 1])
    [[['a', 'b'], ['c']], [['d']]]
    >>> grouped_sentences([["a", "b"], ["c"]], documents=[0, 0], max_words=2)
    [[['a', 'b']], [['c']]]
    """
    groups: list[list[Sequence[str]]] = []
    for _, pairs in groupby(zip(documents, sentences, strict=True), key=lambda pair: pair[0]):
        groups += _cut((sentence for _, sentence in pairs), max_words)
    return groups


def _cut(sentences: Iterable[Sequence[str]], max_words: int) -> list[list[Sequence[str]]]:
    groups: list[list[Sequence[str]]] = []
    n_words = 0
    for sentence in sentences:
        if not groups or n_words + len(sentence) > max_words:
            groups.append([])
            n_words = 0
        groups[-1].append(sentence)
        n_words += len(sentence)
    return groups
