"""`finsurge evaluate`: how good a policy is on a file of labelled examples."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from pipeline.settings import Settings

if TYPE_CHECKING:
    from models.evaluation.mistakes import Mistake


@click.command("evaluate")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--policy", help="`shipped`, or a policy's folder, instead of FINSURGE_POLICY.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, slices included.")
@click.option("--slices", "with_slices", is_flag=True, help="Also by length, kind, negation, numbers, ….")
@click.option("--errors", type=click.Path(path_type=Path), help="New file: a JSON line for each wrong answer.")
@click.option(
    "--stability", "with_stability", is_flag=True, help="Also count what flips in other batches and precisions."
)
@click.pass_obj
def command(
    settings: Settings,
    file: Path,
    policy: str | None,
    as_json: bool,
    with_slices: bool,
    errors: Path | None,
    with_stability: bool,
) -> None:
    """Measure a policy on labelled examples: texts with labels or entities, or words with tags.

    FILE has JSON lines of `text` with `label` or `entities`, JSON lines of `tokens` and `tags`, or CoNLL columns
    (word first, tag last). If the policy was trained on this very file, only its test part is counted; the answer
    says so.

    Example: finsurge evaluate labelled.jsonl --policy runs/first/policy

    Example: finsurge evaluate labelled.jsonl --slices --stability --errors wrong.jsonl
    """
    from models.labelled.datasets import LabelledFile
    from pipeline.learning.evaluation_tables import tables_of
    from pipeline.learning.evaluation_view import EvaluationView
    from pipeline.learning.judged import open_judged, other_precisions, served_limits
    from pipeline.learning.measurement import measure

    settings = replace(settings, policy=policy) if policy else settings
    _check_new(errors)
    content = LabelledFile.read(file)
    judged = open_judged(settings, content.sentences)
    others = other_precisions(settings, judged.policy) if with_stability and judged.policy else None
    with EvaluationView(Console(stderr=True)) as view:
        measurement = measure(judged, file, content, served_limits(settings), view.following, others)
    if content.sentences and not measurement.tags:
        click.echo("tags not compared: the policy knows mentions alone, which span F1 is about", err=True)
    if errors:
        _write(errors, measurement.mistakes)
        click.echo(f"{len(measurement.mistakes)} wrong answers in {errors}", err=True)
    if as_json:
        click.echo(json.dumps(measurement.to_dict(), indent=2))
        return
    for table in tables_of(measurement, with_slices=with_slices):
        Console().print(table)


def _check_new(errors: Path | None) -> None:
    from pipeline.errors import CommandFailed

    if errors and (errors.exists() or errors.is_symlink()):
        raise CommandFailed(f"{errors} is there already; name a new file with --errors")
    if errors and not errors.parent.is_dir():
        raise CommandFailed(f"cannot write to {errors}: {errors.parent} is no folder; make it first")


def _write(errors: Path, mistakes: tuple[Mistake, ...]) -> None:
    import msgspec

    from pipeline.errors import CommandFailed, one_line

    try:
        with errors.open("xb") as out:
            out.writelines(msgspec.json.encode(mistake) + b"\n" for mistake in mistakes)
    except OSError as error:
        raise CommandFailed(f"cannot write to {errors}: {one_line(error)}; name another with --errors") from None
