"""Draws a training run: loss by step, and the figures on the dev part by epoch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from models.training.fitting import METRICS_FILE, STEPS_FILE

_SHOWN = (
    "document_macro_f1",
    "joint_f1",
    "span_f1",
    "span_sentiment_accuracy",
    "entity_f1",
    "token_micro_f1",
    "token_macro_f1",
)
_DECAY = 0.98  # of the moving mean that is drawn over the steps' losses


def save_plot(folder: Path) -> Path:
    """Write `training.png` beside the run's `steps.jsonl` and `metrics.jsonl`, and return its path.

    Raises:
        ImportError: matplotlib is not installed (the extra `train`).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    epochs = _rows(folder / METRICS_FILE)
    steps = _rows(folder / STEPS_FILE)
    losses = [step["loss"] for step in steps]
    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    left.plot(range(1, len(losses) + 1), losses, linewidth=0.4, alpha=0.4, label="step")
    left.plot(range(1, len(losses) + 1), moving_mean(losses, _DECAY), label="moving mean")
    left.set(title="loss, training part", xlabel="step", ylabel="loss")
    left.legend()
    for name in _SHOWN:
        points = [(epoch["epoch"], epoch["dev"][name]) for epoch in epochs if name in epoch["dev"]]
        if points:
            right.plot(*zip(*points, strict=True), marker="o", label=name.replace("_", " "))
    right.set(title="dev part", xlabel="epoch", ylim=(0, 1))
    right.set_xticks([epoch["epoch"] for epoch in epochs])
    if right.has_data():
        right.legend()
    path = folder / "training.png"
    figure.savefig(path, dpi=120)
    return path


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def moving_mean(values: Sequence[float], decay: float) -> list[float]:
    """Return the exponentially weighted mean up to each value, corrected for its short start.

    >>> moving_mean([1.0, 3.0], decay=0.5)
    [1.0, 2.3333333333333335]
    """
    if not 0 <= decay < 1:
        raise ValueError(f"decay must be in [0, 1), got {decay}")
    sums = accumulate(values, lambda total, value: decay * total + value)
    weights = accumulate(values, lambda total, _: decay * total + 1.0, initial=0.0)
    next(weights)
    return [total / weight for total, weight in zip(sums, weights, strict=True)]
