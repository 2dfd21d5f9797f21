"""What a user gets wrong: one line that says what, where and the mend, another exit code than 0, no traceback."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.checkpoint import SHIPPED
from pipeline.ports import free_port

NOBODY = "kafka://127.0.0.1:1"  # a port that only root could listen on
ROW = '{"id": "1", "kind": "news", "source": "s", "published_at": "2026-01-01T00:00:00Z", "text": "Tesla falls"}\n'


def line_of(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    (line,) = ended.stderr.splitlines()
    return line


def last_line_of(ended: subprocess.CompletedProcess[str]) -> str:
    """Return the mistake's line of a process that has logged before."""
    *logged, line = ended.stderr.splitlines()
    ended.stderr = line
    assert not any(earlier.startswith("finsurge:") for earlier in logged)
    return line_of(ended)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A policy's folder with one byte of its weights changed."""
    folder = tmp_path / "damaged"
    shutil.copytree(SHIPPED, folder)
    with (folder / "policy.safetensors").open("r+b") as weights:
        weights.seek(-1, os.SEEK_END)
        last = weights.read(1)[0]
        weights.seek(-1, os.SEEK_END)
        weights.write(bytes([last ^ 1]))
    return folder


@pytest.fixture
def news(tmp_path: Path) -> Path:
    file = tmp_path / "news.jsonl"
    file.write_text(ROW)
    return file


@pytest.mark.parametrize(
    "words",
    ["worker", "topics create", "topics check", "ingest -", "replay --from-kafka --out o", "rebuild", "backfill -"],
)
def test_a_broker_that_is_not_there(finsurge, words: str) -> None:
    line = line_of(finsurge(*words.split(), BROKER=NOBODY))
    assert "no Kafka at 127.0.0.1:1: connection refused; set FINSURGE_BROKER, or run `finsurge kafka start`" in line


def test_a_watchlist_with_a_mistake(finsurge, tmp_path: Path) -> None:
    file = tmp_path / "watchlist.yaml"
    file.write_text("topics: [{id: ford, name: Ford, tickers: [F]}, {id: other, name: Other, tickers: [F]}]")
    line = line_of(finsurge("worker", WATCHLIST=str(file)))
    assert line == (
        f"finsurge: {file}: topic other: ticker 'F' is claimed by topic ford as well; leave it to one of them"
    )


def test_a_state_folder_that_cannot_be_made(finsurge) -> None:
    line = line_of(finsurge("worker", STATE_DIR="/dev/full/state"))
    assert line == (
        "finsurge: cannot keep state in /dev/full/state: not a directory; "
        "set FINSURGE_STATE_DIR to a folder that can be written"
    )


def test_a_damaged_policy(finsurge, damaged: Path, news: Path) -> None:
    line = line_of(finsurge("replay", str(news), "--out", "replayed", POLICY=str(damaged)))
    assert line.startswith(f"finsurge: {damaged}/policy.safetensors is damaged (sha256 ")
    assert line.endswith("…); fetch it again")


def test_a_disk_that_is_full_under_replay(finsurge, news: Path) -> None:
    line = line_of(finsurge("replay", str(news), "--out", "replayed", max_file_bytes=100))
    assert line == (
        "finsurge: cannot write to replayed: file too large; make room, or name another folder with --out"
    )
    line = line_of(finsurge("replay", str(news), "--out", "/dev/full"))
    assert line.startswith("finsurge: cannot write to /dev/full: file exists; ")


def test_labelled_data_that_are_not_there(finsurge, tmp_path: Path) -> None:
    line = line_of(finsurge("train", DATA=str(tmp_path / "none")))
    assert line == f"finsurge: no labelled data: {tmp_path}/none is no folder; pass --data, or set FINSURGE_DATA"
    line = line_of(finsurge("evaluate", str(tmp_path / "none.jsonl")))
    assert line.startswith(f"finsurge: cannot read {tmp_path}/none.jsonl: ")


def test_a_run_folder_that_cannot_be_written(finsurge, tmp_path: Path) -> None:
    line = line_of(finsurge("train", "--out", "/dev/full"))
    assert line == "finsurge: cannot write to /dev/full: file exists; name another folder with --out"
    texts = [f'{{"text": "shares rise {n} %", "label": "positive"}}\n' for n in range(40)]
    (tmp_path / "texts.jsonl").write_text("".join(texts))
    (tmp_path / "recipe.yaml").write_text("data: {texts.jsonl: 1.0}\nn_epochs: 1\n")
    given = ("--data", str(tmp_path), "--recipe", str(tmp_path / "recipe.yaml"), "--out", "run")
    line = line_of(finsurge("train", *given, max_file_bytes=100))
    assert line == ("finsurge: cannot write to run: file too large; make room, or name another folder with --out")


def test_settings_with_a_mistake(finsurge, tmp_path: Path) -> None:
    assert line_of(finsurge("settings", PARTITIONS="many")) == (
        "finsurge: FINSURGE_PARTITIONS: partitions must be a whole number, got 'many'"
    )
    file = tmp_path / "finsurge.yaml"
    file.write_text("partition: 4\n")
    line = line_of(finsurge("--config", str(file), "settings"))
    assert line == f"finsurge: {file}: unknown setting 'partition'; did you mean partitions?"


@pytest.fixture
def prefix(finsurge, kafka: str, topic_prefix: str) -> str:
    made = finsurge("--broker", f"kafka://{kafka}", "topics", "create", TOPIC_PREFIX=topic_prefix, PARTITIONS="4")
    assert made.returncode == 0, made.stderr
    return topic_prefix


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.mark.kafka
def test_a_port_that_is_taken(finsurge, kafka: str, prefix: str, taken_port: int) -> None:
    settings = {"BROKER": f"kafka://{kafka}", "TOPIC_PREFIX": prefix, "PARTITIONS": "4"}
    line = line_of(finsurge("worker", HTTP_PORT=str(taken_port), **settings))
    assert line == (
        f"finsurge: port {taken_port} on 127.0.0.1 is taken: "
        "stop what listens there, or set FINSURGE_HTTP_PORT to a free one"
    )


@pytest.mark.kafka
def test_kafka_topics_that_are_not_there(finsurge, kafka: str, topic_prefix: str) -> None:
    line = line_of(finsurge("worker", BROKER=f"kafka://{kafka}", TOPIC_PREFIX=topic_prefix))
    assert line == (
        f"finsurge: Kafka topic {topic_prefix}documents is missing; make it with `finsurge topics create`"
    )


@pytest.mark.kafka
def test_a_worker_with_a_damaged_policy(finsurge, kafka: str, prefix: str, damaged: Path) -> None:
    settings = {"BROKER": f"kafka://{kafka}", "TOPIC_PREFIX": prefix, "PARTITIONS": "4"}
    port = str(free_port())
    line = last_line_of(finsurge("worker", "--roles", "read", POLICY=str(damaged), HTTP_PORT=port, **settings))
    assert line.startswith(f"finsurge: {damaged}/policy.safetensors is damaged")
