"""Training a policy on labelled examples: adapters, shape embedding and heads; the encoder stays.

Owns the loop, the choice of the epoch and the run folder. Knows no terminal: progress is a callback.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random

import torch
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from models.checkpoint import Manifest, save_checkpoint, write_manifest
from models.device import device_of, serving_dtype
from models.encoder import load_tokenizer
from models.network import PolicyNetwork
from models.padding import pad
from models.policy import Policy
from models.tokens import tokenize
from models.training.calibration import fit_temperatures
from models.training.evaluation import Report, evaluate, evaluate_by_source
from models.training.example import Example
from models.training.recipe import Recipe
from models.training.start import Start
from models.training.targets import document_loss, tag_loss, targets_of
from models.training.trainset import TrainSet, shuffled_batches


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, after a step, or (the loss being a mean) after an epoch."""

    step: int  # of n_steps, from 1
    n_steps: int
    epoch: int  # from 1
    loss: float
    learning_rate: float  # of the adapters


OnProgress = Callable[[Progress], None]


def train(
    recipe: Recipe,
    data: TrainSet,
    folder: Path,
    *,
    start: Start | None = None,
    device: str | None = None,
    on_progress: OnProgress = lambda _: None,
) -> Manifest:
    """Train, and leave the best epoch by the dev part, as it is served, in `folder/policy`.

    Same recipe, data, machine and thread count give the same policy. Beside it, `folder/metrics.jsonl`
    tells each epoch's figures and `folder/recipe.json` what was asked for.

    Raises:
        CheckpointMismatch: if the encoder is missing or another than expected.
    """
    if not data.train or not data.dev:
        raise ValueError(f"train and dev must hold examples, got {len(data.train)} and {len(data.dev)}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=2) + "\n", encoding="utf-8")
    run = _Run(recipe, data, start or Start.from_encoder(recipe), device)
    best = float("-inf")
    with (folder / "metrics.jsonl").open("w", encoding="utf-8") as log:
        for progress, dev in run.epochs(on_progress):
            log.write(json.dumps(asdict(progress) | {"dev": dev.to_dict()}) + "\n")
            log.flush()
            if dev.score > best:
                best = dev.score
                run.save(folder / "policy")
    return measure(folder / "policy", data.test, device)


def measure(folder: Path, test: Sequence[Example], device: str | None = None) -> Manifest:
    """Write a saved policy's figures on a test part into its manifest, as served, and return that."""
    policy = Policy.load(folder, device)
    reports = evaluate_by_source(policy, test)
    figures = {
        f"{source}.{name}": round(value, 4)
        for source, report in reports.items()
        for name, value in report.to_dict().items()
    }
    manifest = replace(policy.manifest, metrics=figures)
    write_manifest(folder, manifest)
    return manifest


class _Run:
    """One run's network, optimiser and data."""

    def __init__(self, recipe: Recipe, data: TrainSet, start: Start, device: str | None) -> None:
        self._recipe, self._data, self._start = recipe, data, start
        self._device = device_of(device)
        self._network = start.network.to(self._device)
        self._tokenizer = load_tokenizer(start.encoder)
        self._tokens = tokenize([example.text for example in data.train], self._tokenizer)
        self._optimiser = _optimiser(self._network, recipe)

    def epochs(self, on_progress: OnProgress) -> Iterator[tuple[Progress, Report]]:
        """Yield after each epoch how far the run is, and its figures on the dev part."""
        recipe, rng = self._recipe, Random(self._recipe.seed)  # noqa: S311
        lengths = [len(tokens) for tokens in self._tokens]
        limits = (recipe.max_padded_tokens, recipe.max_documents)
        plans = [shuffled_batches(lengths, *limits, rng) for _ in range(recipe.n_epochs)]
        n_steps, step = sum(map(len, plans)), 0
        schedule = LambdaLR(self._optimiser, lambda done: rate_factor(done, n_steps, recipe.p_warmup))
        with torch.random.fork_rng():
            torch.manual_seed(recipe.seed)  # dropout
            for epoch, plan in enumerate(plans, start=1):
                losses: list[float] = []
                for batch in plan:
                    losses.append(self._step(batch))
                    schedule.step()
                    step += 1
                    rate = float(schedule.get_last_lr()[0])
                    on_progress(Progress(step, n_steps, epoch, losses[-1], rate))
                progress = Progress(step, n_steps, epoch, sum(losses) / len(losses), rate)
                yield progress, evaluate(self._policy(self._manifest()), self._data.dev)

    def save(self, folder: Path) -> None:
        """Write the network as it is now, with temperatures fitted to the dev part."""
        policy = self._policy(self._manifest())
        document_temperature, tag_temperature = fit_temperatures(policy, self._data.dev)
        save_checkpoint(
            folder,
            self._network,
            replace(
                self._manifest(),
                document_temperature=document_temperature,
                tag_temperature=tag_temperature,
            ),
        )

    def _step(self, batch: list[int]) -> float:
        tokens = [self._tokens[index] for index in batch]
        targets = targets_of([self._data.train[index] for index in batch], tokens, self._device)
        self._network.train()
        dtype = serving_dtype(self._device)
        with torch.autocast(self._device.type, dtype, enabled=dtype == torch.bfloat16):
            logits = self._network(pad(tokens, self._device))
        loss = document_loss(logits, targets) + self._recipe.tag_weight * tag_loss(logits, targets)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), self._recipe.max_gradient_norm)
        self._optimiser.step()
        return float(loss.detach())

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
        return Policy(copy.deepcopy(self._network), self._tokenizer, manifest, self._device)


def rate_factor(n_done: int, n_steps: int, p_warmup: float) -> float:
    """Return the learning rate's factor: up in a line to 1, then down in a line to 0.

    >>> [rate_factor(n_done, n_steps=10, p_warmup=0.2) for n_done in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    n_warmup = round(n_steps * p_warmup)
    if n_done < n_warmup:
        return (n_done + 1) / n_warmup
    return max(0.0, (n_steps - n_done) / max(1, n_steps - n_warmup))


def _optimiser(network: PolicyNetwork, recipe: Recipe) -> AdamW:
    adapters: list[nn.Parameter] = []
    heads: list[nn.Parameter] = []
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            (adapters if name.startswith("encoder.") else heads).append(parameter)
    return AdamW(
        [
            {"params": adapters, "lr": recipe.learning_rate},
            {"params": heads, "lr": recipe.head_learning_rate},
        ],
        weight_decay=recipe.weight_decay,
    )
