"""How often drift is seen where there is none, and how long a real change takes, on synthetic daily figures.

    python benchmarks/drift.py [--streams 200] [--json]

Input: figures that hang together from day to day (autocorrelation 0.5), with heavy tails, weekends one deviation
lower, and crises of one to four days three deviations high, one in fifty days; watched as the input is. Reward: means
of 50 answers. A change is so many deviations of the noise, lasting, after 120 days.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from rl.drift.detectors import downwards, either_way
from rl.drift.level import LevelWatch
from rl.drift.monitor import DriftConfig

YEARS, CHANGED_AT, FOLLOWED = 3, 120, 130
SHIFTS = (1.5, 2.0, 3.0, 5.0)
Figures = Callable[[np.random.Generator, int], np.ndarray]


def rough(draw: np.random.Generator, n_days: int) -> np.ndarray:
    """Return daily figures of an input with its weeks and its crises."""
    noise = draw.standard_t(5, n_days) / np.sqrt(5 / 3)
    figures = np.zeros(n_days)
    for day in range(n_days):
        figures[day] = (0.5 * figures[day - 1] if day else 0.0) + noise[day] * np.sqrt(0.75)
    figures[np.arange(n_days) % 7 > 4] -= 1.0
    for day in np.flatnonzero(draw.random(n_days) < 0.02).tolist():
        figures[day : day + int(draw.integers(1, 5))] += 3.0
    return figures


def answers(draw: np.random.Generator, n_days: int) -> np.ndarray:
    """Return daily rewards, in deviations of a mean of 50 answers."""
    return draw.normal(size=n_days)


def detected(watch: LevelWatch, figures: np.ndarray) -> list[int]:
    return [day for day, figure in enumerate(figures.tolist()) if watch.update(figure, "p-1")]


def row(name: str, make: Callable[[], LevelWatch], figures: Figures, sign: float, n_streams: int) -> dict[str, Any]:
    draw = np.random.default_rng(1)
    n_false = sum(len(detected(make(), figures(draw, YEARS * 365))) for _ in range(n_streams))
    found: dict[str, Any] = {"what": name, "false_per_year": n_false / (n_streams * YEARS)}
    for shift in SHIFTS:
        draw = np.random.default_rng(2)
        delays = []
        for _ in range(n_streams):
            stream = figures(draw, CHANGED_AT + FOLLOWED)
            stream[CHANGED_AT:] += sign * shift
            after = [day - CHANGED_AT for day in detected(make(), stream) if day >= CHANGED_AT]
            delays.append(after[0] if after else FOLLOWED)
        found[f"{shift:g}"] = {
            "median_days": float(np.median(delays)),
            "within_30_days": float(np.mean(np.array(delays) <= 30)),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    config = DriftConfig()

    rows = [
        row("an input figure", lambda: LevelWatch(either_way, config.input_level), rough, 1.0, arguments.streams),
        row("reward, a fall", lambda: LevelWatch(downwards, config.reward_level), answers, -1.0, arguments.streams),
    ]
    if arguments.json:
        print(json.dumps(rows))
        return
    print("| watched | seen where there is none, a year | " + " | ".join(f"change of {s:g}" for s in SHIFTS) + " |")
    print("|---|---:|" + "---:|" * len(SHIFTS))
    for found in rows:
        cells = []
        for shift in SHIFTS:
            of_shift = found[f"{shift:g}"]
            cells.append(f"{of_shift['median_days']:.0f} days, {of_shift['within_30_days']:.0%} in 30")
        print(f"| {found['what']} | {found['false_per_year']:.2f} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
