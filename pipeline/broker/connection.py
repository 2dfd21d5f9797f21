"""Reaching a Kafka broker, or saying in one line why not.

Owns the admin connection. Knows nothing of which Kafka topics finsurge has.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError


class BrokerUnavailable(ConnectionError):
    """No Kafka answers at the address; the message is one line with the mend.

    >>> str(BrokerUnavailable("127.0.0.1:9092", "connection refused"))
    'no Kafka at 127.0.0.1:9092: connection refused; set FINSURGE_BROKER, or run `finsurge kafka start`'
    """

    def __init__(self, bootstrap: str, detail: str) -> None:
        super().__init__(f"no Kafka at {bootstrap}: {detail}; set FINSURGE_BROKER, or run `finsurge kafka start`")


def addresses(bootstrap: str) -> list[tuple[str, int]]:
    """Return the hosts and ports of `host:port[,host:port]`, a leading `kafka://` aside.

    >>> addresses("kafka://a:9092,[::1]:9093")
    [('a', 9092), ('::1', 9093)]

    Raises:
        ValueError: an address without a port between 1 and 65535.
    """
    found = []
    for address in bootstrap.removeprefix("kafka://").split(","):
        host, _, port = address.strip().rpartition(":")
        if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ValueError(f"bootstrap must look like host:port[,host:port], got {bootstrap!r}")
        found.append((host.strip("[]"), int(port)))
    return found


def reach(bootstrap: str, timeout_s: float) -> None:
    """Return once one of the addresses takes a connection; the Kafka client would retry in silence.

    Raises:
        BrokerUnavailable: none of them does, with the last one's reason.
    """
    hosts = addresses(bootstrap)
    detail = ""
    for host, port in hosts:
        try:
            socket.create_connection((host, port), timeout=timeout_s / len(hosts)).close()
        except TimeoutError:
            detail = f"nothing answered within {timeout_s:g} s"
        except OSError as error:
            detail = (error.strerror or str(error)).lower()
        else:
            return
    raise BrokerUnavailable(bootstrap, detail)


@contextmanager
def admin(bootstrap: str, timeout_s: float = 10.0) -> Iterator[Any]:
    """Give a connected `KafkaAdminClient`, and close it.

    Raises:
        BrokerUnavailable: nothing listens there, or what does is not a Kafka, or it went away.
    """
    reach(bootstrap, timeout_s)
    servers = bootstrap.removeprefix("kafka://").split(",")
    timeout_ms = int(timeout_s * 1000)
    try:
        client = KafkaAdminClient(
            bootstrap_servers=servers, bootstrap_timeout_ms=timeout_ms, request_timeout_ms=timeout_ms
        )
    except KafkaError as error:
        raise BrokerUnavailable(
            bootstrap, f"what listens there does not speak Kafka ({type(error).__name__})"
        ) from None
    try:
        yield client
    finally:
        client.close()
