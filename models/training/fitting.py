"""The training loop: any task, batches in a seeded order, the best epoch kept, resumed where it was left.

Knows neither labels nor files of data, and no terminal: progress is a callback.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from statistics import fmean

import torch
from torch import nn
from torch.optim import AdamW

from models.training.schedule import Schedule, rate_factor
from models.training.state import close_state, load_state, save_state
from models.training.task import Task
from models.training.trainset import shuffled_batches

STEPS_FILE = "steps.jsonl"
METRICS_FILE = "metrics.jsonl"
POLICY_FOLDER = "policy"
_STATE_FOLDER = "state"
_SAVE_EVERY = 200  # steps: a minute or less is lost to an interruption


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, after a step, or (the loss being a mean) after an epoch."""

    step: int  # of n_steps, from 1
    n_steps: int
    epoch: int  # from 1
    loss: float
    learning_rate: float  # of the encoder's part
    gradient_norm: float  # before it is clipped


OnProgress = Callable[[Progress], None]


def fit(task: Task, schedule: Schedule, folder: Path, device: torch.device, on_progress: OnProgress) -> None:
    """Train, and leave the best epoch by the dev part in `folder/policy`; a run that was interrupted goes on.

    The same task, schedule, machine and thread count give the same network, interrupted or not. Beside it,
    `steps.jsonl` tells each step's loss, `metrics.jsonl` each epoch's figures.
    """
    rng = Random(schedule.seed)  # noqa: S311
    limits = (schedule.max_padded_tokens, schedule.max_documents)
    plans = [shuffled_batches(task.lengths, *limits, rng) for _ in range(schedule.n_epochs)]
    with _seeded(schedule.seed, device):
        run = _Run(task, schedule, folder, device, sum(map(len, plans)))
        done = 0
        for epoch, plan in enumerate(plans, start=1):
            if done + len(plan) > run.reached.step:
                run.epoch(epoch, plan[max(0, run.reached.step - done) :], on_progress)
            done += len(plan)
    close_state(folder / _STATE_FOLDER)


class _Run:
    """Network and optimiser on their way, and what is written down of it."""

    def __init__(self, task: Task, schedule: Schedule, folder: Path, device: torch.device, n_steps: int) -> None:
        self._task, self._schedule, self._folder, self._device = task, schedule, folder, device
        self._n_steps = n_steps
        self._optimiser = _optimiser(task.network, schedule)
        self._rates = [float(group["lr"]) for group in self._optimiser.param_groups]
        self.reached = load_state(folder / _STATE_FOLDER, task.network, self._optimiser, device)
        _keep(folder / STEPS_FILE, "step", self.reached.step)
        self._losses: list[float] = []

    def epoch(self, epoch: int, batches: list[list[int]], on_progress: OnProgress) -> None:
        """Take an epoch's steps that are left, and keep the network if it is the best yet."""
        self._losses = []
        for batch in batches:
            progress = self._step(epoch, batch)
            _append(self._folder / STEPS_FILE, asdict(progress))
            on_progress(progress)
            if progress.step % _SAVE_EVERY == 0 and batch is not batches[-1]:
                self._save_state()
        dev = self._task.evaluate()
        mean = replace(progress, loss=fmean(self._losses))
        _keep(self._folder / METRICS_FILE, "epoch", epoch - 1)
        _append(self._folder / METRICS_FILE, asdict(mean) | {"dev": dev.figures})
        if dev.score > self.reached.best_score:
            self.reached = replace(self.reached, best_score=dev.score)
            self._task.save(self._folder / POLICY_FOLDER)
        self._save_state()

    def _step(self, epoch: int, batch: list[int]) -> Progress:
        factor = rate_factor(self.reached.step, self._n_steps, self._schedule.p_warmup)
        for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self._task.network.train()
        loss = self._task.loss(batch)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._task.network.parameters(), self._schedule.max_gradient_norm)
        self._optimiser.step()
        self.reached = replace(self.reached, step=self.reached.step + 1)
        self._losses.append(float(loss.detach()))
        rate = self._schedule.learning_rate * factor
        return Progress(self.reached.step, self._n_steps, epoch, self._losses[-1], rate, float(norm))

    def _save_state(self) -> None:
        save_state(self._folder / _STATE_FOLDER, self.reached, self._task.network, self._optimiser, self._device)


def _optimiser(network: nn.Module, schedule: Schedule) -> AdamW:
    inner: list[nn.Parameter] = []
    heads: list[nn.Parameter] = []
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            (inner if "encoder." in name else heads).append(parameter)
    groups = [
        {"params": inner, "lr": schedule.learning_rate},
        {"params": heads, "lr": schedule.head_learning_rate},
    ]
    return AdamW(groups, weight_decay=schedule.weight_decay, fused=True)


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)  # dropout, and what a task draws
        yield


def _append(file: Path, row: dict[str, object]) -> None:
    with file.open("a", encoding="utf-8") as log:
        log.write(json.dumps(row) + "\n")


def _keep(file: Path, counter: str, n_done: int) -> None:
    """Drop the lines of what will be done again."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.is_file() else []
    file.write_text("".join(line for line in lines if json.loads(line)[counter] <= n_done), encoding="utf-8")
