"""The Kafka topics of finsurge: what they must be, making them, and telling where a broker's differ.

Nothing here deletes or changes a Kafka topic that exists: its messages may be the only copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from pipeline.broker.connection import BrokerUnavailable, Connection

_DAY_MS = 24 * 3600 * 1000
DOCUMENT_MAX_BYTES = 1_048_588  # Kafka's own default, which most producers assume
# A dead letter is a document that may be as large as allowed, and headers that say why.
DLQ_MAX_BYTES = 2 * DOCUMENT_MAX_BYTES
# A topic's state is one record: the broker must not be what limits it.
CHANGELOG_MAX_BYTES = 10 * DOCUMENT_MAX_BYTES

_DELETE = {"cleanup.policy": "delete"}
_KEPT_90_DAYS = {**_DELETE, "retention.ms": str(90 * _DAY_MS)}
_KEPT_FOR_LEARNING = {**_DELETE, "retention.ms": str(800 * _DAY_MS)}  # two years of answers, which cost people's time
_CHANGELOG = {"cleanup.policy": "compact", "max.message.bytes": str(CHANGELOG_MAX_BYTES)}
_COMPARED = ("cleanup.policy", "message.timestamp.type")


@dataclass(frozen=True)
class TopicSpec:
    """A Kafka topic as finsurge needs it; what `config` does not name is the broker's default.

    >>> TopicSpec("alerts", 4, {"cleanup.policy": "delete"}).partitions
    4
    """

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.partitions < 1:
            raise ValueError(f"partitions must be >= 1, got {self.partitions}")


class FindingKind(StrEnum):
    """What is wrong with a Kafka topic."""

    MISSING = "missing"
    PARTITIONS = "partitions"
    CONFIG = "config"


@dataclass(frozen=True)
class Finding:
    """A difference between a Kafka topic and its spec, and how to mend it.

    >>> str(Finding(FindingKind.MISSING, "alerts", "it is missing", "run `finsurge topics create`"))
    'alerts: it is missing; run `finsurge topics create`'
    """

    kind: FindingKind
    kafka_topic: str
    problem: str
    mend: str

    def __str__(self) -> str:
        """Return all of it in one line."""
        return f"{self.kafka_topic}: {self.problem}; {self.mend}"


class TopicRefused(RuntimeError):
    """The broker would not make a Kafka topic; the message names it and the broker's reason."""


def topic_specs(prefix: str, partitions: int) -> list[TopicSpec]:
    """Return every Kafka topic of a deployment; `partitions` is the count of the keyed ones.

    >>> [spec.name for spec in topic_specs("dev-", 4)][:3]
    ['dev-documents', 'dev-documents.dlq', 'dev-decisions']
    """
    ingested = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": str(DOCUMENT_MAX_BYTES)}
    table: list[tuple[str, int, dict[str, str]]] = [
        ("documents", partitions, {**_DELETE, **ingested}),
        ("documents.dlq", partitions, {**_DELETE, "max.message.bytes": str(DLQ_MAX_BYTES)}),
        ("decisions", partitions, _KEPT_90_DAYS),
        # what `finsurge backfill` decided: read before `decisions`, and needed for as long as these are
        ("history", partitions, {**_DELETE, "retention.ms": "-1"}),
        ("mentions", partitions, _KEPT_90_DAYS),
        ("late", partitions, _KEPT_90_DAYS),
        ("trends", partitions, _DELETE),
        ("candidates", 1, _DELETE),
        ("alerts", partitions, _KEPT_90_DAYS),
        ("shadows", partitions, _KEPT_90_DAYS),
        ("reviews", partitions, _KEPT_FOR_LEARNING),
        # by the broker's time: who corrects must not be able to date answers back to before a release of theirs
        ("corrections", partitions, {**_KEPT_FOR_LEARNING, "message.timestamp.type": "LogAppendTime"}),
        # a round holds its document's whole text, and more
        ("rounds", partitions, {**_KEPT_FOR_LEARNING, "max.message.bytes": str(DLQ_MAX_BYTES)}),
        ("actions", partitions, _KEPT_FOR_LEARNING),
        # every change has a key of its own, so that nothing is ever compacted away: it is the releases' history
        ("policies", 1, {"cleanup.policy": "compact"}),
        ("config", 1, {"cleanup.policy": "compact"}),
        ("rebuilds", 1, {"cleanup.policy": "compact"}),  # a key for every record, as there
        # Faust names a table's changelog <consumer group>-<table>-changelog, with the partitions of its source.
        ("finsurge-link-sources-changelog", partitions, _CHANGELOG),
        ("finsurge-trends-topics-changelog", partitions, _CHANGELOG),
        ("finsurge-surges-episodes-changelog", 1, _CHANGELOG),
        ("finsurge-notify-active-changelog", partitions, _CHANGELOG),
    ]
    return [TopicSpec(prefix + name, count, dict(config)) for name, count, config in table]


