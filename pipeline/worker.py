"""Runs one role in this process: checks first, then Faust, with metrics and health beside it."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import Any, NoReturn

import faust
import mode

from pipeline.app import Parts, build_app
from pipeline.broker.lost_state import check_state
from pipeline.broker.preflight import check_kafka_topics, commit_start_offsets
from pipeline.broker.rebuild_log import check_whole
from pipeline.garbage import collect_seldom
from pipeline.health import HealthServer
from pipeline.logs.setup import adopt_libraries, set_up_logs
from pipeline.metrics.backlog import Backlog
from pipeline.metrics.vitals import Vitals
from pipeline.roles.faust_app import Role, Running
from pipeline.settings import Settings
from pipeline.tracing.opening import open_tracing

STUCK_S = 300.0
"""Seconds with records waiting and none acknowledged after which /healthz says stuck."""


def run_role(settings: Settings, role: Role, parts: Parts | None = None) -> NoReturn:
    """Run the role until a signal (exit code 0) or an error (another one).

    Raises:
        BrokerUnavailable, CommandFailed, CheckpointMismatch, WatchlistInvalid, PortTaken: before anything is read.
    """
    tracing = open_tracing(settings, role.value)
    set_up_logs(settings, role.value, trace_ids=dict if tracing is None else tracing.current_ids)
    settings.connection.reach(timeout_s=10.0)
    asyncio.run(check_kafka_topics(settings, role))
    if role.is_rebuilt:
        asyncio.run(check_whole(settings))
    asyncio.run(check_state(settings, role))
    asyncio.run(commit_start_offsets(settings, role))
    if role is Role.TRENDS:
        collect_seldom()
    running = build_app(settings, role, dataclasses.replace(parts or Parts(), tracing=tracing))
    adopt_libraries()
    health = HealthService(settings, role, running)
    health.check_port()
    worker = faust.Worker(
        running.app, health, loglevel="WARNING", quiet=True, redirect_stdouts=False, override_logging=False
    )
    worker.spinner = None  # it writes to standard output even where that is no terminal, into the log's next line
    try:
        raise SystemExit(worker.execute_from_commandline())
    finally:
        if tracing is not None:
            tracing.close()


class HealthService(mode.Service):
    """Serves metrics and health in the worker's own loop: an answer shows that the loop turns."""

    def __init__(self, settings: Settings, role: Role, running: Running, **options: Any) -> None:
        super().__init__(**options)
        self._settings = settings
        self._running = running
        self._port = settings.http_port + role.number
        self._progress = (0, time.monotonic())  # events done, and since when
        self._backlog = Backlog()
        Vitals(
            running.metrics.registry,
            role.value,
            settings.topic_prefix,
            settings.state_dir,
            stuck=self._stuck,
            unready=self._unready,
        )
        self._server = HealthServer(
            running.metrics.registry,
            stuck=self._stuck,
            unready=self._unready,
            host=settings.http_host,
            port=self._port,
        )

    def check_port(self) -> None:
        """Raise PortTaken now rather than in the middle of Faust's start."""

        async def _try() -> None:
            async with self._server:
                pass

        asyncio.run(_try())

    async def on_start(self) -> None:
        """Listen."""
        await self._server.start()

    async def on_stop(self) -> None:
        """Stop listening."""
        await self._server.stop()

    @mode.Service.task
    async def _measure(self) -> None:
        while not self.should_stop:
            await self.sleep(2.0)
            self._measure_lag()

    def _measure_lag(self) -> None:
        app, metrics = self._running.app, self._running.metrics
        if not app.started or app.rebalancing:
            return
        metrics.forget_lag()
        n_behind = 0
        for tp in app.consumer.assignment():
            highwater = app.consumer.highwater(tp)
            committed = app.consumer._committed_offset.get(tp)
            if highwater is not None and committed is not None:
                metrics.set_lag(tp.topic, tp.partition, max(0, highwater - committed))
                n_behind += max(0, highwater - committed)
        metrics.set_lag_age(self._backlog.age_s(n_behind, self._running.loop.oldest_s(), time.time()))

    def _stuck(self) -> list[str]:
        done, since_s = self._progress
        if self._running.loop.n_done != done or not self._running.loop.has_work():
            self._progress = (self._running.loop.n_done, time.monotonic())
            return []
        quiet_s = time.monotonic() - since_s
        return [f"nothing acknowledged for {quiet_s:.0f} s with records waiting"] if quiet_s > STUCK_S else []

    def _unready(self) -> list[str]:
        app = self._running.app
        if not app.started:
            return ["starting"]
        if app.rebalancing:
            return ["partitions are changing hands"]
        # without a partition a worker is a spare, and ready
        return [] if self._running.loop.is_open else ["partitions are not taken over yet"]
