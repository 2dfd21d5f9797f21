"""How a backfill or a rebuild stands, as workers and other runs see it, on a real Kafka."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.broker.rebuild_log import RebuildRecord, append, check_whole, read_last
from pipeline.broker.topics import create, topic_specs
from pipeline.errors import CommandFailed
from pipeline.settings import Settings

pytestmark = pytest.mark.kafka
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> Settings:
    settings = Settings(broker=f"kafka://{kafka}", topic_prefix=topic_prefix, partitions=2)
    create(settings.connection, topic_specs(topic_prefix, 2))
    return settings


def record(run: str, status: str, **changes: Any) -> RebuildRecord:
    fields: dict[str, Any] = {"id": run, "command": "rebuild", "status": status, "at": NOON}
    return RebuildRecord(**fields | changes)


async def test_a_state_that_is_half_written_is_told_with_its_mend_until_it_is_whole(settings: Settings) -> None:
    assert await read_last(settings) is None
    await check_whole(settings)
    deciding = record("a", "deciding", command="backfill", deciding_from=(3, 4))
    await append(settings, deciding, None)
    await check_whole(settings)  # nothing of the state is touched yet
    writing = record("a", "writing", history=((3, 7), (4, 9)))
    await append(settings, writing, deciding)
    with pytest.raises(CommandFailed, match=r"^the rebuild of 2026-01-02 12:00:00 UTC is not done, and its state "):
        await check_whole(settings)
    whole = record("a", "whole", history=((3, 7), (4, 9)))
    await append(settings, whole, writing)
    await check_whole(settings)
    assert await read_last(settings) == whole


async def test_of_two_runs_that_begin_at_once_one_is_refused(settings: Settings) -> None:
    first = record("a", "writing")
    await append(settings, first, None)
    with pytest.raises(CommandFailed, match=r"^another rebuild began at 2026-01-02 12:00:00 UTC; let it end$"):
        await append(settings, record("b", "writing"), None)
    with pytest.raises(CommandFailed, match="another rebuild began"):
        await append(settings, record("a", "whole"), first)  # the other one may have written in between


async def test_a_deployment_without_the_kafka_topic_was_never_rebuilt(settings: Settings) -> None:
    elsewhere = replace(settings, topic_prefix=f"{settings.topic_prefix}none-")
    assert await read_last(elsewhere) is None
    await check_whole(elsewhere)
