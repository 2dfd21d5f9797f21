"""Every setting of finsurge, read once from the environment and a file, checked at the start.

Precedence: environment (FINSURGE_<NAME>) before file (FINSURGE_CONFIG or ./finsurge.yaml) before default.
"""

from __future__ import annotations

import dataclasses
import math
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from alerts.windows.shares import parsed_rates
from pipeline.receivers.signature import SecretInvalid, WebhookSigner

_BROKER = re.compile(r"kafka://[^,/\s]+:[0-9]{1,5}(,[^,/\s]+:[0-9]{1,5})*")

_POSITIVE = (
    *("partitions", "session_timeout_s", "max_padded_tokens", "max_batch_documents", "learner_wait_s", "idle_s"),
    *("bin_s", "learner_corrections", "watch_s", "correction_horizon_s", "review_due_s"),
)
_NOT_NEGATIVE = ("linger_s", "disorder_s", "grace_s", "shadow_documents", "canary_documents", "correction_wait_s")


class SettingsInvalid(ValueError):
    """A setting is unknown or out of range; the message names it, its source and the mend."""


NOT_SHOWN = "(set, not shown)"
"""What is shown of a secret."""


def _setting(default: Any, why: str, *, is_secret: bool = False) -> Any:
    return field(default=default, metadata={"help": why, "is_secret": is_secret})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a deployment can choose.

    >>> Settings(broker="kafka://a:9092,b:9092").bootstrap
    'a:9092,b:9092'
    >>> Settings(topic_prefix="dev-").kafka_topic("documents")
    'dev-documents'
    """

    broker: str = _setting("kafka://127.0.0.1:9092", "the Kafka to use: kafka://host:port[,host:port]")
    topic_prefix: str = _setting("", "put before every Kafka topic and consumer group, for a shared cluster")
    partitions: int = _setting(12, "partitions of the keyed Kafka topics; fixed once they are created")
    session_timeout_s: float = _setting(30.0, "seconds after which the broker gives up a silent worker")
    state_dir: Path = _setting(Path(".finsurge"), "folder for what a process keeps on disk")
    policy: str = _setting("shipped", "`shipped`, or the folder of a trained policy")
    registry: str | None = _setting(
        None,
        "URL where versions of the policy are kept: a folder, s3://…; `policies` in the state folder if not given",
    )
    policy_public_key: Path | None = _setting(
        None, "PEM file of the key that releases must be signed for; without one, unsigned releases hold as well"
    )
    policy_private_key: Path | None = _setting(
        None, "PEM file of the key that releases are signed with, for those who promote"
    )
    held_out: str | None = _setting(
        None, "labelled files, separated by commas, by which the gate judges candidates; see `finsurge evaluate`"
    )
    promotion: str = _setting(
        "manual", "`manual`: what passes the gate waits for a person; `auto`: shadow, canary, then all, watched"
    )
    learner_algorithm: str = _setting("rloo", "how candidates are trained: supervised, q_learning, dqn, ppo or rloo")
    learner_corrections: int = _setting(200, "corrections after which the policy is trained again")
    learner_wait_s: float = _setting(604_800.0, "seconds after which it is trained again with fewer, but 20")
    shadow_documents: int = _setting(2000, "documents that a candidate decides in shadow before it serves any")
    canary_documents: int = _setting(500, "documents that a candidate serves before it serves all")
    canary_share: float = _setting(0.05, "share of the documents that it serves meanwhile")
    watch_s: float = _setting(604_800.0, "seconds for which a new policy is watched, the one before it in shadow")
    analysts: Path | None = _setting(None, "YAML file of those who may correct; without one nobody may")
    sensitive_topics: str | None = _setting(
        None, "topics, separated by commas, of which a correction counts once a second analyst says the same"
    )
    gold: Path | None = _setting(
        None, "labelled JSON lines, each with the `id` of its document, by which analysts are judged themselves"
    )
    correction_horizon_s: float = _setting(
        2_592_000.0, "seconds of event time for which a decided document can be corrected: its text is kept on disk"
    )
    correction_wait_s: float = _setting(
        3_600.0, "seconds that a correction waits for a decision that nobody knows yet"
    )
    review_uniform: float = _setting(0.02, "share of all documents put before an analyst, half of them blind")
    review_per_day: float = _setting(300.0, "reviews a day that analysts manage; the uniform part is never cut")
    review_due_s: float = _setting(259_200.0, "seconds after which a review counts as unanswered")
    review_salt: str = _setting(
        "", "a secret, or whoever knows the code can foretell which documents are reviewed", is_secret=True
    )
    device: str = _setting("auto", "`auto`, `cpu` or `cuda`")
    rules: Path | None = _setting(None, "YAML file of rules for alerts; without one what is built in holds")
    watchlist: str = _setting("default", "`default`, `crypto`, or the path of a YAML watchlist")
    max_padded_tokens: int = _setting(
        1024, "a batch's longest document × its count may not exceed this; 16384 for a GPU"
    )
    max_batch_documents: int = _setting(256, "documents in a batch at most")
    linger_s: float = _setting(0.02, "seconds that a batch waits for more after its first document")
    idle_s: float = _setting(10.0, "seconds without a document after which a partition's time moves on by itself")
    bin_s: int = _setting(300, "seconds in a window")
    disorder_s: int = _setting(120, "seconds by which documents may arrive out of order")
    grace_s: int = _setting(1800, "seconds after its end in which late documents still revise a window")
    error_rates: str = _setting(
        "",
        "how often a policy is right about negative stories, `VERSION=SENSITIVITY/SPECIFICITY`, separated by commas: "
        "trends then tell the negative share without its errors",
    )
    http_host: str = _setting("127.0.0.1", "address of metrics and health; loopback unless you say otherwise")
    http_port: int = _setting(
        8600,
        "first port of metrics and health: read, link, trends, surges, notify in turn; the learner's is the tenth, "
        "that of feedback the next",
    )
    webhook_url: str | None = _setting(
        None, "alerts are posted here as JSON, with an Idempotency-Key", is_secret=True
    )
    webhook_secret: str | None = _setting(
        None,
        "`whsec_…`: signs what is posted, with its time, as standardwebhooks.com says; two, separated by a blank, "
        "while receivers change over",
        is_secret=True,
    )
    alertmanager_url: str | None = _setting(None, "an Alertmanager's base address, for its API v2")
    console_url: str | None = _setting(None, "where people find the console: alerts link there")
    receivers: Path | None = _setting(
        None, "YAML file of further receivers of alerts, by name: webhooks, Alertmanagers, and Apprise's services"
    )

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if not 0 < getattr(self, name) < math.inf:
                raise SettingsInvalid(f"{name} must be > 0, got {getattr(self, name)}")
        for name in _NOT_NEGATIVE:
            if not 0 <= getattr(self, name) < math.inf:
                raise SettingsInvalid(f"{name} must be >= 0, got {getattr(self, name)}")
        if 3_600 % self.bin_s:
            raise SettingsInvalid(f"bin_s must divide an hour, got {self.bin_s}")
        if self.device not in ("auto", "cpu", "cuda"):
            raise SettingsInvalid(f"device must be auto, cpu or cuda, got {self.device!r}")
        if not _BROKER.fullmatch(self.broker):
            raise SettingsInvalid(f"broker must look like kafka://host:port[,host:port], got {self.broker!r}")
        if not 0 < self.http_port < 65_525:
            raise SettingsInvalid(f"http_port must be between 1 and 65524, got {self.http_port}")
        if self.promotion not in ("manual", "auto"):
            raise SettingsInvalid(f"promotion must be manual or auto, got {self.promotion!r}")
        self._check_shares()
        self._check_error_rates()
        self._check_secret()

    def _check_secret(self) -> None:
        try:
            if self.webhook_secret is not None:
                WebhookSigner(self.webhook_secret)
        except SecretInvalid as invalid:
            raise SettingsInvalid(f"webhook_secret {invalid}") from None

    def _check_error_rates(self) -> None:
        try:
            parsed_rates(self.error_rates)
        except ValueError as invalid:
            raise SettingsInvalid(f"error_rates: {invalid}") from None

    def _check_shares(self) -> None:
        if not 0 < self.canary_share <= 1:
            raise SettingsInvalid(f"canary_share must be in (0, 1], got {self.canary_share}")
        if not 0.01 <= self.review_uniform <= 0.9:
            raise SettingsInvalid(f"review_uniform must be in [0.01, 0.9], got {self.review_uniform}")
        if not self.review_per_day > 0:
            raise SettingsInvalid(f"review_per_day must be > 0 (inf: all that are drawn), got {self.review_per_day}")

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
        return self.broker.removeprefix("kafka://")

    def kafka_topic(self, name: str) -> str:
        """Return the Kafka topic's name in this deployment."""
        return self.topic_prefix + name

    def group(self, role: str) -> str:
        """Return the role's consumer group, which is also its Faust app id."""
        return f"{self.topic_prefix}finsurge-{role}"


