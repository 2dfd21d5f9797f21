"""Builds a role's app with its agent, table and stage."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import faust
from prometheus_client import CollectorRegistry

from pipeline import wiring
from pipeline.app import Role, Running, hand_over_cleanly, new_app, source
from pipeline.metrics import Metrics
from pipeline.records import AlertRecord, DecisionOrTick, EvidenceRecord, MentionOrMark, decode, encode
from pipeline.roles.notify import NotifyRole
from pipeline.roles.stateful import StatefulRole
from pipeline.settings import Settings
from pipeline.table_states import TableStates

TABLES = {Role.LINK: "sources", Role.TRENDS: "topics", Role.SURGES: "episodes", Role.NOTIFY: "active"}


@dataclass(frozen=True)
class Parts:
    """What a role is given from outside; tests give other ones."""

    policy: Callable[[Settings], Any] | None = None  # makes the reading role's policy
    isolated: Sequence[str] = (sys.executable, "-m", "pipeline.isolated")  # starts its one-by-one reader


def build_app(settings: Settings, role: Role, parts: Parts) -> Running:
    """Return the role's app, ready to be run by a Faust worker."""
    app = new_app(settings, role)
    metrics = Metrics(CollectorRegistry())
    runner = _runner(app, settings, role, parts, metrics)

    @app.agent(source(app, settings, role), concurrency=1, name=role.value)
    async def _agent(stream: Any) -> None:
        await runner.run(stream)

    hand_over_cleanly(app, settings, runner.loop)
    return Running(app, runner.loop, metrics)


def _runner(app: faust.App, settings: Settings, role: Role, parts: Parts, metrics: Metrics) -> Any:
    if role is Role.READ:
        return _reader(app, settings, parts, metrics)
    if role is Role.NOTIFY:
        alerts = TableStates(_table(app, settings, role), encode, lambda _key, value: decode(AlertRecord, value))
        return NotifyRole(app, settings, alerts, metrics)
    if role is Role.TRENDS:
        decode_state = partial(wiring.decode_trends_state, settings)
        topics = TableStates(_table(app, settings, role), wiring.encode_trends_state, decode_state)
        stage: Any = wiring.trends_stage(settings, topics, metrics)
        return StatefulRole(app, settings, role.value, stage, topics, MentionOrMark, metrics)
    watchlist = wiring.open_watchlist(settings)
    if role is Role.LINK:
        sources = _states(app, settings, role, partial(wiring.decode_source, settings))
        stage = wiring.link_stage(settings, watchlist, sources, metrics)
        return StatefulRole(app, settings, role.value, stage, sources, DecisionOrTick, metrics)
    episodes = _states(app, settings, role, wiring.decode_episodes)
    stage = wiring.surges_stage(settings, watchlist, episodes, metrics)
    return StatefulRole(app, settings, role.value, stage, episodes, EvidenceRecord, metrics)


def _reader(app: faust.App, settings: Settings, parts: Parts, metrics: Metrics) -> Any:
    # the only role that loads torch
    from pipeline.isolation import CautiousReader, Deaths
    from pipeline.roles.read import ReadRole, new_reader

    reader = CautiousReader(
        new_reader(settings, parts.policy),
        Deaths(settings.state_dir / f"{settings.group(Role.READ.value)}-heads.json"),
        command=parts.isolated,
        max_suspects=settings.max_batch_documents,
    )
    metrics.set_policy(version=reader.policy.version, device=reader.policy.device, precision=reader.policy.precision)
    return ReadRole(app, settings, reader, metrics)


def _states(app: faust.App, settings: Settings, role: Role, decode: Callable[[str, bytes], Any]) -> TableStates[Any]:
    return TableStates(_table(app, settings, role), lambda state: state.snapshot(), decode)


def _table(app: faust.App, settings: Settings, role: Role) -> Any:
    partitions = 1 if role is Role.SURGES else settings.partitions
    return app.Table(TABLES[role], partitions=partitions, key_type=str, value_type=bytes)
