"""One update in a process of its own, behind everything else the machine has to do: `python -m … FOLDER`.

What it is to do, and what came of it, lies in its run folder. Killed and started again, it goes on.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch

from models.errors import CheckpointMismatch
from pipeline.errors import one_line
from pipeline.learner.run_folder import Outcome, Request, RunFolder
from pipeline.learning.tuning_plot import save_plot
from rl.learner.update import NothingToLearn, UpdateConfig, update

_NICENESS = 15
CORES_LEFT = 2
"""Workers on the same machine are to feel nothing: of two cores, one is theirs."""


def run(folder: RunFolder) -> Outcome:
    """Do what the folder asks for, and return what came of it."""
    request = folder.request()
    if request is None:
        raise ValueError(f"folder must hold a request, got {folder.path}")
    fresh, older = folder.rounds()
    try:
        manifest = update(
            Path(request.parent), fresh, older, folder.path, config=_config(request), device=request.device
        )
    except (NothingToLearn, CheckpointMismatch) as error:
        return Outcome(failure=one_line(error))
    with suppress(ImportError):  # matplotlib comes with the extra `train`; the figures are in the folder anyway
        save_plot(folder.path)
    return Outcome(version=manifest.version)


def _config(request: Request) -> UpdateConfig:
    config = UpdateConfig()
    return replace(config, tuning=replace(config.tuning, algorithm=request.algorithm, seed=request.seed))


def main() -> None:
    """Run the update of the folder that the command line names."""
    os.nice(_NICENESS)
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // CORES_LEFT))
    folder = RunFolder(Path(sys.argv[1]))
    folder.end(run(folder))


if __name__ == "__main__":
    main()
