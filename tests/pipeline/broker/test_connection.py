import re
import socket
from pathlib import Path

import pytest

from pipeline.broker import connection
from pipeline.broker.connection import BrokerUnavailable, Connection, addresses


@pytest.mark.parametrize("bootstrap", ["", "localhost", "a:b", "a:0", "a:65536", ":9092", "a:9092,"])
def test_an_address_that_is_none_is_quoted(bootstrap: str) -> None:
    with pytest.raises(ValueError, match="bootstrap must look like host:port"):
        addresses(bootstrap)


def test_a_port_on_which_nothing_listens_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(BrokerUnavailable, match=f"^no Kafka at 127.0.0.1:{port}: connection refused; set"):
        Connection(f"127.0.0.1:{port}").reach(5.0)


def test_the_second_address_serves_when_the_first_does_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
        closed.close()
        Connection(f"127.0.0.1:{port},127.0.0.1:{listening.getsockname()[1]}").reach(5.0)


def test_what_listens_but_is_no_kafka_is_named_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_one = Connection(f"127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(BrokerUnavailable, match="does not speak Kafka"), silent_one.admin(timeout_s=1.0):
            pass


def test_every_client_is_made_by_a_connection() -> None:
    here = Path(connection.__file__)
    making = re.compile(r"\b(AIOKafka\w+|Kafka(AdminClient|Consumer|Producer))\(")
    found = {path.name for path in here.parents[1].rglob("*.py") if making.search(path.read_text(encoding="utf-8"))}
    assert found == {here.name}
