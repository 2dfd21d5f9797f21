"""`finsurge study`: does a policy learn a kind of document from analysts, and by which algorithm best."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console

from pipeline.commands.train import DEFAULT_DATA
from pipeline.settings import Settings

if TYPE_CHECKING:
    from rl.study.plan import StudyConfig
    from rl.study.results import StudyResult

_MAX_PROCESSES = 2
_CONFIG_FILE = "study.json"


@click.command("study")
@click.option("--quick", is_flag=True, help="A smaller one: a quarter of an hour on two cores.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="FINSURGE_DATA",
    show_envvar=True,
    default=DEFAULT_DATA,
    show_default=True,
    help="Folder with the labelled files.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the study [default: runs/study, runs/study-quick]."
)
@click.option("--seeds", help="Separated by commas [default: 11,12,13,14,15; with --quick 11,12].")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=min(_MAX_PROCESSES, os.cpu_count() or 1),
    show_default=True,
    help="How many courses run at once, on a core each.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@click.pass_obj
def command(
    settings: Settings, quick: bool, data: Path, out: Path | None, seeds: str | None, processes: int, as_json: bool
) -> None:
    """Stream labelled headlines past a policy that has not seen their kind, with simulated analysts who answer.

    One document in ten is drawn for review, one answer in twenty is wrong; after each part of the stream the policy
    is updated as in production. Compared on held-out headlines are no update, each algorithm with equal compute, and
    the ceiling, which has the right labels of all; then bare verdicts, and hostile analysts who push one company.

    What is done lies in --out; an interrupted study goes on there.

    Example: finsurge study --quick --json
    """
    from pipeline.errors import CommandFailed
    from pipeline.learning.study_run import run_study
    from pipeline.learning.study_view import StudyView, tables_of
    from pipeline.reading.device import chosen_device
    from rl.study.plan import QUICK, StudyConfig
    from rl.study.study import Study

    config = _seeded(QUICK if quick else StudyConfig(), seeds)
    if not data.is_dir():
        raise CommandFailed(f"no labelled data: {data} is no folder; pass --data, or set FINSURGE_DATA")
    folder = out or Path("runs") / ("study-quick" if quick else "study")
    _claim(folder, config)
    study = Study(config, data, folder, chosen_device(settings))
    started_s = time.monotonic()
    with StudyView(Console(stderr=True), n=len(config.courses()) + 2) as view:
        run_study(study, processes, view.advance)
    result = study.result()
    taken_s = time.monotonic() - started_s
    plot = _plot(result, folder)
    told = {"seconds": round(taken_s, 1), "folder": str(folder), "plot": plot, "result": asdict(result)}
    # what has no evidence is null
    raw = msgspec.json.format(msgspec.json.encode(told), indent=2)
    (folder / "result.json").write_bytes(raw + b"\n")
    if as_json:
        click.echo(raw)
        return
    for table in tables_of(result):
        Console().print(table)
    click.echo(
        f"done in {taken_s:.0f} s; figures in {folder / 'result.json'}" + (f", drawn in {plot}" if plot else "")
    )


def _seeded(config: StudyConfig, seeds: str | None) -> StudyConfig:
    from pipeline.errors import CommandFailed

    if seeds is None:
        return config
    numbers = seeds.split(",")
    if not all(number.strip().isdigit() for number in numbers):
        raise CommandFailed(f"--seeds must be whole numbers separated by commas, got {seeds}")
    return replace(config, seeds=tuple(dict.fromkeys(int(number) for number in numbers)))


def _claim(folder: Path, config: StudyConfig) -> None:
    """Write down what the folder's study is told, or check that an interrupted one was told the same."""
    from pipeline.errors import CommandFailed

    told = msgspec.json.format(msgspec.json.encode(asdict(config)), indent=2) + b"\n"
    file = folder / _CONFIG_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if file.is_file() and file.read_bytes() != told:
            raise CommandFailed(f"{folder} holds another study; name a new folder with --out")
        file.write_bytes(told)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandFailed(f"cannot write to {folder}: {reason}; name another folder with --out") from None


def _plot(result: StudyResult, folder: Path) -> str | None:
    from pipeline.learning.study_plot import save_plot

    try:
        return str(save_plot(result, folder))
    except ImportError:
        click.echo("no plot: matplotlib is missing; pip install 'finsurge[train]'", err=True)
    return None
