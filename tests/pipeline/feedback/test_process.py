"""The join as a process on the embedded broker: what a kill between transaction and sending leaves is sent."""

from __future__ import annotations

import asyncio
import dataclasses
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from prometheus_client import CollectorRegistry

from models.keyword import KeywordPolicy
from pipeline.broker.embedded import EmbeddedBroker
from pipeline.feedback.assembly import AUDIT_FILE, STORE_FILE, feedback_folder, open_feedback
from pipeline.feedback.audit import AuditBroken, entries_of
from pipeline.feedback.feed import FeedbackFeed
from pipeline.feedback.feedback import READ
from pipeline.feedback.metrics import FeedbackMetrics
from pipeline.feedback.process import PORT, FeedbackProcess
from pipeline.feedback.roster import RosterFile
from pipeline.feedback.store import FeedbackStore, Sending, StoreUnusable
from pipeline.ports import free_ports
from pipeline.records import Decision, Document, Origin, SketchRecord, encode
from pipeline.settings import Settings
from pipeline.wiring import open_watchlist

SENT = ("reviews", "rounds", "documents.dlq")


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as running:
        yield running


@pytest.fixture
def settings(broker: EmbeddedBroker, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    prefix = f"{request.node.name[:40]}-"
    broker.precreate(prefix + name for name in (*READ, *SENT))
    analysts = tmp_path / "analysts.yaml"
    analysts.write_text("analysts: [{id: ada}, {id: bob}]\n")
    return Settings(
        broker=f"kafka://{broker.bootstrap}",
        topic_prefix=prefix,
        state_dir=tmp_path / "state",
        analysts=analysts,
        watchlist="crypto",
        review_uniform=0.5,
        review_per_day=float("inf"),
        http_port=free_ports(PORT + 1),
    )


def once(settings: Settings) -> None:
    asyncio.run(FeedbackProcess(settings, is_once=True).run(asyncio.Event()))


def publish(settings: Settings, n: int, first: int = 0) -> None:
    """Put documents and what a keyword policy decides of them on the broker."""
    asyncio.run(_publish(settings, range(first, first + n)))


async def _publish(settings: Settings, numbers: range) -> None:
    policy, now = KeywordPolicy(), datetime.now(UTC)
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap) as producer:
        for number in numbers:
            key, text = f"d-{number}", f"FTX halts withdrawals number {number} after crash " + "word " * 80
            document = Document(schema=1, id=key, kind="news", source="Wire", published_at=now, text=text)
            lies_at = await producer.send_and_wait(settings.kafka_topic("documents"), encode(document), key.encode())
            [action] = policy.decide(policy.tokenize([text]))
            decision = Decision(
                document_id=key, origin=Origin(lies_at.partition, lies_at.offset), kind="news", source="Wire",
                published_at=now, ingested_at=now, decided_at=now, excerpt=text[:300], url=None,
                sentiment=action.sentiment, spans=(), propensity=1.0, policy_version="keyword", from_cache=False,
                sketch=SketchRecord((number,)),
            )  # fmt: skip
            topic = settings.kafka_topic("decisions")
            await producer.send_and_wait(topic, encode(decision), key.encode(), partition=lies_at.partition)


def correct(settings: Settings, *corrections: dict[str, Any] | bytes) -> None:
    asyncio.run(_correct(settings, corrections))


async def _correct(settings: Settings, corrections: tuple[dict[str, Any] | bytes, ...]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap) as producer:
        for said in corrections:
            value = said if isinstance(said, bytes) else msgspec.json.encode(said)
            await producer.send_and_wait(settings.kafka_topic("corrections"), value, b"k")


def said(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "schema": 1, "id": f"c-{number}", "document_id": f"d-{number}", "analyst": "ada", "verdict": "correct",
        "labels": {"sentiment": "neutral"}, "corrected_at": datetime.now(UTC).isoformat(), **changes,
    }  # fmt: skip


def sent(settings: Settings) -> dict[str, list[bytes]]:
    """Return the values that lie in each Kafka topic, `decisions` among them, sorted."""
    return {name: sorted(values) for name, values in asyncio.run(_sent(settings)).items()}


