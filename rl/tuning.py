"""Tuning a policy: an algorithm's steps over feedback in a seeded order, resumed where they were left.

Owns the order of batches, what is written down of a run, and its state on disk. Knows no algorithm by name, and no
terminal: progress is a callback.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random
from statistics import fmean

import msgspec
import torch
from safetensors.torch import load_file, save_file

from models.network import PolicyNetwork
from models.tokens import MAX_PIECES
from models.training.schedule import rate_factor
from models.training.trainset import shuffled_batches
from rl.algorithms.algorithm import Algorithm, StepFigures
from rl.algorithms.catalogue import config_type, make_algorithm
from rl.algorithms.feedback import Feedback
from rl.algorithms.tuned_network import LearningConfig
from rl.reward import RewardConfig

STEPS_FILE = "steps.jsonl"
_RUN_FILE = "run.json"
_STATE_FOLDER = "state"
_TENSORS = "state.safetensors"
_COUNTS = "state.json"


@dataclass(frozen=True, kw_only=True)
class TuningConfig:
    """One tuning run.

    >>> TuningConfig(algorithm="rloo", n_steps=10).learning_config.kl_weight
    0.05
    >>> TuningConfig(algorithm="sarsa", n_steps=10)
    Traceback (most recent call last):
    ValueError: algorithm must be one of supervised, q_learning, dqn, ppo, rloo, got sarsa
    """

    algorithm: str = "rloo"  # a name of rl.algorithms.catalogue
    options: LearningConfig | None = None  # of that algorithm; None: its defaults
    reward: RewardConfig = field(default_factory=RewardConfig)
    n_steps: int
    max_padded_tokens: int = 1024  # of one step
    max_documents: int = 64  # of one step
    learning_rate: float = 2e-4  # at its height; a policy that has converged bears less than a fresh one
    p_warmup: float = 0.06  # share of the steps in which the rate rises
    seed: int = 7
    save_every: int = 200  # steps: what an interruption costs at most

    def __post_init__(self) -> None:
        expected = config_type(self.algorithm)
        if self.options is not None and type(self.options) is not expected:
            raise ValueError(f"options of {self.algorithm} must be {expected.__name__}, got {self.options}")
        for name in ("n_steps", "max_padded_tokens", "max_documents", "save_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        if self.learning_rate <= 0:
            raise ValueError(f"learning_rate must be > 0, got {self.learning_rate}")
        if not 0 <= self.p_warmup < 1:
            raise ValueError(f"p_warmup must be in [0, 1), got {self.p_warmup}")

    @property
    def learning_config(self) -> LearningConfig:
        """The algorithm's configuration."""
        return self.options or config_type(self.algorithm)()

    def at_compute_of(self, other: TuningConfig) -> TuningConfig:
        """Return this run with as many steps as take as much compute as another run.

        >>> supervised = TuningConfig(algorithm="supervised", n_steps=400)
        >>> TuningConfig(algorithm="rloo", n_steps=1).at_compute_of(supervised).n_steps
        300
        """
        budget = other.n_steps * other.learning_config.n_passes * other.max_padded_tokens
        n_steps = round(budget / (self.learning_config.n_passes * self.max_padded_tokens))
        return replace(self, n_steps=max(1, n_steps))


@dataclass(frozen=True, slots=True)
class TuningProgress:
    """How far a run is, and what its last step was like.

    >>> figures = StepFigures(loss=0.1, reward=0.8, kl=0.0, entropy=0.1, clip_share=0.0, gradient_norm=1.0)
    >>> row = TuningProgress(step=1, n_steps=2, learning_rate=1e-4, figures=figures).to_row()
    >>> row["step"], row["n_steps"], row["reward"]
    (1, 2, 0.8)
    """

    step: int  # of n_steps, from 1
    n_steps: int
    learning_rate: float
    figures: StepFigures

    def to_row(self) -> dict[str, float | None]:
        """Return all of it flat, as a line of `steps.jsonl` has it."""
        counts = {"step": self.step, "n_steps": self.n_steps}
        return {**counts, "learning_rate": self.learning_rate, **asdict(self.figures)}


OnProgress = Callable[[TuningProgress], None]


