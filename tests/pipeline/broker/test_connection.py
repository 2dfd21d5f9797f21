import socket

import pytest

from pipeline.broker.connection import BrokerUnavailable, addresses, admin, reach


@pytest.mark.parametrize("bootstrap", ["", "localhost", "a:b", "a:0", "a:65536", ":9092", "a:9092,"])
def test_an_address_that_is_none_is_quoted(bootstrap: str) -> None:
    with pytest.raises(ValueError, match="bootstrap must look like host:port"):
        addresses(bootstrap)


def test_a_port_on_which_nothing_listens_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(BrokerUnavailable, match=f"^no Kafka at 127.0.0.1:{port}: connection refused; set"):
        reach(f"127.0.0.1:{port}", 5.0)


def test_the_second_address_serves_when_the_first_does_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
        closed.close()
        reach(f"127.0.0.1:{port},127.0.0.1:{listening.getsockname()[1]}", 5.0)


def test_what_listens_but_is_no_kafka_is_named_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bootstrap = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(BrokerUnavailable, match="does not speak Kafka"), admin(bootstrap, timeout_s=1.0):
            pass


@pytest.mark.kafka
def test_a_kafka_is_reached_by_either_form_of_its_address(kafka: str) -> None:
    for bootstrap in (kafka, f"kafka://{kafka}"):
        with admin(bootstrap) as client:
            assert len(client.describe_cluster()["brokers"]) == 1
