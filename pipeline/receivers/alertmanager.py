"""Tells a Prometheus Alertmanager which episodes are open, by its API v2.

Alertmanager keeps alerts in memory and ends them when they are not told again, so this one repeats itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
import msgspec

from pipeline.receivers.firing import FiringAlerts, Posting
from pipeline.receivers.notice import ActionTold
from pipeline.receivers.post import post_json
from pipeline.receivers.receiver import DeliveryFailed
from pipeline.records import AlertRecord

ALERT_NAME = "NegativeSurge"


@dataclass(frozen=True)
class AlertmanagerConfig:
    """How an Alertmanager is told.

    >>> AlertmanagerConfig(ttl_s=30.0)
    Traceback (most recent call last):
    ValueError: ttl_s must be > resend_s = 60.0, got 30.0
    """

    resend_s: float = 60.0  # the advice to clients is 30 s to 3 min
    ttl_s: float = 600.0  # an alert not told again for so long has ended; a new release rolls out faster
    retention_s: float = 900.0  # for which an ended alert is told; Prometheus does so for 15 min
    timeout_s: float = 10.0  # for one try

    def __post_init__(self) -> None:
        if self.resend_s <= 0:
            raise ValueError(f"resend_s must be > 0, got {self.resend_s}")
        if self.ttl_s <= self.resend_s:
            raise ValueError(f"ttl_s must be > resend_s = {self.resend_s}, got {self.ttl_s}")
        if self.timeout_s <= 0:
            raise ValueError(f"timeout_s must be > 0, got {self.timeout_s}")


class PostableAlert(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An alert as Alertmanager's API v2 takes it.

    >>> from pipeline.receivers.sample import sample_alert
    >>> alert = sample_alert()
    >>> postable(Posting.started(alert, alert.at), alert.at).labels["episode"]
    '1'
    """

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime


def postable(posting: Posting, firing_until: datetime) -> PostableAlert:
    """Return the posting on the wire; only what never changes in an episode, and the severity, is a label."""
    alert = posting.alert
    return PostableAlert(
        labels={
            "alertname": ALERT_NAME,
            "topic": alert.topic,
            "severity": posting.severity,
            "episode": str(alert.episode),
            **({"rule": alert.rule} if alert.rule else {}),
        },
        annotations={
            "summary": alert.summary,
            "description": _description(alert),
            "stories": "\n".join(_stories(alert)),
            "topic_name": alert.topic_name,
            **({"link": alert.link} if alert.link else {}),
            **_acknowledged(posting.acknowledged),
        },
        starts_at=posting.starts_at,
        ends_at=posting.ends_at or firing_until,
    )


def _acknowledged(action: ActionTold | None) -> dict[str, str]:
    if action is None:
        return {}
    told = {"acknowledged_by": action.by, "acknowledged_at": f"{action.at:%Y-%m-%dT%H:%M:%SZ}"}
    return {**told, "acknowledged_reason": action.reason} if action.reason else told


def _description(alert: AlertRecord) -> str:
    return (
        f"{alert.topic_name} {alert.transition} ({alert.reason}) at {alert.at:%Y-%m-%d %H:%M} UTC: "
        f"{alert.n_negative} of {alert.n_stories} stories negative, from {alert.n_sources} sources; "
        f"expected {alert.expected:.1f} ({alert.expected_low:.0f} to {alert.expected_high:.0f}) "
        f"by a baseline of {alert.baseline_age_s / 86_400:.1f} days; "
        f"policy {', '.join(alert.policy_versions) or 'unknown'}"
    )


def _stories(alert: AlertRecord) -> Iterable[str]:
    for story in alert.stories:
        yield f"{story.excerpt} ({story.source}, {story.copies}x){f' {story.url}' if story.url else ''}"


class AlertmanagerReceiver:
    """Posts an episode's alert at each transition, and all open ones at each `resend`.

    Whoever owns it calls `resend` every `config.resend_s` seconds, so that neither a restart of Alertmanager nor a
    lost post loses an alert, and `restore` at the start, before anything is delivered. Of a cluster each member
    needs a receiver of its own, as each must be told.

    Args:
        session: its life is the caller's.
        url: base address, without /api/v2.
        now: the clock.
        config: times.
        name: in logs and metrics.

    >>> import asyncio
    >>> from datetime import UTC
    >>> from pipeline.receivers.sample import sample_alert
    >>> async def nobody_listens():
    ...     async with aiohttp.ClientSession() as session:
    ...         receiver = AlertmanagerReceiver(session, "http://127.0.0.1:1", now=lambda: datetime.now(UTC))
    ...         await receiver.deliver(sample_alert())
    >>> asyncio.run(nobody_listens())
    Traceback (most recent call last):
    pipeline.receivers.receiver.DeliveryFailed: no connection: ClientConnectorError
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        now: Callable[[], datetime],
        config: AlertmanagerConfig | None = None,
        name: str = "alertmanager",
    ) -> None:
        self.name = name
        self.config = config or AlertmanagerConfig()
        self._session = session
        self._url = f"{url.rstrip('/')}/api/v2/alerts"
        self._now = now
        self._firing = FiringAlerts(self.config.retention_s)
        # a resend under way must not arrive after the transition that ends what it tells
        self._lock = asyncio.Lock()

    async def deliver(self, alert: AlertRecord) -> None:
        """Tell one transition; it is held, and told again, unless it is refused for good.

        Raises:
            DeliveryFailed: it was not taken.
        """
        async with self._lock:
            try:
                await self._post(self._firing.update(alert, self._now()))
            except DeliveryFailed as failed:
                if not failed.is_retryable:
                    self._firing.forget(alert)
                raise

    async def resend(self) -> None:
        """Tell all that is open or has ended of late.

        Raises:
            DeliveryFailed: it was not taken; the next call tries again.
        """
        async with self._lock:
            await self._post(self._firing.get(self._now()))

    def restore(self, alerts: Iterable[AlertRecord]) -> None:
        """Hold these, each the last transition of its episode, and nothing else; sends nothing."""
        self._firing.restore(alerts, self._now())

    async def _post(self, postings: tuple[Posting, ...]) -> None:
        if not postings:
            return
        firing_until = self._now() + timedelta(seconds=self.config.ttl_s)
        body = msgspec.json.encode([postable(posting, firing_until) for posting in postings])
        await post_json(self._session, self._url, body, timeout_s=self.config.timeout_s, headers={})
