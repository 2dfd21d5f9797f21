"""`finsurge trends` as an analyst sees it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner, Result

from pipeline.broker.embedded import EMBEDDED_PARTITIONS, EmbeddedBroker
from pipeline.commands.trends import command
from pipeline.errors import CommandFailed
from pipeline.records import ChangeRecord, TrendRecord, encode
from pipeline.settings import Settings
from pipeline.stage import partition_of

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def hour(n: int, status: str = "final", n_negative: int = 1, n_stories: int = 2) -> TrendRecord:
    return TrendRecord(
        topic="ftx",
        start_at=NOON + timedelta(hours=n),
        end_at=NOON + timedelta(hours=n + 1),
        status=status,  # type: ignore[arg-type]
        n_documents=4,
        n_stories=n_stories,
        n_negative=n_negative,
        n_neutral=n_stories - n_negative,
        n_positive=0,
        polarity=-0.4 if n_stories else None,
        negative_share=n_negative / n_stories if n_stories else None,
        n_sources=3,
        policy_versions={"v1": 4},
        novelty=n_stories / 4,
        negative_interval=(0.15, 0.85) if n_stories else None,
        adjusted_negative_share=0.47 if n else None,
        day_before=ChangeRecord(4, 0.5, -0.25) if n else None,
    )


WINDOWS = [hour(0, "provisional"), hour(0), hour(1, n_negative=2), hour(5, n_negative=0, n_stories=0)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "trends.jsonl"
    path.write_bytes(b"".join(encode(window) + b"\n" for window in WINDOWS))
    return path


def run(*arguments: object, settings: Settings | None = None) -> Result:
    wide = {"COLUMNS": "200"}
    return CliRunner(env=wide).invoke(
        command, [str(each) for each in arguments], obj=settings or Settings(), catch_exceptions=False
    )


def row(printed: str, start: str) -> list[str]:
    (found,) = [line for line in printed.splitlines() if start in line]
    return found.split()[1:]


def test_a_table_shows_the_last_word_on_each_window_and_na_where_there_is_nothing(file: Path) -> None:
    printed = run("ftx", "--file", file).stdout
    # documents, stories, negative, its interval, adjusted, positive, polarity, sources, novelty, changes, status
    first = ["4", "2", "50%", "15%-85%", "NA", "NA", "-0.40", "3", "50%", "NA", "NA", "final"]
    assert row(printed, "2026-01-02 12:00")[1:] == first
    assert row(printed, "2026-01-02 13:00")[5:] == ["47%", "NA", "-0.40", "3", "50%", "×0.5,", "-25", "NA", "final"]
    assert row(printed, "2026-01-02 17:00")[3:8] == ["NA", "NA", "47%", "NA", "NA"]
    assert "… 3 without" in printed


def test_the_last_windows_are_shown_where_there_are_many(tmp_path: Path) -> None:
    path = tmp_path / "trends.jsonl"
    path.write_bytes(b"".join(encode(hour(n)) + b"\n" for n in range(107)))
    printed = run("ftx", "--file", path).stdout
    assert "7 earlier windows left out" in printed
    assert "2026-01-02 18:00" not in printed
    assert "2026-01-02 19:00" in printed


def test_json_is_what_lies_in_trends(file: Path) -> None:
    found = json.loads(run("ftx", "--file", file, "--json", "--to", "2026-01-02T13:00").stdout)
    assert found == [json.loads(encode(hour(0)))]
    assert found[0]["resolution_s"] == 3_600


def test_a_plot_is_drawn_beside_it(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "ftx.png"
    assert run("ftx", "--file", file, "--plot", picture).exit_code == 0
    assert picture.read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(CommandFailed, match=r"--plot .*ftx\.nothing: Format 'nothing' is not supported"):
        run("ftx", "--file", file, "--plot", tmp_path / "ftx.nothing")


def test_a_topic_without_windows_is_one_line(file: Path) -> None:
    with pytest.raises(
        CommandFailed, match=r"no window of 1d of the topic 'ftx' in .*trends\.jsonl: is that its id\?"
    ):
        run("ftx", "--file", file, "--resolution", "1d")


def test_a_resolution_without_a_unit_is_refused() -> None:
    result = run("ftx", "--resolution", "60")
    assert result.exit_code == 2
    assert "resolution must be like 5m, 1h or 1d, got '60'" in result.output


def test_windows_are_read_from_the_topic_s_partition_of_a_kafka() -> None:
    pytest.importorskip("confluent_kafka", reason="the embedded broker is an extra")
    with EmbeddedBroker(["trends"]) as broker:
        asyncio.run(publish(broker.bootstrap))
        settings = Settings(broker=f"kafka://{broker.bootstrap}", partitions=12)
        found = json.loads(run("ftx", "--json", settings=settings).stdout)
        with pytest.raises(CommandFailed, match=r"no window of 1h of the topic 'gold' in trends"):
            run("gold", settings=settings)
        with pytest.raises(CommandFailed, match="Kafka topic x-trends is missing"):
            run("ftx", settings=Settings(broker=settings.broker, topic_prefix="x-"))
    assert [(window["start_at"], window["status"]) for window in found] == [
        ("2026-01-02T12:00:00Z", "final"),
        ("2026-01-02T13:00:00Z", "final"),
        ("2026-01-02T17:00:00Z", "final"),
    ]


async def publish(bootstrap: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        for window in WINDOWS:
            partition = partition_of("ftx", EMBEDDED_PARTITIONS)
            await producer.send_and_wait("trends", encode(window), key=b"ftx", partition=partition)
    finally:
        await producer.stop()
