"""Surges of plain counts on the labelled files of NAB's realTweets, by the scorer that lies beside them.

    python benchmarks/volumes.py [--data ../shared/data/volumes/realtweets] [--json]

`finsurge detect` with its defaults, one setting for all files, one alert a surge; `score.py --threshold 0.5`. The
interval is of resampled files. Left out one by one: for each file the return period that is best on the others.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from alerts.surges.volume import VolumeConfig
from pipeline.replay.counts import read_counts, scored

RETURN_PERIODS_D = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20)
N_RESAMPLES = 2_000
THRESHOLD = 0.5


def scorer_of(data: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", data / "score.py")
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018
    module = importlib.util.module_from_spec(spec)
    sys.modules["score"] = module
    spec.loader.exec_module(module)
    return module


def scores_of(file: Path, return_period_d: float) -> np.ndarray:
    rows = read_counts(file, lambda *_: None)
    config = VolumeConfig(return_period_s=return_period_d * 86_400)
    return np.array([row.score for row in scored(rows, config, lambda *_: None)])


def labelled(scorer: ModuleType, data: Path) -> tuple[list[Path], list[Any]]:
    windows = json.loads((data / "combined_windows.json").read_text(encoding="utf-8"))
    files = sorted((data / "data").rglob("*.csv"))
    series = []
    for file in files:
        name = next(name for name in windows if Path(name).name == file.name)
        stamps = [row.timestamp[:19] for row in read_counts(file, lambda *_: None)]
        series.append(scorer.Series(name, stamps, [(begin[:19], end[:19]) for begin, end in windows[name]]))
    return files, series


def normalised(scorer: ModuleType, series: list[Any], scores: list[np.ndarray], profile: str) -> float:
    raw, *_ = scorer.raw_score(series, scores, THRESHOLD, profile)
    return float(scorer.normalise(raw, sum(len(each.spans) for each in series), profile))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/volumes/realtweets"))
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    scorer = scorer_of(arguments.data)
    files, series = labelled(scorer, arguments.data)
    by_period = {days: [scores_of(file, days) for file in files] for days in RETURN_PERIODS_D}
    usual_d = round(VolumeConfig().return_period_s / 86_400)
    draw = np.random.default_rng(0)
    found: dict[str, Any] = {"n_files": len(files), "n_windows": sum(len(each.spans) for each in series)}
    for profile in scorer.PROFILES:
        _, n_hit, n_false, _ = scorer.raw_score(series, by_period[usual_d], THRESHOLD, profile)
        resampled = []
        for _ in range(N_RESAMPLES):
            chosen = draw.integers(len(files), size=len(files))
            picked = [by_period[usual_d][place] for place in chosen]
            resampled.append(normalised(scorer, [series[place] for place in chosen], picked, profile))
        found[profile] = {
            "score": normalised(scorer, series, by_period[usual_d], profile),
            "interval": [float(end) for end in np.percentile(resampled, (2.5, 97.5))],
            "n_hit": n_hit,
            "n_false": n_false,
            "left_out": left_out(scorer, series, by_period, profile),
            "by_return_period_d": {days: normalised(scorer, series, by_period[days], profile) for days in by_period},
        }
    if not arguments.json:
        show(found)
    print(json.dumps(found))


def left_out(scorer: ModuleType, series: list[Any], by_period: dict[int, list[np.ndarray]], profile: str) -> float:
    """Return the score where each file is judged by the return period that is best on the others."""
    chosen = []
    for place in range(len(series)):
        others = [n for n in range(len(series)) if n != place]
        best = max(
            by_period,
            key=lambda days: normalised(
                scorer, [series[n] for n in others], [by_period[days][n] for n in others], profile
            ),
        )
        chosen.append(by_period[best][place])
    return normalised(scorer, series, chosen, profile)


def show(found: dict[str, Any]) -> None:
    print(f"{found['n_files']} files, {found['n_windows']} windows\n")
    print("| profile | score | 95 % interval | windows | false alerts | left out one by one |")
    print("|---|---:|---:|---:|---:|---:|")
    for profile, row in found.items():
        if isinstance(row, dict):
            low, high = row["interval"]
            print(
                f"| {profile} | {row['score']:.1f} | {low:.1f} to {high:.1f} | {row['n_hit']} | {row['n_false']} "
                f"| {row['left_out']:.1f} |"
            )
    print()


if __name__ == "__main__":
    main()
