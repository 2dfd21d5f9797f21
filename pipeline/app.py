"""Builds a role's app with its agent, state and stage."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import faust
from prometheus_client import CollectorRegistry

from pipeline import wiring
from pipeline.broker.changelog import KafkaChangelog
from pipeline.feedback.actions_feed import ActionLog
from pipeline.feedback.actions_on_alerts import alert_action_of
from pipeline.metrics import Metrics
from pipeline.receivers.outbox import decode_state
from pipeline.records import Candidate, DecisionOrTick, MentionOrMark, encode
from pipeline.roles.faust_app import Role, Runner, Running, hand_over_cleanly, new_app, source
from pipeline.roles.logged_states import LoggedStates
from pipeline.roles.notify import NotifyRole
from pipeline.roles.stateful import StatefulRole
from pipeline.settings import Settings
from pipeline.stages.surges import encode_surges_state

CHANGELOGS = {Role.LINK: "sources", Role.TRENDS: "topics", Role.SURGES: "episodes", Role.NOTIFY: "active"}


@dataclass(frozen=True)
class Parts:
    """What a role is given from outside; tests give other ones."""

    policy: Callable[[Settings], Any] | None = None  # makes the reading role's policy
    load: Callable[[Path], Any] | None = None  # makes a released one of its checkpoint folder
    isolated: Sequence[str] = (sys.executable, "-m", "pipeline.reading.isolated")  # starts its one-by-one reader


def build_app(settings: Settings, role: Role, parts: Parts) -> Running:
    """Return the role's app, ready to be run by a Faust worker."""
    app = new_app(settings, role)
    metrics = Metrics(CollectorRegistry())
    runner = _runner(app, settings, role, parts, metrics)

    @app.agent(source(app, settings, role), concurrency=1, name=role.value)
    async def _agent(stream: Any) -> None:
        await runner.run(stream)

    hand_over_cleanly(app, settings, role, runner)
    return Running(app, runner.loop, metrics)


def _runner(app: faust.App, settings: Settings, role: Role, parts: Parts, metrics: Metrics) -> Runner:
    if role is Role.READ:
        return _reader(app, settings, parts, metrics)
    if role is Role.NOTIFY:
        outbox = _states(app, settings, role, encode, decode_state)
        actions = settings.kafka_topic("actions")
        return NotifyRole(
            app, settings, outbox, metrics, partial(ActionLog, settings.bootstrap, actions, alert_action_of)
        )
    if role is Role.TRENDS:
        decode_topic = partial(wiring.decode_trends_state, settings)
        topics = _states(app, settings, role, wiring.encode_trends_state, decode_topic)
        stage: Any = wiring.trends_stage(settings, topics, metrics)
        return StatefulRole(app, settings, role.value, stage, topics, MentionOrMark, metrics)
    watchlist = wiring.open_watchlist(settings)
    if role is Role.LINK:
        sources = _states(app, settings, role, _snapshot, partial(wiring.decode_source, settings))
        stage = wiring.link_stage(settings, watchlist, sources, metrics)
        return StatefulRole(app, settings, role.value, stage, sources, DecisionOrTick, metrics)
    decode_surges = partial(wiring.decode_surges, settings, wiring.open_rules(settings))
    episodes = _states(app, settings, role, encode_surges_state, decode_surges)
    stage = wiring.surges_stage(settings, watchlist, episodes, metrics)
    return StatefulRole(app, settings, role.value, stage, episodes, Candidate, metrics)


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
    return ReadRole(app, settings, reader, metrics, load)


def _states(
    app: faust.App,
    settings: Settings,
    role: Role,
    encode: Callable[[Any], bytes],
    decode: Callable[[str, bytes], Any],
) -> LoggedStates[Any]:
    kafka_topic = f"{settings.group(role.value)}-{CHANGELOGS[role]}-changelog"

    async def send(partition: int, key: bytes, value: bytes | None) -> Any:
        return await app.producer.send(kafka_topic, key, value, partition, None, None)

    return LoggedStates(KafkaChangelog(settings.bootstrap, kafka_topic), send, encode, decode)


def _snapshot(state: Any) -> bytes:
    snapshot: bytes = state.snapshot()
    return snapshot
