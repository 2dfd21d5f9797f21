"""The ceiling of a study: what the start policy becomes with the right labels of the whole stream, without errors.

Knows no analyst and no arm.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from models.checkpoint import Manifest, read_manifest, save_checkpoint
from models.device import device_of
from models.encoder import load_tokenizer
from models.labelled.example import Example
from models.tokens import MAX_PIECES, tokenize
from models.training.start import Start
from rl.algorithms.feedback import Feedback
from rl.learner.update import CANDIDATE_FOLDER
from rl.tuning import TuningConfig, TuningProgress, tune


@dataclass(frozen=True, kw_only=True)
class CeilingConfig:
    """How the ceiling is trained.

    >>> CeilingConfig(n_passes=0)
    Traceback (most recent call last):
    ValueError: n_passes must be > 0, got 0
    """

    tuning: TuningConfig = field(
        default_factory=lambda: TuningConfig(
            algorithm="supervised", learning_rate=1e-3, max_padded_tokens=512, n_steps=1, seed=0
        )
    )
    # Its number of steps is set by the passes.
    n_passes: float = 3.0
    # Over the whole stream.

    def __post_init__(self) -> None:
        if not self.n_passes > 0:
            raise ValueError(f"n_passes must be > 0, got {self.n_passes}")


def ceiling_policy(
    start: Path,
    truths: Sequence[Example],
    folder: Path,
    config: CeilingConfig | None = None,
    device: str | None = None,
    on_progress: Callable[[TuningProgress], None] = lambda _: None,
) -> Path:
    """Return the folder of the ceiling's policy, trained unless it lies there; an interrupted run goes on."""
    config = config or CeilingConfig()
    candidate, done = folder / CANDIDATE_FOLDER, folder / "done"
    if done.is_file():
        return candidate
    begun = Start.from_policy(start)
    tokens = tokenize([truth.text for truth in truths], load_tokenizer(begun.encoder), MAX_PIECES)
    lessons = [Feedback(of_text, right=truth) for of_text, truth in zip(tokens, truths, strict=True)]
    n_tokens = sum(len(lesson.tokens) for lesson in lessons)
    n_steps = math.ceil(config.n_passes * n_tokens / config.tuning.max_padded_tokens)
    tuning = replace(config.tuning, n_steps=n_steps)
    network = tune(begun.network, lessons, tuning, None, folder, on_progress, device_of(device))
    before = read_manifest(start)
    manifest = Manifest(
        encoder=begun.encoder.name,
        encoder_sha256=begun.encoder.sha256,
        adapters=begun.adapters,
        parent_version=begun.parent_version,
        document_temperature=before.document_temperature,
        tag_temperature=before.tag_temperature,
    )
    save_checkpoint(candidate, network, manifest)
    shutil.rmtree(folder / "state", ignore_errors=True)
    done.touch()
    return candidate
