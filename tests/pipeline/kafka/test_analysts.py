"""Whose rounds are held, as Kafka has it, and their release, which every process hears of."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner
from prometheus_client import CollectorRegistry

from pipeline.broker.topics import create, topic_specs
from pipeline.commands.analysts import command
from pipeline.errors import CommandFailed
from pipeline.feedback.actions import QuarantineReleased
from pipeline.feedback.actions_feed import ActionsFeed
from pipeline.feedback.audit import entries_of
from pipeline.feedback.records import RoundRecord
from pipeline.learner.decisions_feed import DecisionsFeed
from pipeline.learner.drift import DriftWatch
from pipeline.learner.metrics import LearnerMetrics
from pipeline.learner.process import PORT, LearnerProcess
from pipeline.learner.round_log import RoundLog
from pipeline.learner.rounds_feed import RoundsFeed
from pipeline.learner.weighed_rounds import WeighedRounds
from pipeline.ports import free_port
from pipeline.records import encode
from pipeline.settings import Settings
from rl.analysts.guard import AnalystGuard

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


@pytest.fixture
def rounds(record: Callable[..., RoundRecord]) -> list[RoundRecord]:
    """Forty honest answers, and ten of one who calls good what is bad."""
    names = ("ada", "bob", "cy", "dee", "flo")
    honest = [
        record(number, analyst=names[number % 5], minute=number * 144, sentiment="negative") for number in range(40)
    ]
    return honest + [record(100 + k, analyst="eve", minute=k * 400, sentiment="positive") for k in range(10)]


async def send(settings: Settings, name: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap, acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(settings.kafka_topic(name), value, key=value[:9])
    finally:
        await producer.stop()


@pytest.fixture
def settings(kafka: str, topic_prefix: str, rounds: list[RoundRecord], tmp_path: Path) -> Settings:
    settings = Settings(broker=f"kafka://{kafka}", topic_prefix=topic_prefix, partitions=2, state_dir=tmp_path)
    create(settings.connection, topic_specs(topic_prefix, 2))
    asyncio.run(send(settings, "rounds", [*(encode(each) for each in rounds), b"none of ours"]))
    return settings


def held(settings: Settings) -> dict[str, list[str]]:
    shown = json.loads(CliRunner().invoke(command, ["--json"], obj=settings, catch_exceptions=False).stdout)
    return {
        row["analyst"]: [f"{each['topic']} {each['push']} since {each['since']}" for each in row["quarantines"]]
        for row in shown["analysts"]
    }


def test_a_push_is_shown_and_a_second_person_releases_it_for_every_process(settings: Settings) -> None:
    honest: dict[str, list[str]] = {name: [] for name in ("ada", "bob", "cy", "dee", "flo")}
    assert held(settings) == {**honest, "eve": ["tesla positive since 2026-01-02"]}
    asyncio.run(send(settings, "actions", [b"none of ours", b'{"type":"silenced"}']))
    arguments = ["release", "eve", "tesla", "--by", "ada", "--reason", "they did drop it"]
    released = CliRunner().invoke(command, arguments, obj=settings, catch_exceptions=False)
    assert released.stdout.startswith("eve is released on tesla by ada: answers until ")
    assert held(settings)["eve"] == []
    heard: list[QuarantineReleased] = []

    async def read() -> None:
        async with ActionsFeed(settings.connection, settings.kafka_topic("actions"), heard.append) as feed:
            await feed.read_all()
            assert await feed.read() == 0

    asyncio.run(read())
    assert [(each.analyst, each.by, each.reason) for each in heard] == [("eve", "ada", "they did drop it")]
    again = CliRunner().invoke(command, arguments, obj=settings)
    assert str(again.exception) == "nothing of eve is held on tesla: see `finsurge analysts`"


def test_who_may_release_is_said_in_the_file_of_analysts(settings: Settings, tmp_path: Path) -> None:
    roster = tmp_path / "analysts.yaml"
    roster.write_text("analysts:\n- id: ada\n- id: bob\n  may_release: true\n")
    settings = replace(settings, analysts=roster)
    refused = CliRunner().invoke(
        command, ["release", "eve", "tesla", "--by", "ada", "--reason", "it is so"], obj=settings
    )
    assert isinstance(refused.exception, CommandFailed)
    assert "ada may not release" in str(refused.exception)
    released = CliRunner().invoke(
        command, ["release", "eve", "tesla", "--by", "bob", "--reason", "it is so", "--json"], obj=settings
    )
    assert json.loads(released.stdout)["by"] == "bob"


def test_the_learners_feeds_read_all_and_go_on_where_they_were(settings: Settings, tmp_path: Path) -> None:
    async def read(folder: Path, n_expected: int) -> tuple[int, int]:
        metrics = LearnerMetrics(CollectorRegistry())
        drift = DriftWatch(folder / "drift.json", metrics)
        with RoundLog(folder / "rounds.sqlite") as log:
            weighed = WeighedRounds(log, AnalystGuard(), drift.answered)
            name = settings.kafka_topic
            counted: list[tuple[int, int]] = []
            feed = RoundsFeed(settings.connection, name("rounds"), weighed, lambda *n: counted.append(n))
            decisions = DecisionsFeed(settings.connection, name("decisions"), drift)
            async with feed, decisions:
                await send(settings, "decisions", [decided, decided])
                await feed.read_all()
                n_decisions = 0
                while n_decisions < n_expected:
                    await feed.read(timeout_s=0.1)  # as the process does: in the meantime more is fetched
                    n_decisions += await decisions.read()
                assert await decisions.read() == 0
                drift.save()
            return sum(n_rounds for n_rounds, _ in counted), n_decisions

    decided = (
        b'{"type":"decision","published_at":"2026-01-02T03:04:05Z","kind":"news","sentiment":[0.1,0.8,0.1],'
        b'"spans":[],"policy_version":"p-1"}'
    )
    assert asyncio.run(read(tmp_path, 2)) == (50, 2)
    asyncio.run(send(settings, "decisions", [decided]))
    assert asyncio.run(read(tmp_path, 3)) == (0, 3)


def test_a_learner_holds_the_push_hears_of_its_release_and_audits_both(settings: Settings) -> None:
    path = settings.state_dir / "learner" / "audit.jsonl"

    def audited() -> list[str]:
        return [entry.action.value for entry in entries_of(path)] if path.exists() else []

    async def until(n_entries: int, learner: asyncio.Task[None]) -> None:
        while len(audited()) < n_entries and not learner.done():
            await asyncio.wait({learner}, timeout=0.2)

    async def run() -> None:
        stop = asyncio.Event()
        learner = asyncio.create_task(LearnerProcess(settings).run(stop))
        await until(1, learner)
        action = QuarantineReleased(
            id="a-1", topic="tesla", analyst="eve", by="ada", at=datetime.now(UTC), reason="they did drop it"
        )
        await send(settings, "actions", [encode(action)])
        await until(2, learner)
        stop.set()
        await learner

    settings = replace(settings, http_port=free_port() - PORT)
    asyncio.run(run())
    assert audited() == ["quarantined", "quarantine_released"]
    asyncio.run(_once_more(settings))
    assert audited() == ["quarantined", "quarantine_released"]  # a restart repeats nothing


async def _once_more(settings: Settings) -> None:
    """Start the learner again, and end it once it has read all there is."""
    stop = asyncio.Event()
    learner = asyncio.create_task(LearnerProcess(settings).run(stop))
    url = f"http://127.0.0.1:{settings.http_port + PORT}/metrics"
    async with aiohttp.ClientSession() as session:
        while not learner.done():
            try:
                async with session.get(url) as answer:
                    if "finsurge_learner_fresh_rounds 50.0" in await answer.text():
                        break
            except aiohttp.ClientError:
                pass  # not listening yet
            await asyncio.wait({learner}, timeout=0.2)
    stop.set()
    await learner
