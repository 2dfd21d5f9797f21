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
    from models.training.taggedset import TaggedSet
    from models.training.trainset import TrainSet
    from pipeline.learning.training_view import TrainingView

DEFAULT_DATA = Path("../shared/data")


@click.command("train")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1)
@click.option(
    "--recipe",
    "recipe_file",
    type=click.Path(path_type=Path),
    help="YAML [default: the shipped policy's; for files of tagged words, any tag set's].",
)
@click.option("--dev", type=click.Path(path_type=Path), help="File of tagged words that chooses the epoch.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="FINSURGE_DATA",
    show_envvar=True,
    default=DEFAULT_DATA,
    show_default=True,
    help="Folder with the labelled files that the recipe names.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run [default: runs/<time>].")
@click.option("--resume", is_flag=True, help="Go on with the interrupted run in --out.")
@click.option("--seed", type=click.IntRange(min=0), help="Instead of the recipe's.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_obj
def command(
    settings: Settings,
    files: tuple[Path, ...],
    recipe_file: Path | None,
    dev: Path | None,
    data: Path,
    out: Path | None,
    resume: bool,
    seed: int | None,
    as_json: bool,
) -> None:
    """Train a policy, or a tagger of any tag set, on labelled data.

    Without FILES, the recipe names them below --data. With them, they are what is learned: texts with labels and
    entities teach a policy; words with tags (JSON lines, or CoNLL columns) teach a tagger of the tags they have.
    Every file is split 80/10/10 by a hash of its text; with --dev, FILES of tagged words are trained on whole.

    Leaves in the folder: policy/ (what FINSURGE_POLICY and evaluate --policy take), metrics.jsonl (the dev part's
    figures, an epoch a line), steps.jsonl, recipe.json, training.png. The figures printed are of the test part, which
    nothing was chosen by.

    Example: finsurge train --data ~/labelled --out runs/first

    Example: finsurge train --recipe my.yaml --seed 8 --json

    Example: finsurge train eng.train --dev eng.testa --out runs/conll
    """
    from pipeline.errors import CommandFailed
    from pipeline.learning.figures import by_source, figures_table
    from pipeline.learning.training_view import TrainingView

    if resume and out is None:
        raise CommandFailed("--resume needs the run's folder; name it with --out")
    recipe = _recipe(recipe_file, files, seed)
    folder = _folder(out or Path("runs") / f"{datetime.now(UTC):%Y%m%d-%H%M%S}", resume)
    examples = _read(data, files, dev, recipe)
    started_s = time.monotonic()
    with TrainingView(Console(stderr=True)) as view:
        manifest = _run(settings, recipe, examples, folder, view)
    taken_s = time.monotonic() - started_s
    plot = _plot(folder)
    figures = by_source(manifest.metrics)
    if as_json:
        told = {"policy_version": manifest.version, "folder": str(folder), "plot": plot, "seconds": round(taken_s, 1)}
        click.echo(json.dumps({**told, "figures": figures}, indent=2))
        return
    if figures:
        Console().print(figures_table(figures, f"{manifest.version}, test part"))
    use = "finsurge evaluate FILE --policy " if manifest.is_tagger else "FINSURGE_POLICY="
    click.echo(f"trained in {taken_s:.0f} s; use it with {use}{folder / 'policy'}")


def _recipe(file: Path | None, files: tuple[Path, ...], seed: int | None) -> Recipe:
    from models.labelled.datasets import LabelledFile
    from models.training.recipe import RECIPES, Recipe

    are_tagged = bool(files) and all(LabelledFile.read(labelled).sentences for labelled in files)
    recipe = Recipe.from_yaml(file or RECIPES / ("tagger.yaml" if are_tagged else "default.yaml"))
    if files:
        recipe = replace(recipe, data={str(labelled.resolve()): 1.0 for labelled in files})
    if files and file is None:
        recipe = replace(recipe, adaptation=None, distillation=None)
    return recipe if seed is None else replace(recipe, seed=seed)


def _folder(folder: Path, resume: bool) -> Path:
    from pipeline.errors import CommandFailed

    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandFailed(f"cannot write to {folder}: {reason}; name another folder with --out") from None
    if not is_empty and not resume:
        raise CommandFailed(f"{folder} is not empty; name a new folder with --out, or go on with --resume")
    return folder


def _read(data: Path, files: tuple[Path, ...], dev: Path | None, recipe: Recipe) -> TrainSet | TaggedSet:
    from models.training.taggedset import TaggedSet
    from models.training.trainset import TrainSet
    from pipeline.errors import CommandFailed

    if not files and not data.is_dir():
        raise CommandFailed(f"no labelled data: {data} is no folder; pass --data, or set FINSURGE_DATA")
    if dev is not None and recipe.learns != "tags":
        raise CommandFailed("--dev is for files of tagged words; a policy's files are split by a hash")
    examples: TrainSet | TaggedSet
    if recipe.learns == "tags":
        examples = TaggedSet.read([data / file for file in recipe.data], dev)
    else:
        examples = TrainSet.read(data, recipe)
    if not examples.train or not examples.dev:
        counted = f"{len(examples.train)} to train on and {len(examples.dev)} to choose by"
        raise CommandFailed(f"{data}: {counted}; give the recipe larger files")
    return examples


def _run(
    settings: Settings, recipe: Recipe, data: TrainSet | TaggedSet, folder: Path, view: TrainingView
) -> Manifest:
    from safetensors import SafetensorError

    from models.training.taggedset import TaggedSet
    from models.training.trainer import RunMismatch, train, train_tagger
    from pipeline.errors import CommandFailed, one_line
    from pipeline.reading.device import chosen_device

    device = chosen_device(settings)
    try:
        if isinstance(data, TaggedSet):
            return train_tagger(recipe, data, folder, device=device, on_stage=view.advance)
        return train(recipe, data, folder, device=device, on_stage=view.advance)
    except RunMismatch as error:
        raise CommandFailed(f"{error}; name a new folder with --out") from None
    except (OSError, SafetensorError) as error:
        mend = "make room, or name another folder with --out"
        raise CommandFailed(f"cannot write to {folder}: {one_line(error)}; {mend}") from None


def _plot(folder: Path) -> str | None:
    from pipeline.learning.training_plot import save_plot

    try:
        return str(save_plot(folder))
    except ImportError:
        click.echo("no plot: matplotlib is missing; pip install 'finsurge[train]'", err=True)
    except OSError as error:
        click.echo(f"no plot: {(error.strerror or str(error)).lower()}", err=True)
    return None
