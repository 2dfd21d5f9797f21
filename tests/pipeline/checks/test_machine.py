import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from pipeline.checks.check import Level
from pipeline.checks.machine import check_clock, check_faust, check_java, check_ports, check_python, check_state_dir
from pipeline.health import HealthServer
from pipeline.ports import free_ports
from pipeline.settings import Settings


@pytest.mark.parametrize("look", [check_python, check_faust, check_clock])
def test_the_machine_that_runs_the_tests_is_well(look) -> None:
    (check,) = look(Settings())
    assert check.level is Level.OK


def test_java_that_is_missing_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    (check,) = check_java(Settings())
    assert check.level is Level.WARN
    assert check.said.startswith("`finsurge kafka` cannot run: a local Kafka needs Java 17+ and Maven; not found: ")


def test_a_state_folder_is_tried_where_it_would_be_made_and_not_made(tmp_path: Path) -> None:
    (check,) = check_state_dir(Settings(state_dir=tmp_path / "new" / "state"))
    assert check.level in (Level.OK, Level.WARN)  # a machine short of room is warned of
    assert check.said.startswith(f"{tmp_path}/new/state, ")
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_the_state_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    (check,) = check_state_dir(Settings(state_dir=tmp_path / "state"))
    assert check.level is Level.FAIL
    assert check.said == (
        f"cannot write to {tmp_path}/state: not a directory; set FINSURGE_STATE_DIR to a folder that can be written"
    )


@pytest.fixture
def five_ports() -> int:
    """The first of five free neighbouring ports, one a role."""
    return free_ports(5)


@pytest.fixture
def silent_listener() -> Iterator[int]:
    """Listens, and closes every connection without a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def hang_up() -> None:
            while True:
                try:
                    listening.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_free_port_is_well(five_ports: int) -> None:
    read, *_ = check_ports(Settings(http_port=five_ports))
    assert (read.name, read.level, read.said) == ("port read", Level.OK, f"{five_ports} is free")


def test_a_port_that_another_program_has_is_told(silent_listener: int) -> None:
    read, *_ = check_ports(Settings(http_port=min(silent_listener, 65_500)))
    assert read.level is Level.FAIL
    assert read.said == (
        f"{silent_listener} on 127.0.0.1 is taken; stop what listens there, or set FINSURGE_HTTP_PORT to another"
    )


async def test_a_port_that_a_worker_serves_is_well(five_ports: int) -> None:
    server = HealthServer(CollectorRegistry(), stuck=list, unready=list, port=five_ports)
    async with server:
        read, *_ = await asyncio.to_thread(lambda: list(check_ports(Settings(http_port=five_ports))))
    assert (read.level, read.said) == (Level.OK, f"{five_ports} is served by a finsurge worker")


def test_an_address_of_another_machine_is_told(five_ports: int) -> None:
    read, *_ = check_ports(Settings(http_host="192.0.2.1", http_port=five_ports))  # TEST-NET-1
    assert read.level is Level.FAIL
    assert read.said.startswith(f"cannot listen on 192.0.2.1:{five_ports}; set FINSURGE_HTTP_HOST ")
