"""Learning a policy: from labels, and from teachers where there are any.

Owns what a step's loss is made of. Knows no loop.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from models.checkpoint import Manifest, save_checkpoint
from models.device import serving_dtype
from models.encoder import load_tokenizer
from models.evaluation.report import evaluate
from models.labelled.example import Example
from models.network import PolicyNetwork
from models.padding import PaddedBatch, pad
from models.policy import Policy
from models.shape import Shape
from models.tokens import tokenize
from models.training.calibration import fit_temperatures
from models.training.distillation import SoftTargets, soft_loss
from models.training.recipe import Recipe
from models.training.start import Start
from models.training.targets import document_loss, tag_loss, targets_of, towards_loss
from models.training.task import DevFigures
from models.training.trainset import TrainSet


class PolicyTask:
    """Examples to learn from, and the network that learns them.

    >>> from models.training.task import Task
    >>> def is_task(task: PolicyTask) -> Task: return task
    """

    def __init__(
        self,
        recipe: Recipe,
        data: TrainSet,
        start: Start,
        device: torch.device,
        soft: SoftTargets | None = None,
    ) -> None:
        self._recipe, self._data, self._start, self._device = recipe, data, start, device
        self._soft = soft
        self._examples: tuple[Example, ...] = data.train + (soft.unlabelled if soft else ())
        self._tokenizer = load_tokenizer(start.encoder)
        self._tokens = tokenize([example.text for example in self._examples], self._tokenizer)
        self.network: PolicyNetwork = start.network.to(device)
        self.lengths = [len(tokens) for tokens in self._tokens]

    def loss(self, batch: Sequence[int]) -> Tensor:
        """Return the weighted losses of document, tags and mentions, beside those against the teachers."""
        tokens = [self._tokens[index] for index in batch]
        dtype = serving_dtype(self._device)
        with torch.autocast(self._device.type, dtype, enabled=dtype == torch.bfloat16):
            logits = self.network(recased(pad(tokens, self._device), self._recipe.p_recased))
        targets = targets_of([self._examples[index] for index in batch], tokens, self._device)
        hard = (
            document_loss(logits, targets)
            + self._recipe.tag_weight * tag_loss(logits, targets)
            + self._recipe.towards_weight * towards_loss(logits, targets)
        )
        if self._soft is None:
            return hard
        firsts = [of_text.firsts for of_text in tokens]
        soft = soft_loss(logits, self._soft.of(batch), firsts, self._recipe.tag_weight)
        return (1 - self._soft.weight) * hard + self._soft.weight * soft

    def evaluate(self) -> DevFigures:
        """Return the figures on the dev part, as it would be served."""
        report = evaluate(self._policy(self._manifest()), self._data.dev)
        return DevFigures(report.score, report.to_dict())

    def save(self, folder: Path) -> None:
        """Write the network as it is now, with temperatures fitted to the dev part."""
        policy = self._policy(self._manifest())
        document_temperature, tag_temperature = fit_temperatures(policy, self._data.dev)
        manifest = replace(
            self._manifest(), document_temperature=document_temperature, tag_temperature=tag_temperature
        )
        save_checkpoint(folder, self.network, manifest)

    def _manifest(self) -> Manifest:
        return Manifest(
            encoder=self._start.encoder.name,
            encoder_sha256=self._start.encoder.sha256,
            adapters=self._start.adapters,
            parent_version=self._start.parent_version,
            data_sha256=self._data.data_sha256,
        )

    def _policy(self, manifest: Manifest) -> Policy:
        """Return the network as it would be served now; the one in training stays as it is."""
        return Policy(copy.deepcopy(self.network), self._tokenizer, manifest, self._device)


def recased(batch: PaddedBatch, p_recased: float) -> PaddedBatch:
    """Return the batch with some documents as if in capitals, and as many as if in small letters."""
    if not p_recased:
        return batch
    drawn = torch.rand(len(batch.shapes), 1, device=batch.shapes.device)
    is_cased = (batch.shapes >= Shape.LOWER) & (batch.shapes <= Shape.MIXED)
    shapes = batch.shapes.masked_fill((drawn < p_recased) & is_cased, Shape.UPPER)
    shapes = shapes.masked_fill((drawn >= 1 - p_recased) & is_cased, Shape.LOWER)
    return replace(batch, shapes=shapes)
