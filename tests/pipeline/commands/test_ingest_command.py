"""The command as a user sees it: what arrives, what is said, and the exit code."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer, TopicPartition

from pipeline.broker.connection import BrokerUnavailable
from pipeline.broker.embedded import EMBEDDED_PARTITIONS, EmbeddedBroker
from pipeline.commands.ingest import command
from pipeline.records import Document, decode
from pipeline.settings import Settings


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker([]) as running:
        yield running


def row(n: int, **changes: object) -> str:
    fields = {"id": f"d{n}", "text": f"text {n}", "created_at": "2022-05-20T18:21:00Z", "source": "Wire", **changes}
    return json.dumps(fields)


def ingest(*arguments: str, settings: Settings | None = None) -> Result:
    return CliRunner().invoke(command, arguments, obj=settings or Settings())


def documents(bootstrap: str, kafka_topic: str, n_expected: int) -> dict[bytes, Document]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "enable.auto.commit": False})
    consumer.assign([TopicPartition(kafka_topic, partition, 0) for partition in range(EMBEDDED_PARTITIONS)])
    messages = consumer.consume(n_expected + 1, timeout=10) if n_expected == 0 else []
    while len(messages) < n_expected:
        arrived = consumer.consume(n_expected - len(messages), timeout=20)
        assert arrived, f"only {len(messages)} of {n_expected} arrived"
        messages += arrived
    consumer.close()
    return {message.key(): decode(Document, message.value()) for message in messages}


def test_good_rows_arrive_by_their_id_and_bad_ones_are_told(tmp_path: Path, broker: EmbeddedBroker) -> None:
    file = tmp_path / "news.jsonl"
    lines = [row(0), "{oops", row(1, text=""), row(2, kind="social"), row(3, created_at="9999-01-01T00:00:00Z")]
    file.write_text("\n".join(lines), encoding="utf-8")
    settings = Settings(broker=f"kafka://{broker.bootstrap}", topic_prefix="rows-")
    result = ingest(str(file), "--kind", "news", settings=settings)
    assert result.exit_code == 1
    assert result.stdout == "sent 2 documents, rejected 3 (malformed_json 1, empty_text 1, in_future 1)\n"
    told = result.stderr.splitlines()
    assert told[0].startswith(f"{file}:2: malformed_json: ")
    assert told[1] == f"{file}:3: empty_text: text has no visible character"
    assert told[2].startswith(f"{file}:5: in_future: published_at '9999-01-01T00:00:00Z' is after ")
    found = documents(broker.bootstrap, "rows-documents", 2)
    assert {key: (document.id, document.kind) for key, document in found.items()} == {
        b"d0": ("d0", "news"),
        b"d2": ("d2", "social"),
    }


def test_many_documents_all_arrive(tmp_path: Path, broker: EmbeddedBroker) -> None:
    file = tmp_path / "news.jsonl.gz"
    with gzip.open(file, "wt", encoding="utf-8") as packed:
        packed.writelines(row(n) + "\n" for n in range(5000))
    settings = Settings(broker=f"kafka://{broker.bootstrap}", topic_prefix="many-")
    result = ingest(str(file), "--kind", "news", "--json", settings=settings)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["documents"] == 5000
    assert len(documents(broker.bootstrap, "many-documents", 5000)) == 5000


def test_standard_input_is_a_text_a_line() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pipeline.cli", "ingest", "-", "--dry-run", "--json"],
        input=b"one\n\xff\n\ntwo",
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.decode().splitlines() == ["-:2: bad_unicode: not UTF-8 at byte 0"]
    summary = json.loads(run.stdout)
    assert (summary["documents"], summary["rejected"]) == (2, {"bad_unicode": 1})


def test_csv_columns_are_named_by_the_user(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("when,body,who\n2022-05-20 18:21,hello,a\n2022-05-20,there,b\n", encoding="utf-8")
    names = ["--map", "text=body", "--map", "source=who", "--map", "published_at=when"]
    result = ingest(str(file), *names, "--kind", "social", "--assume-utc", "--dry-run")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "valid: 2 documents\n", "")


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    good, bad, damaged = tmp_path / "good.txt", tmp_path / "none.txt", tmp_path / "damaged.txt.gz"
    good.write_text("a line\n", encoding="utf-8")
    damaged.write_bytes(gzip.compress(b"a line\n" * 1000)[:-20])
    result = ingest(str(bad), str(damaged), str(good), "--dry-run")
    assert result.exit_code == 1
    assert f"{bad}: no such file or directory" in result.stderr
    assert f"{damaged}: damaged: " in result.stderr or f"{damaged}: compressed file ended" in result.stderr


@pytest.mark.parametrize("name", ["none.jsonl", "feed.xml"])
def test_nothing_that_can_be_read_is_exit_code_two(tmp_path: Path, name: str) -> None:
    result = ingest(str(tmp_path / name), "--dry-run")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_a_csv_without_the_needed_columns_is_refused_with_the_mend(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("when,body\n2022-05-20,hello\n", encoding="utf-8")
    result = ingest(str(file), "--dry-run")
    assert result.exit_code == 2
    assert "has no column for kind; it has when, body; name its column with --map kind=COLUMN" in result.stderr


def test_only_the_first_hundred_bad_rows_are_told_unless_asked(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text("{\n" * 250, encoding="utf-8")
    few = ingest(str(file), "--dry-run").stderr.splitlines()
    assert len(few) == 101
    assert few[-1] == "… and 150 more; --all-errors shows every one"
    assert len(ingest(str(file), "--dry-run", "--all-errors").stderr.splitlines()) == 250


def test_a_mapping_with_a_mistake_names_it() -> None:
    result = ingest("a.jsonl", "--map", "body=text")
    assert result.exit_code == 2
    assert "got 'body=text'" in result.stderr


def test_a_broker_that_is_not_there_is_said(tmp_path: Path) -> None:
    file = tmp_path / "good.txt"
    file.write_text("a line\n", encoding="utf-8")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        result = ingest(str(file), settings=Settings(broker=f"kafka://127.0.0.1:{port}"))
    assert isinstance(result.exception, BrokerUnavailable)  # the console script makes one line and code 2 of it