def tune(
    network: PolicyNetwork,
    feedback: Sequence[Feedback],
    config: TuningConfig,
    reference: PolicyNetwork | None,
    folder: Path,
    on_progress: OnProgress = lambda _: None,
    device: torch.device | None = None,
) -> PolicyNetwork:
    """Return the network, tuned in place; a run that was interrupted goes on.

    The same network, feedback, configuration, machine and thread count give the same policy, interrupted or not.
    Weights of feedback are taken relative to their mean. `steps.jsonl` in the folder tells each step's figures.

    Args:
        network: unmerged, as `models.checkpoint.load_network` returns it.
        feedback: of all documents.
        config: of the run.
        reference: that the KL is measured against; None: the network as it is given.
        folder: for figures and state, one for each run.
        on_progress: told after each step.
        device: where to compute; the CPU if not given.

    Raises:
        ValueError: if there is no feedback of any weight, or the folder is another run's.
    """
    device = device or torch.device("cpu")
    scaled = _scaled(feedback)
    folder.mkdir(parents=True, exist_ok=True)
    _check_run(folder / _RUN_FILE, _run_of(config, scaled))
    generator = torch.Generator(device).manual_seed(config.seed)
    algorithm = make_algorithm(
        config.algorithm, network, config.learning_config, config.reward, device, generator, reference
    )
    reached = _load(folder / _STATE_FOLDER, algorithm)
    _keep(folder / STEPS_FILE, reached)
    for step, batch in enumerate(_batches(scaled, config), start=1):
        if step <= reached:
            continue
        rate = config.learning_rate * rate_factor(step - 1, config.n_steps, config.p_warmup)
        figures = algorithm.step([scaled[index] for index in batch], rate)
        progress = TuningProgress(step, config.n_steps, rate, figures)
        with (folder / STEPS_FILE).open("a", encoding="utf-8") as log:
            log.write(json.dumps(progress.to_row()) + "\n")
        if step % config.save_every == 0 or step == config.n_steps:
            _save(folder / _STATE_FOLDER, algorithm, step)
        on_progress(progress)
    return algorithm.network.eval()


def _scaled(feedback: Sequence[Feedback]) -> list[Feedback]:
    """Return the feedback with weights of mean 1, so that a learning rate means the same whatever they are."""
    mean = fmean(of_document.weight for of_document in feedback) if feedback else 0.0
    if not mean > 0:
        raise ValueError(f"feedback must hold a document with a weight > 0, got {len(feedback)} documents")
    return [replace(of_document, weight=of_document.weight / mean) for of_document in feedback]


def _batches(feedback: Sequence[Feedback], config: TuningConfig) -> Iterator[list[int]]:
    """Yield as many batches as there are steps, pass after pass, each in an order of its own."""
    rng = Random(config.seed)  # noqa: S311
    lengths = [min(MAX_PIECES, len(of_document.tokens)) for of_document in feedback]
    n_left = config.n_steps
    while n_left > 0:
        plan = shuffled_batches(lengths, config.max_padded_tokens, config.max_documents, rng)
        yield from plan[:n_left]
        n_left -= len(plan)


def _run_of(config: TuningConfig, feedback: Sequence[Feedback]) -> bytes:
    """Return what makes a run the same run, as JSON."""
    told = {"config": {**asdict(config), "options": asdict(config.learning_config)}}
    known = hashlib.sha256(msgspec.json.encode(feedback)).hexdigest()
    return msgspec.json.encode({**told, "feedback_sha256": known})


def _check_run(file: Path, run: bytes) -> None:
    if not file.is_file():
        file.write_bytes(run)
    elif file.read_bytes() != run:
        raise ValueError(f"folder must be this run's own, got {file.parent}, which holds another one's")


def _save(folder: Path, algorithm: Algorithm, step: int) -> None:
    """Write the state; an older one stands until the new one is whole."""
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    save_file(dict(algorithm.state()), new / _TENSORS)
    (new / _COUNTS).write_text(json.dumps({"step": step}), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def _load(folder: Path, algorithm: Algorithm) -> int:
    """Put the algorithm where it was, and return how many steps are done; a folder without a state is a beginning."""
    if not (folder / _COUNTS).is_file():
        return 0
    algorithm.restore(load_file(folder / _TENSORS))
    return int(json.loads((folder / _COUNTS).read_text(encoding="utf-8"))["step"])


def _keep(file: Path, reached: int) -> None:
    """Drop the lines of steps that will be done again."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.is_file() else []
    file.write_text("".join(line for line in lines if json.loads(line)["step"] <= reached), encoding="utf-8")
