"""How far the update on its way is, from the figures that it writes."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from rl.algorithms.algorithm import StepFigures
from rl.tuning import TuningProgress

_TAIL_BYTES = 4096
"""Of the file's end: a line has some 200."""


class _Row(msgspec.Struct):
    step: int
    n_steps: int = 0
    learning_rate: float = 0.0
    loss: float = 0.0
    reward: float | None = None
    kl: float = 0.0
    entropy: float = 0.0
    clip_share: float = 0.0
    gradient_norm: float = 0.0


def last_step(file: Path) -> TuningProgress | None:
    """Return the last step that is written down whole; None before the first."""
    try:
        with file.open("rb") as steps:
            steps.seek(max(0, steps.seek(0, os.SEEK_END) - _TAIL_BYTES))
            whole = steps.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return None
    for line in reversed(whole):
        try:
            row = msgspec.json.decode(line, type=_Row)
        except msgspec.DecodeError:  # the tail began in the middle of it
            continue
        figures = StepFigures(
            loss=row.loss,
            reward=row.reward,
            kl=row.kl,
            entropy=row.entropy,
            clip_share=row.clip_share,
            gradient_norm=row.gradient_norm,
        )
        return TuningProgress(row.step, row.n_steps, row.learning_rate, figures)
    return None
