"""Reaching a Kafka, with TLS and a login where it wants them, or saying in one line why not.

Every Kafka client of ours but Faust's own is made here. Knows nothing of which Kafka topics finsurge has. Clients are
imported where they are made: settings have a connection, and a health check, which needs none, must not load them.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from socket import create_connection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
    from aiokafka.client import AIOKafkaClient
    from kafka.errors import KafkaError


class BrokerUnavailable(ConnectionError):
    """No Kafka answers at the address; the message is one line with the mend.

    >>> str(BrokerUnavailable("127.0.0.1:9092", "connection refused"))
    'no Kafka at 127.0.0.1:9092: connection refused; set FINSURGE_BROKER, or run `finsurge kafka start`'
    """

    def __init__(
        self, bootstrap: str, detail: str, mend: str = "set FINSURGE_BROKER, or run `finsurge kafka start`"
    ) -> None:
        super().__init__(f"no Kafka at {bootstrap}: {detail}; {mend}")


class TlsInvalid(ValueError):
    """A file that TLS needs is not there or holds something else; the message names the setting."""


def addresses(bootstrap: str) -> list[tuple[str, int]]:
    """Return the hosts and ports of `host:port[,host:port]`.

    >>> addresses("a:9092,[::1]:9093")
    [('a', 9092), ('::1', 9093)]

    Raises:
        ValueError: an address without a port between 1 and 65535.
    """
    found = []
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ValueError(f"bootstrap must look like host:port[,host:port], got {bootstrap!r}")
        found.append((host.strip("[]"), int(port)))
    return found


@dataclass(frozen=True)
class Tls:
    """Whom to believe, and what to be known by: PEM files, read once."""

    ca: Path | None = None
    """the authorities' certificates; the machine's own if not given"""
    certificate: Path | None = None
    key: Path | None = None

    @cached_property
    def context(self) -> ssl.SSLContext:
        """What TLS is spoken with: hosts are checked, 1.2 or newer.

        Raises:
            TlsInvalid: a file is not there, or holds something else.
        """
        try:
            made = ssl.create_default_context(cafile=self.ca)
        except OSError as error:  # ssl.SSLError is one
            raise TlsInvalid(f"kafka_ca {self.ca} holds no certificates ({_reason(error)})") from None
        if self.certificate is not None and self.key is not None:
            try:
                made.load_cert_chain(self.certificate, self.key, password=_no_password)
            except (OSError, ValueError) as error:
                both = f"kafka_certificate {self.certificate} and kafka_key {self.key}"
                raise TlsInvalid(f"{both} are no certificate with its key ({_reason(error)})") from None
        return made


@dataclass(frozen=True)
class Login:
    """Who to log in as."""

    user: str
    password: str = field(repr=False)
    mechanism: str = "SCRAM-SHA-512"


@dataclass(frozen=True)
class Connection:
    """Where a Kafka is and how it is spoken to; makes its clients.

    >>> Connection("127.0.0.1:9092").options
    {'security_protocol': 'PLAINTEXT'}
    """

    bootstrap: str
    """host:port[,host:port]"""
    tls: Tls | None = None
    login: Login | None = None

    def __str__(self) -> str:
        """Return the addresses, for people."""
        return self.bootstrap

    @property
    def options(self) -> Mapping[str, Any]:
        """What aiokafka and kafka-python are told of TLS and login.

        Raises:
            TlsInvalid: a file cannot be used.
        """
        protocol = ("SASL_" if self.login else "") + ("SSL" if self.tls else "PLAINTEXT")
        told: dict[str, Any] = {"security_protocol": protocol}
        if self.tls is not None:
            told["ssl_context"] = self.tls.context
        if self.login is not None:
            told["sasl_mechanism"] = self.login.mechanism
            told["sasl_plain_username"] = self.login.user
            told["sasl_plain_password"] = self.login.password
        return told

    def consumer(self, *kafka_topics: str, **options: Any) -> AIOKafkaConsumer:
        """Return a consumer that is not started; commits nothing by itself."""
        from aiokafka import AIOKafkaConsumer

        return AIOKafkaConsumer(
            *kafka_topics, bootstrap_servers=self.bootstrap, enable_auto_commit=False, **self.options, **options
        )

    def producer(self, **options: Any) -> AIOKafkaProducer:
        """Return a producer that is not started; waits for all replicas that are in sync."""
        from aiokafka import AIOKafkaProducer

        return AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", **self.options, **options)

    def client(self) -> AIOKafkaClient:
        """Return what asks for metadata, not started."""
        from aiokafka.client import AIOKafkaClient

        return AIOKafkaClient(bootstrap_servers=self.bootstrap, **self.options)

    def reach(self, timeout_s: float) -> None:
        """Return once one of the addresses takes a connection; Kafka's clients would retry in silence.

        Where TLS or a login is wanted, the whole of it is tried, since a client of Kafka hides why it was refused.

        Raises:
            BrokerUnavailable: none of them does, with the last one's reason.
            TlsInvalid: a file cannot be used.
        """
        if self.tls is None and self.login is None:
            self._knock(timeout_s)
            return
        with self.admin(timeout_s):
            pass

    @contextmanager
    def admin(self, timeout_s: float = 10.0) -> Iterator[Any]:
        """Give a connected `KafkaAdminClient`, and close it.

        Raises:
            BrokerUnavailable: nothing listens there, or what does is not a Kafka, or it refuses, or it went away.
            TlsInvalid: a file cannot be used.
        """
        from kafka import KafkaAdminClient
        from kafka.errors import KafkaError

        self._knock(timeout_s)
        timeout_ms = int(timeout_s * 1000)
        try:
            client = KafkaAdminClient(
                bootstrap_servers=self.bootstrap.split(","),
                bootstrap_timeout_ms=timeout_ms,
                request_timeout_ms=timeout_ms,
                **self.options,
            )
        except KafkaError as error:
            raise self._refused(error) from None
        try:
            yield client
        finally:
            client.close()

    def _knock(self, timeout_s: float) -> None:
        hosts = addresses(self.bootstrap)
        failure = BrokerUnavailable(self.bootstrap, "no address")
        for host, port in hosts:
            try:
                with create_connection((host, port), timeout=timeout_s / len(hosts)) as knocking:
                    if self.tls is not None:
                        self.tls.context.wrap_socket(knocking, server_hostname=host).close()
            except TimeoutError:
                failure = BrokerUnavailable(self.bootstrap, f"nothing answered within {timeout_s:g} s")
            except ssl.SSLCertVerificationError as error:
                detail = f"its certificate is not to be trusted ({error.verify_message})"
                failure = BrokerUnavailable(self.bootstrap, detail, "set FINSURGE_KAFKA_CA")
            except ssl.SSLError as error:
                detail = f"it speaks no TLS that fits ({_reason(error)})"
                failure = BrokerUnavailable(self.bootstrap, detail, "set FINSURGE_BROKER: kafka:// is without TLS")
            except OSError as error:
                failure = BrokerUnavailable(self.bootstrap, _reason(error))
            else:
                return
        raise failure

    def _refused(self, error: KafkaError) -> BrokerUnavailable:
        """Return what to say where a connection stands and a client still gets no answer; it does not tell why."""
        name = type(error).__name__
        if self.login is not None:
            detail = f"what listens there does not take user {self.login.user} by {self.login.mechanism} ({name})"
            mend = "set FINSURGE_KAFKA_USER, FINSURGE_KAFKA_PASSWORD and FINSURGE_KAFKA_MECHANISM"
            mend += "" if self.tls else ", or FINSURGE_BROKER: kafka+ssl:// is with TLS"
        elif self.tls is not None:
            detail = f"what listens there does not take us ({name})"
            mend = "set FINSURGE_KAFKA_CERTIFICATE, or FINSURGE_KAFKA_USER, as it wants to know who comes"
        else:
            detail = f"what listens there does not speak Kafka without TLS and login ({name})"
            mend = "set FINSURGE_BROKER: kafka+ssl:// is with TLS"
        return BrokerUnavailable(self.bootstrap, detail, mend)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return (getattr(error, "strerror", None) or str(error)).lower()


def _no_password() -> str:
    raise ValueError("the key is encrypted")