def create(connection: Connection, specs: Sequence[TopicSpec], timeout_s: float = 10.0) -> list[str]:
    """Make the Kafka topics that are missing, wait until they can be used, and return their names.

    Raises:
        BrokerUnavailable: no Kafka answers.
        TopicRefused: the broker refuses one, for instance for want of rights.
    """
    with connection.admin(timeout_s) as client:
        try:
            # The broker's default says how often a Kafka topic is replicated: -1.
            wanted = {s.name: {"num_partitions": s.partitions, "configs": dict(s.config)} for s in specs}
            answers = client.create_topics(wanted, raise_errors=False)["topics"]
            made = [answer["name"] for answer in answers if _was_made(answer)]
            client.wait_for_topics(made, timeout_ms=int(timeout_s * 1000))
        except KafkaError as error:
            raise BrokerUnavailable(connection.bootstrap, f"it stopped answering ({type(error).__name__})") from None
    return made


def check(connection: Connection, specs: Sequence[TopicSpec], timeout_s: float = 10.0) -> list[Finding]:
    """Return what a worker would stumble over: missing Kafka topics, other partition counts, wrong settings.

    Raises:
        BrokerUnavailable: no Kafka answers.
    """
    with connection.admin(timeout_s) as client:
        try:
            found = {topic["name"]: topic for topic in client.describe_topics([s.name for s in specs])}
            present = [spec for spec in specs if not _is_missing(found[spec.name])]
            configs = _configs(client, present)
        except KafkaError as error:
            raise BrokerUnavailable(connection.bootstrap, f"it stopped answering ({type(error).__name__})") from None
    findings = []
    for spec in specs:
        if spec not in present:
            mend = "run `finsurge topics create`"
            findings.append(Finding(FindingKind.MISSING, spec.name, "it is missing", mend))
            continue
        findings += _compare(spec, len(found[spec.name]["partitions"]), configs[spec.name])
    return findings


def _compare(spec: TopicSpec, partitions: int, config: Mapping[str, str]) -> list[Finding]:
    findings = []
    if partitions != spec.partitions:
        problem = f"it has {partitions} partitions, not {spec.partitions}"
        mend = f"set FINSURGE_PARTITIONS={partitions} if all keyed topics agree, or delete it and create it anew"
        findings.append(Finding(FindingKind.PARTITIONS, spec.name, problem, mend))
    for key in _COMPARED:
        wanted = spec.config.get(key)
        if wanted is not None and config.get(key) != wanted:
            problem = f"{key} is {config.get(key)}, not {wanted}"
            change = f"--entity-type topics --entity-name {spec.name} --alter --add-config {key}={wanted}"
            findings.append(Finding(FindingKind.CONFIG, spec.name, problem, f"run kafka-configs.sh {change}"))
    return findings


def _was_made(answer: Mapping[str, Any]) -> bool:
    error = for_code(answer["error_code"])
    if answer["error_code"] == 0:
        return True
    if error is TopicAlreadyExistsError:
        return False
    reason = answer.get("error_message") or error.__name__
    raise TopicRefused(f"the broker refused Kafka topic {answer['name']}: {reason}")


def _is_missing(topic: Mapping[str, Any]) -> bool:
    return for_code(topic["error_code"]) is UnknownTopicOrPartitionError


def _configs(client: Any, specs: Sequence[TopicSpec]) -> dict[str, dict[str, str]]:
    if not specs:
        return {}
    wanted = [ConfigResource(ConfigResourceType.TOPIC, spec.name, dict.fromkeys(_COMPARED)) for spec in specs]
    described = client.describe_configs(wanted, config_filter="all")["topic"]
    return {name: {key: entry["value"] for key, entry in entries.items()} for name, entries in described.items()}
