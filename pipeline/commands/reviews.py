"""`finsurge reviews`: what analysts are asked about."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.feedback.open_reviews import OpenReview

_MAX_TEXT = 300


@click.command("reviews")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many, the next due first.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value, with the whole texts.")
@click.pass_obj
def command(settings: Settings, limit: int, as_json: bool) -> None:
    """List the documents that wait for an analyst's answer, with what was decided; of blind ones that is not shown.

    Answer with `finsurge correct DOCUMENT --review ID --as YOU --confirm`, or with what is right instead.

    Example: finsurge reviews

    Example: finsurge reviews --limit 500 --json
    """
    from pipeline.feedback.open_reviews import open_reviews

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    settings.connection.reach(timeout_s=10.0)
    now = datetime.now(UTC)
    waiting = asyncio.run(open_reviews(settings, now, limit))
    if as_json:
        click.echo(json.dumps([review.to_dict() for review in waiting], indent=2))
    elif waiting:
        Console().print(_table(waiting, now))
    else:
        click.echo("no review waits for an answer; they are drawn by `finsurge feedback`")


def _table(waiting: list[OpenReview], now: datetime) -> Table:
    table = Table("review", "document", "text", "proposal", "why", "due in")
    for each in waiting:
        review = each.review
        text = each.text if each.text is not None else "(no longer in `documents`)"
        hours = (review.due_at - now).total_seconds() / 3600
        shown = text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"
        table.add_row(
            *(escape(cell) for cell in (review.id, review.document_id, shown, each.proposal)),
            review.reason.value,
            f"{hours:.0f} h",
        )
    return table
