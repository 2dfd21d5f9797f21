"""An exporter that starts when much has happened tells what one tells that was there all the time."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pipeline.exporter.feed import ExporterFeed
from pipeline.exporter.process import Exporter
from pipeline.exporter.selection import SelectionConfig

if TYPE_CHECKING:
    from tests.deploy.observed.conftest import Observed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


async def caught_up(observed: Observed, back: timedelta) -> Exporter:
    """Return an exporter that has read all there is."""
    exporter = Exporter(observed.settings.bin_s, SelectionConfig(max_topics=3, pinned=("tether",)))
    async with asyncio.timeout(60), ExporterFeed(observed.settings, back=back, now=datetime.now(UTC)) as feed:
        while await feed.n_behind() != 0:
            exporter.take(await feed.read(0.2))
    return exporter


def test_it_reads_again_what_matters(observed: Observed) -> None:
    exporter = asyncio.run(caught_up(observed, timedelta(hours=1)))
    shown = exporter.shown(datetime.now(UTC), n_behind=0)
    with urllib.request.urlopen(f"{observed.pages}/episodes", timeout=10) as answer:  # noqa: S310
        told = json.load(answer)
    opened = {row["topic"] for row in told if row["state"] != "closed"}
    assert {episode.alert.topic for episode in shown.episodes} == opened
    assert list(shown.reasons)[:1] == ["tether"]
    assert len(shown.topics) == 3
    assert shown.n_known > 5


def test_what_lies_too_far_back_is_left_where_it_is(observed: Observed) -> None:
    exporter = asyncio.run(caught_up(observed, timedelta()))
    shown = exporter.shown(datetime.now(UTC), n_behind=0)
    assert shown.episodes  # alerts are read from their beginning
    assert shown.n_known == 0
