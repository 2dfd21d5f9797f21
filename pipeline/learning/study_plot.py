"""Draws a study: reward, macro F1 and joint F1 of each arm after each update, between no update and the ceiling."""

from __future__ import annotations

from pathlib import Path

from rl.study.plan import StudyPart
from rl.study.results import StudyResult
from rl.study.scores import FIGURES

PLOT_FILE = "study.png"
_STYLES = {StudyPart.CORRECTIONS: "-", StudyPart.VERDICTS: ":", StudyPart.HOSTILE: "--", StudyPart.FINDING: "-."}


def save_plot(result: StudyResult, folder: Path) -> Path:
    """Write `study.png` into a folder, and return its path.

    Raises:
        ImportError: matplotlib is not installed (the extra `train`).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    all_axes = figure.subplots(1, len(FIGURES))
    arms = sorted({arm.arm for arm in result.arms})
    for axes, name in zip(all_axes, FIGURES, strict=True):
        axes.set(title=name.replace("_", " "), xlabel="updates")
        axes.axhline(result.without_update[name], color="grey", linewidth=0.8)
        axes.axhline(result.ceiling[name], color="black", linewidth=0.8)
        for arm in result.arms:
            values = [result.without_update[name], *(row[name] for row in arm.course)]
            axes.plot(
                range(len(values)),
                values,
                _STYLES[arm.part],
                color=f"C{arms.index(arm.arm)}",
                linewidth=1.2,
                label=f"{arm.arm}, {arm.part.value}",
            )
        axes.xaxis.get_major_locator().set_params(integer=True)
    all_axes[-1].legend(fontsize=6, loc="lower right")
    path = folder / PLOT_FILE
    figure.savefig(path, dpi=80)
    return path
