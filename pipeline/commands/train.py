"""`finsurge train`: a policy from labelled data, with its figures and a plot, in a run folder."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from pipeline.settings import Settings

if TYPE_CHECKING:
    from models.checkpoint import Manifest
    from models.training.recipe import Recipe
    from models.training.trainset import TrainSet
    from pipeline.learning.training_view import TrainingView

DEFAULT_DATA = Path("../shared/data")


@click.command("train")
@click.option(
    "--recipe", "recipe_file", type=click.Path(path_type=Path), help="YAML [default: the shipped policy's]."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="FINSURGE_DATA",
    show_envvar=True,
    default=DEFAULT_DATA,
    show_default=True,
    help="Folder with the labelled files that the recipe names.",
)
@click.option("--out", type=click.Path(path_type=Path), help="New folder [default: runs/<time>].")
@click.option("--seed", type=click.IntRange(min=0), help="Instead of the recipe's.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_obj
def command(
    settings: Settings, recipe_file: Path | None, data: Path, out: Path | None, seed: int | None, as_json: bool
) -> None:
    """Train a policy: adapters and heads on a fixed encoder.

    Leaves in the folder: policy/ (what FINSURGE_POLICY takes), metrics.jsonl (the dev part's figures, an epoch a
    line), recipe.json, training.png. The figures printed are of the test part, which nothing was chosen by.

    Example: finsurge train --data ~/labelled --out runs/first

    Example: finsurge train --recipe my.yaml --seed 8 --json
    """
    from models.training.recipe import RECIPES, Recipe
    from pipeline.learning.figures import by_source, figures_table
    from pipeline.learning.training_view import TrainingView

    recipe = Recipe.from_yaml(recipe_file or RECIPES / "default.yaml")
    if seed is not None:
        recipe = replace(recipe, seed=seed)
    folder = _new_folder(out or Path("runs") / f"{datetime.now(UTC):%Y%m%d-%H%M%S}")
    started_s = time.monotonic()
    with TrainingView(Console(stderr=True)) as view:
        manifest = _run(settings, recipe, _read(data, recipe), folder, view)
    taken_s = time.monotonic() - started_s
    plot = _plot(folder, view.losses)
    figures = by_source(manifest.metrics)
    if as_json:
        told = {"policy_version": manifest.version, "folder": str(folder), "plot": plot, "seconds": round(taken_s, 1)}
        click.echo(json.dumps({**told, "figures": figures}, indent=2))
        return
    Console().print(figures_table(figures, f"{manifest.version}, test part"))
    click.echo(f"trained in {taken_s:.0f} s; use it with FINSURGE_POLICY={folder / 'policy'}")


def _new_folder(folder: Path) -> Path:
    from pipeline.errors import CommandFailed

    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandFailed(f"cannot write to {folder}: {reason}; name another folder with --out") from None
    if not is_empty:
        raise CommandFailed(f"{folder} is not empty; name a new folder with --out")
    return folder


def _read(data: Path, recipe: Recipe) -> TrainSet:
    from models.training.trainset import TrainSet
    from pipeline.errors import CommandFailed

    if not data.is_dir():
        raise CommandFailed(f"no labelled data: {data} is no folder; pass --data, or set FINSURGE_DATA")
    examples = TrainSet.read(data, recipe)
    if not examples.train or not examples.dev:
        counted = f"{len(examples.train)} to train on and {len(examples.dev)} to choose by"
        raise CommandFailed(f"{data}: {counted}; give the recipe larger files")
    return examples


def _run(settings: Settings, recipe: Recipe, data: TrainSet, folder: Path, view: TrainingView) -> Manifest:
    from safetensors import SafetensorError

    from models.training.trainer import train
    from pipeline.errors import CommandFailed, one_line
    from pipeline.reading.device import chosen_device

    device = chosen_device(settings)
    try:
        return train(recipe, data, folder, device=device, on_progress=view.advance)
    except (OSError, SafetensorError) as error:
        mend = "make room, or name another folder with --out"
        raise CommandFailed(f"cannot write to {folder}: {one_line(error)}; {mend}") from None


def _plot(folder: Path, losses: list[float]) -> str | None:
    from pipeline.learning.training_plot import save_plot

    try:
        return str(save_plot(folder, losses))
    except ImportError:
        click.echo("no plot: matplotlib is missing; pip install 'finsurge[train]'", err=True)
    except OSError as error:
        click.echo(f"no plot: {(error.strerror or str(error)).lower()}", err=True)
    return None
