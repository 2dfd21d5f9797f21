"""The guard over analysts as a deployment's settings have it, and the gold items that it judges them by."""

from __future__ import annotations

from pathlib import Path

import msgspec

from models.errors import DataInvalid
from models.labelled.datasets import read_examples
from models.labelled.example import Example
from models.labelled.lines import Lines
from pipeline.settings import Settings
from rl.analysts.guard import AnalystGuard, GuardConfig


class _Gold(msgspec.Struct):
    id: str


def new_guard(settings: Settings) -> AnalystGuard:
    """Return a guard that knows no round yet.

    >>> new_guard(Settings(sensitive_topics="TSLA")).quarantines()
    []

    Raises:
        DataInvalid: the file of gold items has a mistake.
    """
    config = GuardConfig(sensitive_topics=settings.sensitive_topic_ids)
    return AnalystGuard(config, load_gold(settings.gold) if settings.gold else None)


def load_gold(path: Path) -> dict[str, Example]:
    """Return the right labels of documents by id, from labelled JSON lines that name their document.

    Raises:
        DataInvalid: the file is missing, a line is no labelled text, or has no `id`; names file and line.
    """
    lines = Lines.read(path)
    if not lines.are_json:
        raise DataInvalid(f"{path}: gold items must be JSON lines with `id`, `text` and labels")
    ids: list[str] = []
    for number, line in enumerate(lines.lines, start=1):
        try:
            if line.strip():
                ids.append(msgspec.json.decode(line, type=_Gold).id)
        except msgspec.DecodeError as error:
            raise lines.error(number, error) from error
    return dict(zip(ids, read_examples(path), strict=True))
