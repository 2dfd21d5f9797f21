"""Builds a role's app with its agent, state and stage."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faust
from prometheus_client import CollectorRegistry

from pipeline import wiring
from pipeline.broker.changelog import KafkaChangelog
from pipeline.candidates import Candidate
from pipeline.feedback.actions_feed import ActionLog
from pipeline.feedback.actions_on_alerts import alert_action_of
from pipeline.metrics import Metrics
from pipeline.records import DecisionOrTick, MentionOrMark
from pipeline.roles.faust_app import Role, Runner, Running, hand_over_cleanly, new_app, source
from pipeline.roles.logged_states import LoggedStates
from pipeline.roles.notify import NotifyRole
from pipeline.roles.stateful import StatefulRole
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.tracing.delivering import DeliveryTracing
    from pipeline.tracing.tracing import Tracing


@dataclass(frozen=True)
class Parts:
    """What a role is given from outside; tests give other ones."""

    policy: Callable[[Settings], Any] | None = None  # makes the reading role's policy
    load: Callable[[Path], Any] | None = None  # makes a released one of its checkpoint folder
    tracing: Tracing | None = None
    isolated: Sequence[str] = (sys.executable, "-m", "pipeline.reading.isolated")  # starts its one-by-one reader


def build_app(settings: Settings, role: Role, parts: Parts) -> Running:
    """Return the role's app, ready to be run by a Faust worker."""
    app = new_app(settings, role)
    metrics = Metrics(CollectorRegistry())
    metrics.set_windows(bin_s=settings.bin_s, disorder_s=settings.disorder_s)
    runner = _runner(app, settings, role, parts, metrics)

    @app.agent(source(app, settings, role), concurrency=1, name=role.value)
    async def _agent(stream: Any) -> None:
        await runner.run(stream)

    hand_over_cleanly(app, settings, role, runner)
    return Running(app, runner.loop, metrics)


def _runner(app: faust.App, settings: Settings, role: Role, parts: Parts, metrics: Metrics) -> Runner:
    if role is Role.READ:
        return _reader(app, settings, parts, metrics)
    states = _states(app, settings, role)
    if role is Role.NOTIFY:
        actions = partial(ActionLog, settings.connection, settings.kafka_topic("actions"), alert_action_of)
        return NotifyRole(app, settings, states, metrics, actions, _delivery_tracing(parts))
    if role is Role.TRENDS:
        stage: Any = wiring.trends_stage(settings, states, metrics)
        return StatefulRole(app, settings, role, stage, states, MentionOrMark, metrics, parts.tracing)
    watchlist = wiring.open_watchlist(settings)
    metrics.set_watchlist(len(watchlist.topics))
    if role is Role.LINK:
        stage = wiring.link_stage(settings, watchlist, states, metrics)
        return StatefulRole(app, settings, role, stage, states, DecisionOrTick, metrics, parts.tracing)
    stage = wiring.surges_stage(settings, watchlist, states, metrics)
    return StatefulRole(app, settings, role, stage, states, Candidate, metrics, parts.tracing)


def _reader(app: faust.App, settings: Settings, parts: Parts, metrics: Metrics) -> Runner:
    # the only role that loads torch
    from models.policy import Policy
    from pipeline.reading.device import chosen_device
    from pipeline.reading.isolation import CautiousReader, Deaths
    from pipeline.roles.read import ReadRole, new_reader

    reader = CautiousReader(
        new_reader(settings, parts.policy),
        Deaths(settings.state_dir / f"{settings.group(Role.READ.value)}-heads.json"),
        command=parts.isolated,
        max_suspects=settings.max_batch_documents,
    )
    metrics.set_policy(version=reader.policy.version, device=reader.policy.device, precision=reader.policy.precision)
    load = parts.load or (lambda folder: Policy.load(folder, device=chosen_device(settings)))
    return ReadRole(app, settings, reader, metrics, load, parts.tracing)


def _delivery_tracing(parts: Parts) -> DeliveryTracing | None:
    if parts.tracing is None:
        return None
    from pipeline.tracing.delivering import DeliveryTracing

    return DeliveryTracing(parts.tracing)


def _states(app: faust.App, settings: Settings, role: Role) -> LoggedStates[Any]:
    log = wiring.state_log(settings, role.value)

    async def send(partition: int, key: bytes, value: bytes | None) -> Any:
        return await app.producer.send(log.kafka_topic, key, value, partition, None, None)

    return LoggedStates(KafkaChangelog(settings.connection, log.kafka_topic), send, log.encode, log.decode)
