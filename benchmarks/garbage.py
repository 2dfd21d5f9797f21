"""What looking for garbage in cycles takes of the trends stage, and whether memory stays flat without it.

    python benchmarks/garbage.py --young 700 [--topics 300] [--ticks 900]   # each hundred ticks from the first one on
    python benchmarks/garbage.py --young 700 --taken-over 3000              # 24 ticks after a take-over

Realistic ticks of ticks.py. `--young`: objects before the young ones are looked through; 700 is Python's default, and
without it the worker's own. CPU time of the process.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from ticks import A_DAY, Staged

from pipeline.garbage import YOUNG


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(stage: Staged, n_ticks: int) -> str:
    """Let ticks pass, and return a row: seconds, microseconds a state, looks at each generation, memory."""
    before = [each["collections"] for each in gc.get_stats()]
    spent_s, n_states = 0.0, 0
    for _ in range(n_ticks):
        spent_s += sum(stage.tick())
        n_states += stage.n_states
    looks = [each["collections"] - was for each, was in zip(gc.get_stats(), before, strict=True)]
    cells = (f"{spent_s:.2f}", f"{spent_s * 1e6 / n_states:.0f}", *map(str, looks), f"{resident_mb():.0f}")
    return " | ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--young", type=int, default=YOUNG)
    parser.add_argument("--topics", type=int, default=300)
    parser.add_argument("--ticks", type=int, default=900)
    parser.add_argument("--taken-over", type=int, help="topics; in place of the others")
    arguments = parser.parse_args()
    gc.set_threshold(arguments.young, *gc.get_threshold()[1:])
    columns = ("ticks", "CPU s", "microseconds a state", "young", "middle", "all", "resident MB")
    print(f"| {' | '.join(columns)} |\n|{'---:|' * len(columns)}")
    if arguments.taken_over:
        stage = Staged(arguments.taken_over)
        for _ in range(A_DAY):
            stage.tick()
        stage.copy()
        gc.collect()
        print(f"| 24 | {measure(stage, 24)} |")
        return
    stage = Staged(arguments.topics)
    for n in range(100, arguments.ticks + 1, 100):
        print(f"| {n} | {measure(stage, 100)} |", flush=True)


if __name__ == "__main__":
    main()
