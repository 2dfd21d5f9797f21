"""Draws a tuning run: reward, divergence, entropy, clipped share and gradient, by step."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.learning.training_plot import moving_mean
from rl.tuning import STEPS_FILE

PLOT_FILE = "update.png"
_PANELS = (
    ("reward", "reward of sampled actions"),
    ("kl", "KL to the reference, nats a token"),
    ("entropy", "entropy, nats a token"),
    ("loss", "loss"),
    ("gradient_norm", "gradient norm"),
    ("clip_share", "share of clipped ratios"),
)
_DECAY = 0.9


def save_plot(folder: Path) -> Path:
    """Write `update.png` beside the run's `steps.jsonl`, and return its path.

    Raises:
        ImportError: matplotlib is not installed (the extra `train`).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = [json.loads(line) for line in (folder / STEPS_FILE).read_text(encoding="utf-8").splitlines()]
    figure = Figure(figsize=(12, 6), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (name, title) in zip(figure.subplots(2, 3).flat, _PANELS, strict=True):
        points = [(row["step"], row[name]) for row in rows if row[name] is not None]
        axes.set(title=title, xlabel="step")
        if points:
            steps, values = zip(*points, strict=True)
            axes.plot(steps, values, linewidth=0.4, alpha=0.4)
            axes.plot(steps, moving_mean(values, _DECAY))
    path = folder / PLOT_FILE
    figure.savefig(path, dpi=110)
    return path
