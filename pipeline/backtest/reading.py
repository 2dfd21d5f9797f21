"""Documents of a file through the policy, once: their decisions are kept, and used again while nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.backtest.decisions import DecisionStore, Kept, MadeOf, sha256_of_code, sha256_of_file
from pipeline.errors import CommandFailed
from pipeline.ingest.input_file import InputFile
from pipeline.ingest.mapping import FieldMapping
from pipeline.ingest.view import IngestView
from pipeline.records import Decision
from pipeline.rejects import RecordRejected
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.reading.reader import Reader  # loads torch

_READING = ("models", "pipeline.reading")


def policy_version(settings: Settings) -> str:
    """Return the version of the policy that the settings name, without loading it.

    Raises:
        CheckpointMismatch: its files are missing or damaged.
    """
    from models.checkpoint import SHIPPED, read_manifest

    return read_manifest(SHIPPED if settings.policy == "shipped" else Path(settings.policy)).version


def made_of(settings: Settings, policy_version: str, file: InputFile, mapping: FieldMapping) -> MadeOf:
    """Return what the decisions on a file depend on.

    Raises:
        CommandFailed: it is standard input, which cannot be read twice, or is not there.
    """
    if file.is_standard_input:
        raise CommandFailed("a back-test needs a file, not standard input; write that into one first")
    try:
        sha256 = sha256_of_file(Path(file.name))
    except OSError as error:
        raise CommandFailed(f"cannot read {file.name}: {(error.strerror or str(error)).lower()}") from None
    return MadeOf(
        file_sha256=sha256,
        policy_version=policy_version,
        code_sha256=sha256_of_code(*_READING),
        file_format=file.file_format,
        columns=dict(mapping.columns),
        kind=mapping.kind or "news",
        source=mapping.source or "",
        max_padded_tokens=settings.max_padded_tokens,
        max_batch_documents=settings.max_batch_documents,
        device=settings.device,
    )


def decide_file(
    file: InputFile,
    mapping: FieldMapping,
    depends_on: MadeOf,
    store: DecisionStore,
    view: IngestView,
    new_reader: Callable[[], Reader],
) -> Kept:
    """Return the decisions on a file: those that are kept, if nothing that they depend on is changed, or new ones.

    Args:
        file: the documents.
        mapping: of its columns.
        depends_on: of its decisions.
        store: where they are kept.
        view: is told of them.
        new_reader: makes the reader, which takes a while.

    Raises:
        CommandFailed: the folder cannot be written.
        FileUnreadable: the file cannot be read.
    """
    from pipeline.replay.files import decide_rows

    kept = store.kept(depends_on)
    if kept is not None:
        view.tell(f"{kept.n_decided:,} decisions of {depends_on.policy_version} used again, from {store.log.file}")
        return kept
    reader = new_reader()
    n_rejected = 0

    def reject(number: int, rejected: RecordRejected) -> None:
        nonlocal n_rejected
        n_rejected += 1
        view.reject(file.name, number, rejected)

    def decisions() -> Iterator[Decision]:
        rows = file.rows(mapping)
        for decision in decide_rows(rows, mapping, reader, reject, depends_on.max_batch_documents):
            yield decision
            view.advance()

    view.open(file)
    kept = store.keep(depends_on, decisions(), lambda: n_rejected)
    view.close()
    return kept
