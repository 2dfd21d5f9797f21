"""Learning a tagger: a tag for every word, from sentences that are read with their document."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from models.checkpoint import Manifest, save_checkpoint
from models.device import serving_dtype
from models.encoder import EncoderFiles, load_tokenizer
from models.evaluation.tag_report import decide_tags, tag_report
from models.labelled.sentence import Sentence
from models.network import TaggerNetwork
from models.padding import pad
from models.tagger import Tagger, grouped_sentences
from models.tokens import MAX_PIECES, Tokens, WordpieceTokenizer, tokenize_words
from models.training.policy_task import recased
from models.training.recipe import Recipe
from models.training.task import DevFigures
from models.windows import plan_windows

_IGNORED = -100
"""A piece that teaches nothing; torch's own mark for it."""


class TaggerTask:
    """Windows of tagged documents to learn from, and the network that learns them."""

    def __init__(
        self,
        recipe: Recipe,
        network: TaggerNetwork,
        encoder: EncoderFiles,
        tags: tuple[str, ...],
        train: Sequence[Sentence],
        dev: Sequence[Sentence],
        device: torch.device,
        data_sha256: dict[str, str],
    ) -> None:
        self._recipe, self._device, self._dev = recipe, device, dev
        self._tokenizer = load_tokenizer(encoder)
        self._manifest = Manifest(
            encoder=encoder.name,
            encoder_sha256=encoder.sha256,
            adapters=recipe.adapters,
            sentiments=(),
            tags=tags,
            data_sha256=data_sha256,
        )
        self._windows = _windows_of(train, tags, self._tokenizer)
        self.network = network.to(device)
        self.lengths = [len(tokens) for tokens, _ in self._windows]

    def loss(self, batch: Sequence[int]) -> Tensor:
        """Return the mean cross entropy of the words' tags."""
        windows = [self._windows[index] for index in batch]
        padded = pad([tokens for tokens, _ in windows], self._device)
        labels = torch.full(padded.pieces.shape, _IGNORED)
        for row, (tokens, of_window) in enumerate(windows):
            labels[row, list(tokens.firsts)] = torch.tensor(of_window)
        dtype = serving_dtype(self._device)
        with torch.autocast(self._device.type, dtype, enabled=dtype == torch.bfloat16):
            logits = self.network(recased(padded, self._recipe.p_recased))
        return cross_entropy(logits.transpose(1, 2), labels.to(self._device), ignore_index=_IGNORED)

    def evaluate(self) -> DevFigures:
        """Return the figures on the dev sentences; epochs are compared by their entities."""
        tagger = Tagger(copy.deepcopy(self.network), self._tokenizer, self._manifest, self._device)
        report = tag_report(self._dev, decide_tags(tagger, self._dev))
        entity_f1 = report.entities.f1 if report.entities else report.with_o.micro.f1
        figures = {"entity_f1": entity_f1, "token_micro_f1": report.with_o.micro.f1}
        return DevFigures(entity_f1, figures | {"token_macro_f1": report.with_o.macro.f1})

    def save(self, folder: Path) -> None:
        """Write the network as it is now."""
        save_checkpoint(folder, self.network, self._manifest)


def _windows_of(
    sentences: Sequence[Sentence], tags: tuple[str, ...], tokenizer: WordpieceTokenizer
) -> list[tuple[Tokens, list[int]]]:
    """Return what is read at once, with the index of each of its tokens' tags."""
    documents = [sentence.document for sentence in sentences]
    labels = iter([tags.index(tag) for sentence in sentences for tag in sentence.tags])
    windows: list[tuple[Tokens, list[int]]] = []
    for group in grouped_sentences([sentence.words for sentence in sentences], documents):
        of_group = [next(labels) for sentence in group for _ in sentence]
        tokens, words = tokenize_words(group, tokenizer)
        for window in plan_windows(tokens):
            if window.n_tokens:
                of_window = [of_group[word] for word in words[window.first : window.past]]
                windows.append((tokens.part(window.first, window.past, MAX_PIECES), of_window))
    return windows
