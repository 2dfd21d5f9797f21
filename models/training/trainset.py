"""The examples of a training run, by part, read as a recipe says; and the order of its batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from models.batching import plan_batches
from models.encoder import sha256_of
from models.labelled.datasets import read_examples
from models.labelled.example import Example, examples_of
from models.training.recipe import Recipe, Shares

_WINDOW = 1024


@dataclass(frozen=True)
class TrainSet:
    """Examples by part, and what they were read from.

    >>> TrainSet(train=(Example("a"),), dev=(), test=()).data_sha256
    {}
    """

    train: tuple[Example, ...]
    dev: tuple[Example, ...]  # chooses the epoch and fits temperatures
    test: tuple[Example, ...]  # only ever measured
    data_sha256: dict[str, str] = field(default_factory=dict)  # by labelled file
    adaptation_texts: tuple[str, ...] = ()
    unlabelled_texts: tuple[str, ...] = ()  # of which only teachers tell

    @classmethod
    def read(cls, folder: Path, recipe: Recipe) -> TrainSet:
        """Return the recipe's files below a folder; its shares thin the training part alone.

        Raises:
            DataInvalid: if a file is missing or malformed.
        """
        train: list[Example] = []
        dev: list[Example] = []
        test: list[Example] = []
        rng = Random(recipe.seed)  # noqa: S311
        for file, share in recipe.data.items():
            examples = read_examples(folder / file)
            own = examples_of(examples, "train")
            train += sorted(rng.sample(own, round(share * len(own))), key=lambda example: example.text)
            dev += examples_of(examples, "dev")
            test += examples_of(examples, "test")
        checksums = {file: sha256_of(folder / file) for file in recipe.data}
        adaptation = recipe.adaptation.texts if recipe.adaptation else {}
        unlabelled = recipe.distillation.texts if recipe.distillation else {}
        return cls(
            tuple(train),
            tuple(dev),
            tuple(test),
            checksums,
            tuple(read_texts(folder, adaptation, recipe.seed)),
            tuple(read_texts(folder, unlabelled, recipe.seed)),
        )


def read_texts(folder: Path, shares: Shares, seed: int) -> list[str]:
    """Return the texts of files below a folder, labels unread, in a seeded choice.

    Raises:
        DataInvalid: if a file is missing or malformed.
    """
    rng = Random(seed)  # noqa: S311
    texts: list[str] = []
    for file, share in shares.items():
        found = sorted({example.text for example in read_examples(folder / file)})
        texts += rng.sample(found, round(share * len(found)))
    return texts


def shuffled_batches(
    lengths: Sequence[int], max_padded_tokens: int, max_documents: int, rng: Random
) -> list[list[int]]:
    """Return one epoch's batches: random, yet of documents of like length.

    Documents are shuffled, planned by length within windows, and the batches shuffled again.

    >>> batches = shuffled_batches([3, 9, 3, 9], 18, 2, Random(0))
    >>> sorted(map(sorted, batches))
    [[0, 2], [1, 3]]
    """
    order = list(range(len(lengths)))
    rng.shuffle(order)
    batches: list[list[int]] = []
    for start in range(0, len(order), _WINDOW):
        window = order[start : start + _WINDOW]
        plan = plan_batches([lengths[index] for index in window], max_padded_tokens, max_documents)
        batches += [[window[position] for position in batch] for batch in plan]
    rng.shuffle(batches)
    return batches
