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
    from models.checkpoint import Manifest
    from models.training.example import Example


@click.command("evaluate")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--policy", help="`shipped`, or a policy's folder, instead of FINSURGE_POLICY.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def command(settings: Settings, file: Path, policy: str | None, as_json: bool) -> None:
    """Measure a policy on labelled examples: JSON lines of texts with labels, or of tokens with tags.

    If the policy was trained on this very file, only its test part is counted; the answer says so.

    Example: finsurge evaluate labelled.jsonl --policy runs/first/policy
    """
    from models.training.datasets import read_examples
    from models.training.evaluation import evaluate_by_source
    from pipeline.errors import CommandFailed
    from pipeline.learning.figures import figures_table
    from pipeline.reading.reader import open_policy

    examples = read_examples(file)
    judged = open_policy(replace(settings, policy=policy) if policy else settings)
    part, counted = _unseen(file, examples, judged.manifest)
    if not counted:
        raise CommandFailed(f"{file}: no examples to measure on; give a file with labelled lines")
    figures = {source: report.to_dict() for source, report in evaluate_by_source(judged, counted).items()}
    if as_json:
        told = {"policy_version": judged.version, "file": str(file), "part": part, "figures": figures}
        click.echo(json.dumps(told, indent=2))
        return
    which = "test part of a file it was trained on" if part == "test" else "all examples"
    Console().print(figures_table(figures, f"{judged.version}, {which}"))


def _unseen(file: Path, examples: list[Example], manifest: Manifest) -> tuple[str, list[Example]]:
    from models.encoder import sha256_of
    from models.training.example import examples_of

    if sha256_of(file) in manifest.data_sha256.values():
        return "test", examples_of(examples, "test")
    return "all", examples
