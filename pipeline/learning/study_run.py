"""Runs a study in a few processes of one thread each, which is faster here than threads in one; tells how far it is.

Knows no terminal: steps are told to a callback.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from queue import Empty
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

import torch

from models.training.fitting import Progress
from rl.study.plan import CoursePlan
from rl.study.study import Study
from rl.tuning import TuningProgress

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

    Steps = Queue["Step"]

_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
    "MALLOC_TOP_PAD_": str(2**28),
}
"""So that glibc keeps its memory from step to step (docs/training.md); read when a process begins."""

_LOOK_S = 0.3


class Step(NamedTuple):
    """How far something is."""

    name: str
    n_done: int
    n: int  # as many: it is over


OnStep = Callable[[Step], None]


def run_study(study: Study, n_processes: int, on_step: OnStep = lambda _: None) -> None:
    """Do all that is left of a study, the start policy first; scores and rounds lie in its folder afterwards."""
    context = multiprocessing.get_context("spawn")
    steps: Steps = context.Queue()
    with (
        _environment(_ALLOCATOR),
        ProcessPoolExecutor(n_processes, context, initializer=_begin, initargs=(steps,)) as pool,
    ):
        _follow([pool.submit(_run_start, study)], steps, on_step)
        plans = study.config.courses()
        _follow(
            [pool.submit(_run_ceiling, study), *(pool.submit(_run_course, study, plan) for plan in plans)],
            steps,
            on_step,
        )


def _follow(left: list[Future[None]], steps: Steps, on_step: OnStep) -> None:
    pending = set(left)
    while pending:
        done, pending = wait(pending, timeout=_LOOK_S)
        for step in _waiting(steps):
            on_step(step)
        for future in done:
            future.result()


def _waiting(steps: Steps) -> Iterator[Step]:
    while True:
        try:
            yield steps.get_nowait()
        except Empty:
            return


_steps: Steps | None = None


def _begin(steps: Steps) -> None:
    global _steps  # of a process of the pool, which has no other way to hold it
    _steps = steps
    torch.set_num_threads(1)
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this process when its parent has: left alone it would write into a folder that the next run goes on in."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)


def _tell(name: str, n_done: int, n: int) -> None:
    if _steps is not None:
        _steps.put(Step(name, n_done, n))


def _run_start(study: Study) -> None:
    def on_stage(_: str, n_done: int, n: int, __: Progress | None) -> None:
        _tell("start", n_done, n + 1)

    study.train_start(on_stage)
    study.without_update()
    _tell("start", 1, 1)


def _run_ceiling(study: Study) -> None:
    study.ceiling(lambda _, progress: _tell("ceiling", progress.step, progress.n_steps + 1))
    _tell("ceiling", 1, 1)


def _run_course(study: Study, plan: CoursePlan) -> None:
    n_chunks = study.config.stream.n_chunks

    def on_update(chunk: int, progress: TuningProgress) -> None:
        _tell(plan.name, (chunk - 1) * progress.n_steps + progress.step, n_chunks * progress.n_steps + 1)

    study.run(plan, on_update)
    _tell(plan.name, 1, 1)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set what is not set already, for processes that begin meanwhile."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