async def _sent(settings: Settings) -> dict[str, list[bytes]]:
    names = {settings.kafka_topic(name): name for name in (*SENT, "decisions")}
    values: dict[str, list[bytes]] = {name: [] for name in names.values()}
    async with AIOKafkaConsumer(
        *names, bootstrap_servers=settings.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        while [place for place, end in ends.items() if await consumer.position(place) < end]:
            for place, records in (await consumer.getmany(timeout_ms=500)).items():
                values[names[place.topic]] += [record.value for record in records]
    return values


def revisions(values: dict[str, list[bytes]]) -> list[bytes]:
    return [value for value in values["decisions"] if b'"type":"revision"' in value]


def test_what_is_there_is_taken_and_what_follows_is_sent(settings: Settings) -> None:
    publish(settings, 20)
    correct(settings, said(3), said(3), b"{", said(4, analyst="eve"), said(99))
    once(settings)
    values = sent(settings)
    assert [msgspec.json.decode(value)["id"] for value in values["rounds"]] == ["c-3"]
    assert len(revisions(values)) == 1
    assert len(values["documents.dlq"]) == 2
    assert 3 <= len(values["reviews"]) <= 17  # 20 coins of about a half
    audited = list(entries_of(feedback_folder(settings) / AUDIT_FILE))
    assert sorted((entry.action.value, entry.subject) for entry in audited) == [
        ("correction_accepted", "c-3"), ("correction_refused", "c-4"), ("correction_refused", "unknown")
    ]  # fmt: skip
    once(settings)
    assert sent(settings) == values
    publish(settings, 1, first=99)  # what the last correction waits for
    once(settings)
    assert [msgspec.json.decode(value)["id"] for value in sent(settings)["rounds"]] == ["c-3", "c-99"]


def die_before_sending(settings: Settings) -> list[Sending]:
    """Take what there is, end as a kill would before the sending, and return what was to be sent."""

    async def take() -> list[Sending]:
        folder = feedback_folder(settings)
        metrics = FeedbackMetrics(CollectorRegistry())
        watchlist, roster, now = open_watchlist(settings), RosterFile(settings.analysts), datetime.now(UTC)
        with FeedbackStore(folder / STORE_FILE) as store:
            feedback = open_feedback(settings, store, roster, watchlist, metrics, folder / AUDIT_FILE, now)
            async with FeedbackFeed(settings, store) as feed:
                ends = await feed.ends()
                while await feed.n_behind(ends):
                    feedback.step(await feed.read(timeout_s=0.2), now, is_caught_up=False)
            feedback.close()
            return [sending for _, sending in store.outbox(10_000)]

    return asyncio.run(take())


def test_what_a_kill_leaves_in_the_outbox_is_sent_by_the_next(settings: Settings) -> None:
    publish(settings, 10)
    correct(settings, said(0), said(1), said(2), b"{")
    waiting = die_before_sending(settings)
    assert not any(sent(settings)[name] for name in SENT)
    once(settings)
    values = sent(settings)
    for name in SENT:
        assert sorted(values[name]) == sorted(each.value for each in waiting if each.kafka_topic == name)
    assert sorted(revisions(values)) == sorted(each.value for each in waiting if each.kafka_topic == "decisions")
    assert len(values["rounds"]) == len(revisions(values)) == 3


def test_what_the_broker_had_before_a_kill_is_repeated_byte_by_byte(settings: Settings) -> None:
    publish(settings, 10)
    correct(settings, said(0), said(1), said(2))
    waiting = die_before_sending(settings)

    async def send_half() -> None:
        async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap) as producer:
            for each in waiting[: len(waiting) // 2]:
                topic = settings.kafka_topic(each.kafka_topic)
                await producer.send_and_wait(topic, each.value, each.key, partition=each.partition)

    asyncio.run(send_half())
    once(settings)
    values = sent(settings)
    rounds = [msgspec.json.decode(value)["id"] for value in sorted(set(values["rounds"]))]
    assert sorted(rounds) == ["c-0", "c-1", "c-2"]  # each id is of one value only
    assert len(values["rounds"]) + len(values["reviews"]) + len(revisions(values)) == len(waiting) * 3 // 2
    with FeedbackStore(feedback_folder(settings) / STORE_FILE) as store:
        assert store.outbox() == []


def test_metrics_and_health_are_on_a_port_of_its_own(settings: Settings) -> None:
    async def look() -> tuple[str, int]:
        stop = asyncio.Event()
        running = asyncio.create_task(FeedbackProcess(settings).run(stop))
        url = f"http://127.0.0.1:{settings.http_port + PORT}"

        def ask(path: str) -> tuple[str, int]:
            with urllib.request.urlopen(url + path, timeout=5) as answer:  # noqa: S310
                return answer.read().decode(), answer.status

        for _ in range(100):
            try:
                _, status = await asyncio.to_thread(ask, "/readyz")
                break
            except OSError:
                await asyncio.wait([running], timeout=0.1)
        shown, _ = await asyncio.to_thread(ask, "/metrics")
        stop.set()
        await running
        return shown, status

    shown, status = asyncio.run(look())
    assert status == 200
    for name in ("reviews_drawn_total", "feedback_corrections_total", "feedback_rejected_total",
                 "feedback_lag_records", "feedback_store_bytes", "reviews_unanswered_total"):  # fmt: skip
        assert f"finsurge_{name}" in shown


def test_a_second_join_and_a_damaged_audit_log_are_refused_with_the_mend(settings: Settings) -> None:
    publish(settings, 1)
    correct(settings, said(0))
    once(settings)
    folder = feedback_folder(settings)
    with FeedbackStore(folder / STORE_FILE), pytest.raises(StoreUnusable, match="another `finsurge feedback` uses"):
        once(settings)
    log = folder / AUDIT_FILE
    kept = log.read_bytes()
    log.write_bytes(kept.replace(b"ada", b"bob"))
    with pytest.raises(AuditBroken, match="was changed after it was written"):
        once(settings)
    log.unlink()
    with pytest.raises(AuditBroken, match="the audit log of 1 entries is gone; restore it from a copy"):
        once(settings)


def test_a_store_that_has_read_what_this_kafka_never_had_is_refused(settings: Settings) -> None:
    publish(settings, 1)
    once(settings)
    with FeedbackStore(feedback_folder(settings) / STORE_FILE) as store, store.step():
        store.advance({("corrections", 2): 7})
    with pytest.raises(
        StoreUnusable, match=r"corrections-2 up to 7, and 127.0.0.1:\d+ has it up to 0; it is of another"
    ):
        once(settings)


def test_without_a_file_of_analysts_nobody_may_correct_and_that_is_said(settings: Settings, caplog) -> None:
    publish(settings, 1)
    correct(settings, said(0))
    once(dataclasses.replace(settings, analysts=None))
    assert any("set FINSURGE_ANALYSTS" in record.getMessage() for record in caplog.records)
    assert len(sent(settings)["documents.dlq"]) == 1
