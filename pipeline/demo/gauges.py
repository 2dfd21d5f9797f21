"""What the roles say of themselves on their metrics ports, as the demo shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from pipeline.demo.loop.learner_gauges import LearnerGauges
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings

LEARNER_PORT, FEEDBACK_PORT = 9, 10
"""Of their metrics, counted from the first port; their own modules say so too, and load much."""


@dataclass(frozen=True, slots=True)
class RoleGauges:
    """One role's figures.

    >>> gauges = RoleGauges.parse('finsurge_lag_records{kafka_topic="a",partition="0"} 3.0')
    >>> gauges.lag, gauges.n_read
    (3, 0)
    """

    lag: int | None = None  # None: not told, no partition is assigned yet
    documents: Mapping[str, int] = field(default_factory=dict)  # by outcome
    batch_documents: float | None = None  # mean
    queue_age_s: float | None = None  # mean
    policy_version: str | None = None  # that serves

    @property
    def n_read(self) -> int:
        """Documents that `read` is done with, one way or another."""
        return sum(self.documents.values())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the figures that a /metrics page holds."""
        lag: int | None = None
        documents: dict[str, int] = {}
        values: dict[str, float] = {}
        policy_version: str | None = None
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "finsurge_lag_records":
                    lag = (lag or 0) + int(sample.value)
                elif sample.name == "finsurge_documents_total":
                    documents[sample.labels["outcome"]] = int(sample.value)
                elif sample.name == "finsurge_policy_info":
                    policy_version = sample.labels.get("version")  # other roles have none
                else:
                    values[sample.name] = sample.value
        return cls(
            lag=lag,
            documents=documents,
            batch_documents=_mean(values, "finsurge_batch_documents"),
            queue_age_s=_mean(values, "finsurge_queue_age_seconds"),
            policy_version=policy_version,
        )


class Gauges:
    """Asks the roles, all at once.

    >>> Gauges(Settings(http_port=9000)).urls[Role.LINK]
    'http://127.0.0.1:9001/metrics'
    """

    def __init__(self, settings: Settings) -> None:
        base = settings.http_port
        self.urls = {role: f"http://{settings.http_host}:{base + role.number}/metrics" for role in Role}
        self._learner_url = f"http://{settings.http_host}:{base + LEARNER_PORT}/metrics"

    async def read(self) -> dict[Role, RoleGauges]:
        """Return the figures of the roles that answer; while a role starts it does not."""
        pages = await self._pages(*self.urls.values())
        return {role: RoleGauges.parse(page) for role, page in zip(self.urls, pages, strict=True) if page is not None}

    async def read_learner(self) -> LearnerGauges | None:
        """Return the learner's figures, if it answers."""
        [page] = await self._pages(self._learner_url)
        return None if page is None else LearnerGauges.parse(page)

    async def _pages(self, *urls: str) -> list[str | None]:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2.0)) as session:
            return await asyncio.gather(*(self._page(session, url) for url in urls))

    @staticmethod
    async def _page(session: aiohttp.ClientSession, url: str) -> str | None:
        try:
            async with session.get(url) as answer:
                return await answer.text() if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError):
            return None


def _mean(values: Mapping[str, float], name: str) -> float | None:
    count = values.get(f"{name}_count", 0.0)
    return values[f"{name}_sum"] / count if count else None
