"""What teachers say of texts, and the loss against it.

See "Distilling the Knowledge in a Neural Network" by Hinton et al.; here several teachers' calibrated probabilities
are averaged, and no temperature is added. Knows no loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.batching import plan_batches
from models.evaluation.judgement import OnProgress
from models.labelled.example import Example
from models.network import Logits
from models.policy import Policy
from models.training.recipe import Distillation


@dataclass(frozen=True, slots=True)
class SoftTarget:
    """The teachers' mean probabilities for one document."""

    document: NDArray[np.float32]  # (3,)
    tags: NDArray[np.float32]  # (T, 7)


@dataclass(frozen=True)
class SoftTargets:
    """Of each training example, then of each unlabelled one.

    >>> SoftTargets((), (), weight=0.5).of([])
    []
    """

    unlabelled: tuple[Example, ...]
    targets: tuple[SoftTarget, ...]
    weight: float  # of the loss against them, in (0, 1]; the labels' has the rest

    def of(self, batch: Sequence[int]) -> list[SoftTarget]:
        """Return the targets of the examples with these indices."""
        return [self.targets[index] for index in batch]


def ask_teachers(
    distillation: Distillation,
    labelled: Sequence[Example],
    unlabelled: Sequence[Example],
    device: str | None,
    on_progress: OnProgress = lambda _, __: None,
) -> SoftTargets:
    """Return what the teachers say of all texts.

    Raises:
        CheckpointMismatch: if a teacher is damaged or missing.
    """
    texts = [example.text for example in (*labelled, *unlabelled)]
    teachers = [Policy.load(Path(folder), device) for folder in distillation.teachers]
    sums: list[SoftTarget] = []
    for n, teacher in enumerate(teachers):
        said = _say(teacher, texts, partial(_report, on_progress, n, len(teachers)))
        sums = [_plus(a, b) for a, b in zip(sums, said, strict=True)] if sums else said
    share = np.float32(1 / len(teachers))
    means = tuple(SoftTarget(target.document * share, target.tags * share) for target in sums)
    return SoftTargets(tuple(unlabelled), means, distillation.weight)


def unlabelled_examples(texts: Sequence[str], kept_out: Sequence[Example]) -> list[Example]:
    """Return the texts as examples of which nothing is known; those of dev and test parts are left out.

    >>> unlabelled_examples(["a", "a", "b"], kept_out=[Example("b")])
    [Example(text='a', sentiment=None, spans=(), are_spans_complete=False, open_ranges=(), source='')]
    """
    unwanted = {_key(example.text) for example in kept_out}
    found: dict[str, str] = {}
    for text in texts:
        key = _key(text)
        if key not in unwanted:
            found.setdefault(key, text)
    return [Example(text) for text in found.values()]


def soft_loss(
    logits: Logits, said: Sequence[SoftTarget], firsts: Sequence[Sequence[int]], tag_weight: float
) -> Tensor:
    """Return the mean cross entropy against the teachers, of documents and of tokens.

    Args:
        logits: of a batch.
        said: of each document of it.
        firsts: of each document, the first piece of each token that was read.
        tag_weight: of a mean token beside a mean document.
    """
    device = logits.document.device
    documents = torch.from_numpy(np.stack([target.document for target in said])).to(device)
    of_documents = -(documents * logits.document.log_softmax(-1)).sum(-1).mean()
    rows = [row for row, of_document in enumerate(firsts) for _ in of_document]
    columns = [column for of_document in firsts for column in of_document]
    if not rows:
        return of_documents
    pairs = zip(said, firsts, strict=True)
    tags = torch.from_numpy(np.concatenate([target.tags[: len(read)] for target, read in pairs])).to(device)
    of_tokens = -(tags * logits.tags[rows, columns].log_softmax(-1)).sum(-1)
    # outside of mentions there is little to learn, and it is nine tokens in ten
    weights = 1 - tags[:, 0] + 0.1
    return of_documents + tag_weight * (of_tokens * weights).sum() / weights.sum()


def _say(teacher: Policy, texts: Sequence[str], on_progress: OnProgress) -> list[SoftTarget]:
    tokens = teacher.tokenize(texts)
    said: dict[int, SoftTarget] = {}
    for plan in plan_batches([len(of_text) for of_text in tokens], max_padded_tokens=1024, max_documents=128):
        answers = teacher.probabilities([tokens[index] for index in plan])
        for index, (document, tags) in zip(plan, answers, strict=True):
            said[index] = SoftTarget(document.astype(np.float32), tags.astype(np.float32))
        on_progress(len(said), len(texts))
    return [said[index] for index in range(len(texts))]


def _report(on_progress: OnProgress, n_before: int, n_teachers: int, n_done: int, n_texts: int) -> None:
    on_progress(n_before * n_texts + n_done, n_teachers * n_texts)


def _plus(one: SoftTarget, other: SoftTarget) -> SoftTarget:
    return SoftTarget(one.document + other.document, one.tags + other.tags)


def _key(text: str) -> str:
    return " ".join(text.casefold().split())
