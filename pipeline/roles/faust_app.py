"""Builds the Faust app of one role from settings and parts. Nothing runs at import."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import faust

from pipeline.broker.connection import Connection
from pipeline.broker.topics import CHANGELOG_MAX_BYTES
from pipeline.metrics import Metrics
from pipeline.roles.chunks import ChunkLoop
from pipeline.roles.consumer import guard_commits
from pipeline.settings import Settings


class Role(Enum):
    """The worker's roles, each an app and a consumer group of its own; in the order of the flow.

    >>> Role("link").inbound
    'decisions'
    """

    READ = "read"
    LINK = "link"
    TRENDS = "trends"
    SURGES = "surges"
    NOTIFY = "notify"

    @property
    def inbound(self) -> str:
        """The Kafka topic that the role reads, without the deployment's prefix."""
        return _INBOUND[self.value]

    @property
    def is_rebuilt(self) -> bool:
        """Whether a rebuild makes the role's state, so that the role must not run meanwhile."""
        return self in (Role.LINK, Role.TRENDS, Role.SURGES)

    @property
    def number(self) -> int:
        """The role's place in the flow, from 0: its HTTP port is the first one plus this."""
        return list(Role).index(self)


_INBOUND = {
    "read": "documents",
    "link": "decisions",
    "trends": "mentions",
    "surges": "candidates",
    "notify": "alerts",
}


class Runner(Protocol):
    """A role's agent."""

    loop: ChunkLoop

    async def run(self, stream: Any) -> None:
        """Consume the stream until the app stops."""

    async def take_over(self, partitions: set[int]) -> None:
        """Make ready for these partitions, which this process now owns."""


@dataclass(frozen=True)
class Running:
    """An app with the parts of it that health and tests look at."""

    app: faust.App
    loop: ChunkLoop
    metrics: Metrics


def new_app(settings: Settings, role: Role) -> faust.App:
    """Return the role's bare Faust app, with every trap of DESIGN §5 defused."""
    guard_commits()
    partitions = 1 if role is Role.SURGES else settings.partitions
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    return faust.App(
        settings.group(role.value),
        broker=f"kafka://{settings.bootstrap.replace(',', ';')}",
        broker_credentials=_credentials(settings.connection),
        topic_partitions=partitions,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        agent_supervisor="mode.CrashingSupervisor",
        stream_wait_empty=False,
        broker_commit_interval=0.5,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=min(3.0, settings.session_timeout_s / 6),
        broker_max_poll_records=500,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_max_request_size=CHANGELOG_MAX_BYTES,  # a topic's state, or a dead letter, is larger than a document
        datadir=str(settings.state_dir / settings.group(role.value)),
    )


def _credentials(connection: Connection) -> faust.types.auth.CredentialsT | None:
    """Return what Faust's own clients are told of TLS and login."""
    context = connection.tls.context if connection.tls is not None else None
    if connection.login is not None:
        return faust.SASLCredentials(
            username=connection.login.user,
            password=connection.login.password,
            mechanism=connection.login.mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context is not None else None


def source(app: faust.App, settings: Settings, role: Role) -> Any:
    """Return the role's inbound Kafka topic as raw bytes: decoding inside Faust loses what does not decode."""
    name = settings.kafka_topic(role.inbound)
    return app.topic(name, key_serializer="raw", value_serializer="raw", value_type=bytes)


def hand_over_cleanly(app: faust.App, settings: Settings, role: Role, runner: Runner) -> None:
    """Finish what is in flight before partitions are given up, and hold their state before they are worked on."""
    inbound = settings.kafka_topic(role.inbound)
    restoring: list[asyncio.Task[None]] = []

    async def _quiesce() -> None:
        while restoring:
            restoring.pop().cancel()
        await runner.loop.quiesce(settings.session_timeout_s * 0.8)

    async def _restore(partitions: set[int]) -> None:
        try:
            await runner.take_over(partitions)
        except Exception as error:  # in a task that nobody awaits it would be lost
            await app.crash(error)
        else:
            runner.loop.resume()

    @app.on_partitions_revoked.connect(weak=False)
    async def _on_revoked(_app: Any, _revoked: Any, **_: Any) -> None:
        await _quiesce()

    @app.on_partitions_assigned.connect(weak=False)
    async def _on_assigned(_app: Any, assigned: Any, **_: Any) -> None:
        await _quiesce()
        partitions = {tp.partition for tp in assigned if tp.topic == inbound}
        # not awaited: a long recovery must not hold up the group's next rebalance
        restoring.append(asyncio.create_task(_restore(partitions)))
