"""A real Kafka that speaks TLS and wants to know who comes: by a login, or by a certificate."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from pipeline.broker.connection import BrokerUnavailable, Connection, Login, Tls, TlsInvalid
from pipeline.checks.check import Level
from pipeline.checks.kafka import check_kafka
from pipeline.ports import free_port

from .authority import Authority
from .node import Node, await_reached

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

USER, PASSWORD = "finsurge", "correct horse battery staple"
DEADLINE_S = 90.0

PROPERTIES = r"""
process.roles=broker,controller
node.id=1
listeners=LOGIN://127.0.0.1:{login},CERTIFICATE://127.0.0.1:{certificate},PLAIN://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=LOGIN://127.0.0.1:{login},CERTIFICATE://127.0.0.1:{certificate},PLAIN://127.0.0.1:{plain}
listener.security.protocol.map=LOGIN:SASL_SSL,CERTIFICATE:SSL,PLAIN:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=CERTIFICATE
controller.quorum.voters=1@127.0.0.1:{controller}
listener.name.certificate.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={truststore}
listener.name.login.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.login.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.login.plain.sasl.jaas.config=\
  org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
listener.name.plain.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.plain.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
log.dirs=data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
"""


@dataclasses.dataclass(frozen=True)
class Guarded:
    """Where a Kafka listens that lets nobody in who is not known, and what to be known by."""

    login: str
    certificate: str
    plain: str
    authority: Path
    client: tuple[Path, Path]
    stranger: Authority

    @property
    def by_certificate(self) -> Connection:
        """With TLS, by certificate."""
        return Connection(self.certificate, Tls(self.authority, *self.client))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, kafka_cache: Path) -> Iterator[Guarded]:
    """One for all tests here."""
    folder = tmp_path_factory.mktemp("guarded")
    authority = Authority(folder / "authority")
    certificate, key = authority.issue("kafka")
    keystore = folder / "keystore.pem"
    keystore.write_bytes(key.read_bytes() + certificate.read_bytes())
    ports: set[int] = set()
    while len(ports) < 4:
        ports.add(free_port())
    named = dict(zip(("login", "certificate", "plain", "controller"), ports, strict=True))
    properties = PROPERTIES.format(
        **named, keystore=keystore, truststore=authority.certificate, user=USER, password=PASSWORD
    )
    node = Node(folder / "kafka", kafka_cache, properties, {USER: PASSWORD})
    node.start()
    try:
        addresses = (f"127.0.0.1:{named[name]}" for name in ("login", "certificate", "plain"))
        made = Guarded(*addresses, authority.certificate, authority.issue("client"), Authority(folder / "stranger"))
        await_reached(made.by_certificate, DEADLINE_S)
        yield made
    finally:
        node.kill()


@pytest.mark.parametrize("way", ["login", "certificate"])
def test_all_roles_run_over_tls(guarded, way, new_deployment, documents):
    certificate, key = guarded.client
    known_by = {
        "login": {"kafka_user": USER, "kafka_password": PASSWORD},
        "certificate": {"kafka_certificate": certificate, "kafka_key": key},
    }[way]
    broker = f"kafka+ssl://{getattr(guarded, way)}"
    run = new_deployment(broker=broker, kafka_ca=guarded.authority, **known_by)
    run.start()
    values = list(documents())
    run.publish(values)
    run.settle()
    outcome = run.outcome()
    outcome.check()
    assert outcome.n_documents == len(values)
    assert outcome.alerts
    assert [check.level for check in check_kafka(run.settings)] == [Level.OK, Level.OK]


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
def test_either_way_to_log_in(guarded, mechanism):
    login = Login(USER, PASSWORD, mechanism)
    with Connection(guarded.login, Tls(guarded.authority), login).admin() as client:
        assert len(client.describe_cluster()["brokers"]) == 1


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
def test_a_wrong_password_is_one_line_without_it(guarded, mechanism):
    connection = Connection(guarded.login, Tls(guarded.authority), Login(USER, "wrong", mechanism))
    with pytest.raises(BrokerUnavailable) as refused:
        connection.reach(5.0)
    assert f"does not take user finsurge by {mechanism}" in str(refused.value)
    assert "set FINSURGE_KAFKA_USER" in str(refused.value)
    assert "wrong" not in str(refused.value)


def test_a_certificate_of_a_strange_authority_is_not_trusted(guarded):
    connection = Connection(guarded.login, Tls(guarded.stranger.certificate), Login(USER, PASSWORD))
    with pytest.raises(BrokerUnavailable, match=r"not to be trusted \(.*\); set FINSURGE_KAFKA_CA"):
        connection.reach(10.0)


def test_a_stranger_s_certificate_is_refused(guarded):
    certificate, key = guarded.stranger.issue("client")
    with pytest.raises(BrokerUnavailable, match=r"does not take us .* FINSURGE_KAFKA_CERTIFICATE"):
        Connection(guarded.certificate, Tls(guarded.authority, certificate, key)).reach(5.0)


def test_without_a_certificate_where_one_is_wanted(guarded):
    with pytest.raises(BrokerUnavailable, match=r"does not take us .* FINSURGE_KAFKA_CERTIFICATE"):
        Connection(guarded.certificate, Tls(guarded.authority)).reach(5.0)


def test_without_tls_where_it_is_spoken(guarded):
    with (
        pytest.raises(BrokerUnavailable, match=r"without TLS .*kafka\+ssl:// is with TLS"),
        Connection(guarded.certificate).admin(3.0),
    ):
        pass


def test_with_tls_where_it_is_not_spoken(guarded):
    with pytest.raises(BrokerUnavailable, match=r"speaks no TLS that fits .*kafka:// is without TLS"):
        Connection(guarded.plain, Tls(guarded.authority)).reach(5.0)


def test_a_login_without_tls_serves_on_loopback(guarded):
    Connection(guarded.plain, login=Login(USER, PASSWORD)).reach(10.0)


def test_a_port_that_says_nothing_is_given_up(guarded):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bootstrap = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(BrokerUnavailable, match="nothing answered within 1 s"):
            Connection(bootstrap, Tls(guarded.authority)).reach(1.0)


def test_an_encrypted_key_is_not_asked_for_its_password(tmp_path):
    certificate, key = Authority(tmp_path).issue("client")
    plain = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(plain.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")))
    with pytest.raises(TlsInvalid, match=r"^kafka_certificate .* and kafka_key .* \(the key is encrypted\)$"):
        _ = Connection("127.0.0.1:1", Tls(None, certificate, key)).options


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_authorities_that_cannot_be_used_is_named(tmp_path, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(TlsInvalid, match=rf"^kafka_ca {file} holds no certificates \("):
        _ = Connection("127.0.0.1:1", Tls(file)).options
