"""The settings: one class that holds them all, checked when it is made. Knows no environment and no file."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from pipeline.broker.connection import Connection, Login, Tls, addresses
from pipeline.settings import checks
from pipeline.settings.address import is_loopback
from pipeline.settings.setting import Group, Setting, SettingsInvalid, setting

ALGORITHMS = ("supervised", "q_learning", "dqn", "ppo", "rloo")
"""Those of `rl.algorithms.catalogue`, which only the learner imports, as it loads torch."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a deployment can choose.

    >>> Settings(broker="kafka://a:9092,b:9092").bootstrap
    'a:9092,b:9092'
    >>> Settings(topic_prefix="dev-").kafka_topic("documents")
    'dev-documents'

    Raises:
        SettingsInvalid: a value is out of its range.
    """

    broker: str = setting(
        Group.KAFKA,
        "kafka://127.0.0.1:9092",
        "the Kafka to use: kafka://host:port[,host:port], kafka+ssl://… where it speaks TLS",
        check=checks.broker,
    )
    kafka_ca: Path | None = setting(
        Group.KAFKA,
        None,
        "PEM file of the authorities that the Kafka's certificate must be from; the machine's own if not given",
    )
    kafka_certificate: Path | None = setting(
        Group.KAFKA, None, "PEM file of a certificate to be known by, where the Kafka wants one"
    )
    kafka_key: Path | None = setting(Group.KAFKA, None, "PEM file of the key of that certificate")
    kafka_user: str | None = setting(Group.KAFKA, None, "user to log in as, where the Kafka wants one; over TLS only")
    kafka_password: str | None = setting(Group.KAFKA, None, "that user's password", is_secret=True)
    kafka_mechanism: str = setting(
        Group.KAFKA,
        "SCRAM-SHA-512",
        "how to log in: SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN",
        check=checks.one_of("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"),
    )
    topic_prefix: str = setting(
        Group.KAFKA, "", "put before every Kafka topic and consumer group, for a shared cluster"
    )
    partitions: int = setting(
        Group.KAFKA, 12, "partitions of the keyed Kafka topics; fixed once they are created", check=checks.POSITIVE
    )
    session_timeout_s: float = setting(
        Group.KAFKA, 30.0, "seconds after which the broker gives up a silent worker", check=checks.POSITIVE
    )
    state_dir: Path = setting(Group.KAFKA, Path(".finsurge"), "folder for what a process keeps on disk")

    policy: str = setting(Group.READING, "shipped", "`shipped`, or the folder of a trained policy")
    device: str = setting(
        Group.READING, "auto", "`auto`, `cpu` or `cuda`", check=checks.one_of("auto", "cpu", "cuda")
    )
    max_padded_tokens: int = setting(
        Group.READING,
        1024,
        "a batch's longest document × its count may not exceed this; 16384 for a GPU",
        check=checks.POSITIVE,
    )
    max_batch_documents: int = setting(Group.READING, 256, "documents in a batch at most", check=checks.POSITIVE)
    linger_s: float = setting(
        Group.READING, 0.02, "seconds that a batch waits for more after its first document", check=checks.NOT_NEGATIVE
    )
    idle_s: float = setting(
        Group.READING,
        10.0,
        "seconds without a document after which a partition's time moves on by itself",
        check=checks.POSITIVE,
    )

    watchlist: str = setting(Group.WINDOWS, "default", "`default`, `crypto`, or the path of a YAML watchlist")
    bin_s: int = setting(Group.WINDOWS, 300, "seconds in a window", check=checks.bins)
    disorder_s: int = setting(
        Group.WINDOWS, 120, "seconds by which documents may arrive out of order", check=checks.NOT_NEGATIVE
    )
    grace_s: int = setting(
        Group.WINDOWS,
        1800,
        "seconds after its end in which late documents still revise a window",
        check=checks.NOT_NEGATIVE,
    )
    error_rates: str = setting(
        Group.WINDOWS,
        "",
        "how often a policy is right about negative stories, `VERSION=SENSITIVITY/SPECIFICITY`, separated by commas: "
        "trends then tell the negative share without its errors",
        check=checks.error_rates,
    )

    rules: Path | None = setting(
        Group.ALERTS, None, "YAML file of rules for alerts; without one what is built in holds"
    )
    receivers: Path | None = setting(
        Group.ALERTS,
        None,
        "YAML file of further receivers of alerts, by name: webhooks, Alertmanagers, and Apprise's services",
    )
    webhook_url: str | None = setting(
        Group.ALERTS, None, "alerts are posted here as JSON, with an Idempotency-Key", is_secret=True
    )
    webhook_secret: str | None = setting(
        Group.ALERTS,
        None,
        "`whsec_…`: signs what is posted, with its time, as standardwebhooks.com says; two, separated by a blank, "
        "while receivers change over",
        is_secret=True,
        check=checks.webhook_secret,
    )
    alertmanager_url: str | None = setting(Group.ALERTS, None, "an Alertmanager's base address, for its API v2")
    console_url: str | None = setting(
        Group.ALERTS, None, "where people find the console: alerts link there", check=checks.web_address
    )

    registry: str | None = setting(
        Group.RELEASES,
        None,
        "URL where versions of the policy are kept: a folder, s3://…; `policies` in the state folder if not given",
    )
    policy_public_key: Path | None = setting(
        Group.RELEASES,
        None,
        "PEM file of the key that releases must be signed for; without one, unsigned releases hold as well",
    )
    policy_private_key: Path | None = setting(
        Group.RELEASES, None, "PEM file of the key that releases are signed with, for those who promote"
    )
    held_out: str | None = setting(
        Group.RELEASES,
        None,
        "labelled files, separated by commas, by which the gate judges candidates; see `finsurge evaluate`",
    )
    promotion: str = setting(
        Group.RELEASES,
        "manual",
        "`manual`: what passes the gate waits for a person; `auto`: shadow, canary, then all, watched",
        check=checks.one_of("manual", "auto"),
    )
    shadow_documents: int = setting(
        Group.RELEASES,
        2000,
        "documents that a candidate decides in shadow before it serves any",
        check=checks.NOT_NEGATIVE,
    )
    canary_documents: int = setting(
        Group.RELEASES, 500, "documents that a candidate serves before it serves all", check=checks.NOT_NEGATIVE
    )
    canary_share: float = setting(
        Group.RELEASES, 0.05, "share of the documents that it serves meanwhile", check=checks.share
    )
    watch_s: float = setting(
        Group.RELEASES,
        604_800.0,
        "seconds for which a new policy is watched, the one before it in shadow",
        check=checks.POSITIVE,
    )

    learner_algorithm: str = setting(
        Group.LEARNING,
        "rloo",
        "how candidates are trained: supervised, q_learning, dqn, ppo or rloo",
        check=checks.one_of(*ALGORITHMS),
    )
    learner_corrections: int = setting(
        Group.LEARNING, 200, "corrections after which the policy is trained again", check=checks.POSITIVE
    )
    learner_wait_s: float = setting(
        Group.LEARNING, 604_800.0, "seconds after which it is trained again with fewer, but 20", check=checks.POSITIVE
    )

    analysts: Path | None = setting(Group.PEOPLE, None, "YAML file of those who may correct; without one nobody may")
    sensitive_topics: str | None = setting(
        Group.PEOPLE,
        None,
        "topics, separated by commas, of which a correction counts once a second analyst says the same",
    )
    gold: Path | None = setting(
        Group.PEOPLE,
        None,
        "labelled JSON lines, each with the `id` of its document, by which analysts are judged themselves",
    )
    correction_horizon_s: float = setting(
        Group.PEOPLE,
        2_592_000.0,
        "seconds of event time for which a decided document can be corrected: its text is kept on disk",
        check=checks.POSITIVE,
    )
    correction_wait_s: float = setting(
        Group.PEOPLE,
        3_600.0,
        "seconds that a correction waits for a decision that nobody knows yet",
        check=checks.NOT_NEGATIVE,
    )
    review_uniform: float = setting(
        Group.PEOPLE,
        0.02,
        "share of all documents put before an analyst, half of them blind",
        check=checks.between(0.01, 0.9),
    )
    review_per_day: float = setting(
        Group.PEOPLE, 300.0, "reviews a day that analysts manage; the uniform part is never cut", check=checks.rate
    )
    review_due_s: float = setting(
        Group.PEOPLE, 259_200.0, "seconds after which a review counts as unanswered", check=checks.POSITIVE
    )
    review_salt: str = setting(
        Group.PEOPLE,
        "",
        "a secret, or whoever knows the code can foretell which documents are reviewed",
        is_secret=True,
    )

    http_host: str = setting(
        Group.OBSERVABILITY, "127.0.0.1", "address of metrics and health; loopback unless you say otherwise"
    )
    http_port: int = setting(
        Group.OBSERVABILITY,
        8600,
        "first port of metrics and health: read, link, trends, surges, notify in turn; the learner's is the tenth, "
        "that of feedback the next, the exporter's the one after",
        check=checks.between(1, 65_524),
    )
    log_level: str = setting(
        Group.OBSERVABILITY,
        "info",
        "least level that is logged: debug, info, warning or error; libraries log warnings and errors",
        check=checks.one_of("debug", "info", "warning", "error"),
    )
    log_format: str = setting(
        Group.OBSERVABILITY,
        "auto",
        "`json`: an object a line, `console`: for people, `auto`: console on a terminal, else JSON",
        check=checks.one_of("auto", "console", "json"),
    )
    trace_share: float = setting(
        Group.OBSERVABILITY,
        0.0,
        "share of the documents whose way to the alert is traced by OpenTelemetry; OTEL_EXPORTER_OTLP_ENDPOINT says "
        "where to",
        check=checks.between(0, 1),
    )

    def __post_init__(self) -> None:
        for each in all_settings():
            complaint = each.complaint(getattr(self, each.name))
            if complaint is not None:
                raise SettingsInvalid(complaint)
        complaint = self._kafka_complaint()
        if complaint is not None:
            raise SettingsInvalid(complaint)

    def _kafka_complaint(self) -> str | None:
        """Return which settings of Kafka do not go together."""
        if (self.kafka_certificate is None) != (self.kafka_key is None):
            return "kafka_certificate and kafka_key must be given together"
        if (self.kafka_user is None) != (self.kafka_password is None):
            return "kafka_user and kafka_password must be given together"
        if self._is_tls:
            return None
        for name in ("kafka_ca", "kafka_certificate"):
            if getattr(self, name) is not None:
                return f"{name} is for TLS, and broker is {self.broker}: it must begin with kafka+ssl://"
        if self.kafka_user is not None and not all(is_loopback(host) for host, _ in addresses(self.bootstrap)):
            return f"kafka_user would log in without TLS at {self.broker}: it must begin with kafka+ssl://"
        return None

    @property
    def registry_url(self) -> str:
        """Where versions of the policy are kept."""
        return self.registry or str((self.state_dir / "policies").absolute())

    @property
    def held_out_files(self) -> tuple[Path, ...]:
        """The labelled files by which the gate judges."""
        return tuple(Path(name.strip()) for name in (self.held_out or "").split(",") if name.strip())

    @property
    def sensitive_topic_ids(self) -> frozenset[str]:
        """The topics of which one analyst's word is not enough."""
        return frozenset(name.strip() for name in (self.sensitive_topics or "").split(",") if name.strip())

    @property
    def bootstrap(self) -> str:
        """The broker's addresses as Kafka clients take them: host:port[,host:port]."""
        return self.broker.partition("://")[2]

    @cached_property
    def connection(self) -> Connection:
        """The way to the Kafka."""
        tls = Tls(self.kafka_ca, self.kafka_certificate, self.kafka_key) if self._is_tls else None
        login = None
        if self.kafka_user is not None and self.kafka_password is not None:
            login = Login(self.kafka_user, self.kafka_password, self.kafka_mechanism)
        return Connection(self.bootstrap, tls, login)

    @property
    def _is_tls(self) -> bool:
        return self.broker.startswith("kafka+ssl://")

    def kafka_topic(self, name: str) -> str:
        """Return the Kafka topic's name in this deployment."""
        return self.topic_prefix + name

    def group(self, role: str) -> str:
        """Return the role's consumer group, which is also its Faust app id."""
        return f"{self.topic_prefix}finsurge-{role}"


@cache
def all_settings() -> tuple[Setting, ...]:
    """Return every setting, group by group.

    >>> all_settings()[0].variable
    'FINSURGE_BROKER'
    """
    hints = typing.get_type_hints(Settings)
    return tuple(_setting(of, hints[of.name]) for of in dataclasses.fields(Settings))


def _setting(of: dataclasses.Field[typing.Any], hint: typing.Any) -> Setting:
    parts = [part for part in typing.get_args(hint) if part is not type(None)]
    is_optional = isinstance(hint, types.UnionType)
    return Setting(
        name=of.name,
        kind=parts[0] if is_optional else hint,
        default=of.default,
        is_optional=is_optional,
        **of.metadata,
    )
