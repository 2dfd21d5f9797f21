"""Tells people through Apprise: Slack, Teams, e-mail, PagerDuty and a hundred others, each by a URL.

The URL holds secrets: neither it nor what Apprise says of it leaves this file.
"""

from __future__ import annotations

import asyncio
import logging
import re
from concurrent.futures import ThreadPoolExecutor

from apprise import Apprise, AppriseAsset, AppriseResultStatus, NotifyFormat, NotifyType

from pipeline.receivers.message import Message, message_of
from pipeline.receivers.notice import action_told
from pipeline.receivers.receiver import DeliveryFailed
from pipeline.records import AlertRecord

# the service has looked at this very message and does not want it; a token or an address can be mended
_REFUSING = frozenset({400, 413, 422})
_STATUS = re.compile(r"\berror=(\d{3})\b")


class AppriseUrlInvalid(ValueError):
    """Apprise knows no service by this URL; the message does not show it."""


class AppriseReceiver:
    """One Apprise URL.

    Apprise blocks, so that each receiver has a thread of its own; the event loop never waits. Apprise tells a broken
    connection from a missing answer only by a status: without one, the alert may have arrived.

    Args:
        name: in logs and metrics.
        url: as Apprise's documentation says, best with one target: a service that fails for one of several is tried
            again for all of them.
        timeout_s: for one try.

    >>> from pipeline.receivers.sample import sample_alert
    >>> receiver = AppriseReceiver("desk", "json://me:s3cret@127.0.0.1:1/")
    >>> asyncio.run(receiver.deliver(sample_alert()))
    Traceback (most recent call last):
    pipeline.receivers.receiver.DeliveryFailed: not taken by the service

    Raises:
        AppriseUrlInvalid: there is no such service, or its URL lacks something.
    """

    def __init__(self, name: str, url: str, *, timeout_s: float = 15.0) -> None:
        _keep_quiet()
        self.name = name
        self._timeout_s = timeout_s
        self._apprise = Apprise(
            asset=AppriseAsset(app_id="finsurge", app_desc="finsurge", storage_mode="memory", allow_templates=False)
        )
        # a list: Apprise splits a string at commas and blanks
        if not self._apprise.add([url]) or len(self._apprise) != 1:
            raise AppriseUrlInvalid("no URL of a service that Apprise knows")
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"apprise-{name}")

    async def deliver(self, alert: AlertRecord) -> None:
        """Send one alert.

        Raises:
            DeliveryFailed: it was not taken.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, self._send, message_of(alert), _kind_of(alert))

    def _send(self, message: Message, kind: NotifyType) -> None:
        with self._apprise.notify(
            message.body,
            title=message.title,
            notify_type=kind,
            body_format=NotifyFormat.TEXT,
            timeout=self._timeout_s,
        ) as result:
            if result:
                return
            statuses = {int(found) for entry in result.logs() for found in _STATUS.findall(entry.message)}
            is_late = result.status is AppriseResultStatus.TIMEOUT
        if is_late:
            raise DeliveryFailed(f"no answer within {self._timeout_s:g} s", is_retryable=True, may_have_arrived=True)
        if not statuses:
            raise DeliveryFailed("not taken by the service", is_retryable=True, may_have_arrived=True)
        said = ", ".join(str(status) for status in sorted(statuses))
        raise DeliveryFailed(f"answered {said}", is_retryable=not statuses <= _REFUSING)


def _kind_of(alert: AlertRecord) -> NotifyType:
    action = action_told(alert)
    if alert.transition == "closed":
        return NotifyType.SUCCESS
    if action is not None and action.type == "acknowledged":
        return NotifyType.INFO
    return NotifyType.FAILURE if alert.severity == "critical" else NotifyType.WARNING


def _keep_quiet() -> None:
    """Keep what Apprise and its HTTP client log, which may name parts of a URL, out of every log."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.WARNING)  # as deep as a result's entries go
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
