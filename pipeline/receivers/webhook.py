"""Posts each alert as JSON to one URL.

Knows nothing of what stands behind the URL.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote

import aiohttp

from pipeline.receivers.post import post_json
from pipeline.receivers.signature import WebhookSigner
from pipeline.records import AlertRecord, encode


def _now() -> datetime:
    return datetime.now(UTC)


class WebhookReceiver:
    """The alert as it is on the wire, with its id as idempotency key: a repeat carries the same key.

    A receiver that keeps the keys gets every transition exactly once. Ids that are not plain ASCII are
    percent-encoded in the header.

    Args:
        session: its life is the caller's.
        url: takes POST; redirects are refused.
        signer: signs each try with its time; None: nothing is signed.
        now: the time, aware.
        timeout_s: for one try, connecting included.
        name: in logs and metrics.

    >>> import asyncio
    >>> from pipeline.receivers.sample import sample_alert
    >>> async def refused():
    ...     async with aiohttp.ClientSession() as session:
    ...         await WebhookReceiver(session, "http://127.0.0.1:1/").deliver(sample_alert())
    >>> asyncio.run(refused())
    Traceback (most recent call last):
    pipeline.receivers.receiver.DeliveryFailed: no connection: ClientConnectorError
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        signer: WebhookSigner | None = None,
        now: Callable[[], datetime] = _now,
        timeout_s: float = 10.0,
        name: str = "webhook",
    ) -> None:
        self.name = name
        self._signer = signer
        self._now = now
        self._session = session
        self._url = url
        self._timeout_s = timeout_s

    async def deliver(self, alert: AlertRecord) -> None:
        """Post one alert.

        Raises:
            DeliveryFailed: it was not taken.
        """
        body = encode(alert)
        key = quote(alert.id, safe="/:@&")  # a discovered topic may be in any script, a header may not
        signed = self._signer.headers(key, self._now(), body) if self._signer else {}
        await post_json(
            self._session, self._url, body, timeout_s=self._timeout_s, headers={"Idempotency-Key": key, **signed}
        )
