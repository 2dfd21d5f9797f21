import os
import re
import socket
from pathlib import Path

import pytest

from pipeline.broker.connection import BrokerUnavailable
from pipeline.broker.server import KafkaServer, KafkaUnavailable, temporary_kafka
from pipeline.broker.topics import TopicSpec, check, create

SPEC = TopicSpec("kept", 3, {"cleanup.policy": "compact"})


@pytest.mark.kafka
def test_data_survive_a_stop_and_a_kill(kafka: str, tmp_path: Path, kafka_cache: Path) -> None:
    with temporary_kafka(tmp_path / "ключ, und", cache=kafka_cache) as server:  # a folder that Java must not misread
        create(server.connection, [SPEC])
        for grace_s in (30.0, 0.0):
            assert server.stop(grace_s)
            with pytest.raises(BrokerUnavailable, match="connection refused"):
                server.connection.reach(1.0)
            assert server.start().is_running
            assert check(server.connection, [SPEC]) == []
        pid = server.status().pid
    assert not server.status().is_running
    assert pid is not None
    with pytest.raises(BrokerUnavailable):
        server.connection.reach(1.0)


@pytest.mark.kafka
def test_another_object_of_the_same_folder_finds_the_running_server(kafka_server: KafkaServer) -> None:
    other = KafkaServer(kafka_server.home)
    assert other.status() == kafka_server.status()
    assert other.status().bootstrap == kafka_server.bootstrap != other.bootstrap
    with pytest.raises(KafkaUnavailable, match=rf"already runs at {kafka_server.bootstrap}.*stop it first"):
        other.start()


@pytest.mark.kafka
def test_starting_a_running_server_leaves_it_as_it_is(kafka_server: KafkaServer) -> None:
    before = kafka_server.status()
    assert kafka_server.start() == before


@pytest.mark.kafka
def test_only_loopback_is_listened_on(kafka_server: KafkaServer) -> None:
    text = (kafka_server.home / "server.properties").read_text(encoding="utf-8")
    listeners = [line for line in text.splitlines() if "listeners=" in line]
    assert len(listeners) == 2
    addresses = re.findall(r"://([^:]*):", " ".join(listeners))
    assert addresses == ["127.0.0.1"] * 3
    assert listeners[1] == f"advertised.listeners=PLAINTEXT://127.0.0.1:{kafka_server.port}"


@pytest.mark.kafka
def test_a_server_that_ends_at_once_tells_its_reason_in_one_line(
    kafka: str, tmp_path: Path, kafka_cache: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "meta.properties").write_text("version=1\ncluster.id=x\nnode.id=7\n")  # another node's data
    with pytest.raises(KafkaUnavailable, match=r"kafka ended before it answered: .*see .*kafka\.log") as caught:
        KafkaServer(tmp_path, cache=kafka_cache).start()
    assert "\n" not in str(caught.value)


@pytest.mark.kafka
def test_a_taken_port_is_one_line(kafka: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            KafkaUnavailable, match=f"^port {port} of 127.0.0.1 cannot be had, address already in use"
        ):
            KafkaServer(tmp_path, port).start()


def test_without_java_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(KafkaUnavailable, match="not found: java, mvn"):
        KafkaServer(tmp_path / "home").start()
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("port", "heap_mb", "message"), [(-1, 512, "port must"), (70000, 512, "port"), (0, 1, "heap_mb")]
)
def test_a_wrong_argument_is_named(tmp_path: Path, port: int, heap_mb: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KafkaServer(tmp_path, port, heap_mb=heap_mb)


@pytest.mark.kafka
@pytest.mark.long
def test_the_last_kafka_3_runs_as_well(kafka: str, tmp_path: Path, kafka_cache: Path) -> None:
    with temporary_kafka(tmp_path, version="3.9.2", cache=kafka_cache) as server:
        assert create(server.connection, [SPEC]) == ["kept"]
        assert check(server.connection, [SPEC]) == []
