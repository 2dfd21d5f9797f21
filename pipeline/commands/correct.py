"""`finsurge correct`: what an analyst says of a decided document, checked and sent to `corrections`."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from pipeline.rejects import RecordRejected
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.feedback.batch import Line
    from pipeline.feedback.preview import Preview

_CONNECT_TIMEOUT_S = 10.0


@click.command("correct")
@click.argument("document", required=False)
@click.option("--as", "analyst", metavar="ID", help="Who corrects: an id of the file of analysts.")
@click.option("--confirm", "verdict", flag_value="confirm", help="All that was shown is right.")
@click.option("--reject", "verdict", flag_value="reject", help="Something that was shown is wrong or missing.")
@click.option(
    "--wrong",
    "wrong",
    type=click.IntRange(min=0),
    multiple=True,
    metavar="N",
    help="With --reject: which of what was shown, by its number in `finsurge reviews`; the rest is right.",
)
@click.option("--missing", is_flag=True, help="With --reject: a mention is missing, beside what was shown.")
@click.option(
    "--label",
    "sentiment",
    type=click.Choice(("negative", "neutral", "positive", "mixed")),
    help="What the document is.",
)
@click.option(
    "--mention",
    "mentions",
    multiple=True,
    metavar="NAME=SENTIMENT",
    help="A mention: NAME, NAME=negative, or 10:15=negative by its characters; repeatable.",
)
@click.option("--complete", is_flag=True, help="Nothing else is a mention.")
@click.option("--everywhere", is_flag=True, help="Names are meant wherever they stand in the text.")
@click.option("--review", metavar="ID", help="The review that this answers; see `finsurge reviews`.")
@click.option("--note", help="For people.")
@click.option("--file", "file", type=click.Path(path_type=Path), help="JSON lines, a correction each; - for input.")
@click.option("--dry-run", is_flag=True, help="Check only; needs no broker.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_obj
def command(
    settings: Settings,
    document: str | None,
    analyst: str | None,
    verdict: str | None,
    wrong: tuple[int, ...],
    missing: bool,
    sentiment: str | None,
    mentions: tuple[str, ...],
    complete: bool,
    everywhere: bool,
    review: str | None,
    note: str | None,
    file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Correct or confirm what was decided of a DOCUMENT, or of many with --file.

    It is checked as the join will check it, as far as that can be known here: who corrects, and, where the join's
    store is on this machine, whether the labels fit the text. What is wrong is told with the mend, and not sent.

    Exit code: 0 all sent, 1 something was left out, 2 it could not be done.

    Example: finsurge correct d-17 --as ada --confirm

    Example: finsurge correct d-17 --as ada --reject --wrong 1 --review r-0f3a9c1d2b4e5f60

    Example: finsurge correct d-17 --as ada --label negative --mention "Tesla=negative" --complete

    Example: finsurge correct --as ada --file corrections.jsonl
    """
    from pipeline.feedback.batch import CorrectionBatch, read_lines
    from pipeline.feedback.draft import Draft

    if (wrong or missing) and verdict != "reject":
        raise click.UsageError("--wrong and --missing go with --reject")
    said = _Said(document, verdict, wrong, missing, sentiment, mentions, complete, everywhere, review, note)
    if file is not None and not said.is_empty:
        raise click.UsageError("--file says all by itself; leave out DOCUMENT and what goes with it, but --as")
    lines = said.lines(analyst) if file is None else list(read_lines(_content(file)))

    def tell(number: int, rejected: RecordRejected) -> None:
        where = "" if file is None else f"{file}:{number}: "
        click.echo(f"{where}{rejected}", err=True)

    with _preview(settings) as preview:
        batch = CorrectionBatch(Draft(analyst, datetime.now(UTC)), preview, tell)
        batch.take(lines)
    if not dry_run:
        asyncio.run(_send(settings, batch.ready))
    summary = json.dumps(batch.to_dict(is_dry_run=dry_run)) if as_json else batch.sentence(is_dry_run=dry_run)
    click.echo(summary)
    raise SystemExit(1 if batch.n_rejected else 0)


class _Said:
    """What the options say."""

    def __init__(
        self,
        document: str | None,
        verdict: str | None,
        wrong: Sequence[int],
        missing: bool,
        sentiment: str | None,
        mentions: Sequence[str],
        complete: bool,
        everywhere: bool,
        review: str | None,
        note: str | None,
    ) -> None:
        from pipeline.feedback.draft import labels_of

        self.document, self._verdict, self._review, self._note = document, verdict, review, note
        self._wrong = {"wrong": list(wrong), "is_missing": missing} if wrong or missing else {}
        try:
            self._labels = labels_of(sentiment, mentions, is_complete=complete, is_everywhere=everywhere)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--mention") from None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said but in a file."""
        return not any((self.document, self._verdict, self._labels, self._review, self._note))

    def lines(self, analyst: str | None) -> list[Line]:
        """Return the one correction."""
        if not self.document:
            raise click.UsageError("say which DOCUMENT, or --file for many")
        if not analyst:
            raise click.UsageError("say who corrects: --as ID")
        if self._verdict is None and not self._labels:
            raise click.UsageError("say what: --confirm, --reject, or what is right with --label and --mention")
        if self._verdict is not None and self._labels:
            raise click.UsageError(f"--{self._verdict} goes without labels; leave it out to say what is right")
        fields: dict[str, Any] = {
            "id": f"c-{uuid4().hex[:16]}",
            "document_id": self.document,
            "verdict": self._verdict or "correct",
            **self._wrong,
            "labels": self._labels or None,
            "review_id": self._review,
            "note": self._note,
        }
        return [(1, {name: value for name, value in fields.items() if value is not None})]


def _preview(settings: Settings) -> Preview:
    from pipeline.feedback.assembly import STORE_FILE, feedback_folder
    from pipeline.feedback.preview import Preview
    from pipeline.feedback.roster import load_roster

    roster = load_roster(settings.analysts) if settings.analysts else None
    return Preview(feedback_folder(settings) / STORE_FILE, roster, settings.correction_horizon_s)


def _content(file: Path) -> list[bytes]:
    value = click.get_binary_stream("stdin").read() if str(file) == "-" else file.read_bytes()
    return value.splitlines()


async def _send(settings: Settings, ready: Sequence[tuple[str, bytes]]) -> None:
    from pipeline.ingest.document_sender import DocumentSender

    if not ready:
        return
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the one line at the end says what came of it
    settings.connection.reach(_CONNECT_TIMEOUT_S)
    kafka_topic = settings.kafka_topic("corrections")
    async with DocumentSender(settings.connection, kafka_topic, noun="corrections") as sender:
        for key, value in ready:
            await sender.send_raw(key, value)
