"""What must hold before any role's process is started, so that a mistake is told once and not once a role.

The policy is left to the reading role, the only one that loads torch.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from pipeline.broker.preflight import check_kafka_topics
from pipeline.broker.rebuild_log import check_whole
from pipeline.errors import CommandFailed
from pipeline.health import HealthServer
from pipeline.receivers.named import load_receivers
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings
from pipeline.wiring import open_rules, open_watchlist


def check_startup(settings: Settings, roles: Sequence[Role]) -> None:
    """Pass, or raise the first thing that would end one of the roles.

    Raises:
        BrokerUnavailable, CommandFailed, PortTaken, ReceiversInvalid, RulesInvalid, WatchlistInvalid: one line with
            the mend.
    """
    open_watchlist(settings)
    open_rules(settings)
    if Role.NOTIFY in roles:
        load_receivers(settings, os.environ)
    _make_state_dir(settings)
    settings.connection.reach(timeout_s=10.0)
    asyncio.run(_check_roles(settings, roles))


def _make_state_dir(settings: Settings) -> None:
    try:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        mend = "set FINSURGE_STATE_DIR to a folder that can be written"
        raise CommandFailed(f"cannot keep state in {settings.state_dir}: {reason}; {mend}") from None


async def _check_roles(settings: Settings, roles: Sequence[Role]) -> None:
    if any(role.is_rebuilt for role in roles):
        await check_whole(settings)
    for role in roles:
        await check_kafka_topics(settings, role)
        port = settings.http_port + role.number
        async with HealthServer(CollectorRegistry(), stuck=list, unready=list, host=settings.http_host, port=port):
            pass