def load_settings(environ: Mapping[str, str], file: Path | None = None, **overrides: Any) -> Settings:
    """Return the settings from file and environment; `overrides` (command-line options) beat both.

    Raises:
        SettingsInvalid: an unknown name, a value that does not fit, or an unreadable file.
    """
    kinds = typing.get_type_hints(Settings)
    values: dict[str, Any] = {}
    path = file or (Path(environ["FINSURGE_CONFIG"]) if environ.get("FINSURGE_CONFIG") else None)
    if path is None and Path("finsurge.yaml").is_file():
        path = Path("finsurge.yaml")
    for name, value in (_read(path) if path else {}).items():
        if name not in kinds:
            raise SettingsInvalid(f"{path}: unknown setting {name!r}; known: {', '.join(kinds)}")
        values[name] = _convert(name, value, kinds[name], str(path))
    for name, kind in kinds.items():
        variable = f"FINSURGE_{name.upper()}"
        if environ.get(variable):
            values[name] = _convert(name, environ[variable], kind, variable)
    values.update({name: value for name, value in overrides.items() if value is not None})
    return Settings(**values)


def _read(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsInvalid(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{path}: not YAML: {' '.join(str(error).split())[:160]}") from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise SettingsInvalid(f"{path}: expected name: value lines, got {type(loaded).__name__}")
    return {str(name): value for name, value in loaded.items()}


def _convert(name: str, value: Any, kind: Any, source: str) -> Any:
    if isinstance(kind, types.UnionType):
        if value is None:
            return None
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    # YAML has types of its own: 4.5 partitions, or a folder called null, are mistakes
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_lossy = kind is int and is_number and value != round(value)
    if is_lossy or not (is_number or isinstance(value, str)):
        raise SettingsInvalid(f"{source}: {name} must be a {kind.__name__}, got {value!r}")
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise SettingsInvalid(f"{source}: {name} must be a {kind.__name__}, got {value!r}") from None


def shown(settings: Settings) -> dict[str, Any]:
    """Return every setting by name as it may be shown: a secret is only said to be set.

    >>> shown(Settings(review_salt="s"))["review_salt"]
    '(set, not shown)'
    """
    values = dataclasses.asdict(settings)
    secrets = [of.name for of in dataclasses.fields(settings) if of.metadata["is_secret"]]
    return values | {name: NOT_SHOWN for name in secrets if values[name]}


def described() -> list[tuple[str, str, str]]:
    """Return (environment variable, default, help) of every setting, for the README's table."""
    return [
        (f"FINSURGE_{f.name.upper()}", "" if f.default is None else str(f.default), f.metadata["help"])
        for f in dataclasses.fields(Settings)
    ]


def to_environment(settings: Settings) -> dict[str, str]:
    """Return the settings as environment variables, for a process that is to have the same ones."""
    values = dataclasses.asdict(settings).items()
    return {f"FINSURGE_{name.upper()}": str(value) for name, value in values if value is not None}
