"""Makes receivers of what a deployment names; the log is always the first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

import aiohttp

from pipeline.receivers.alertmanager import AlertmanagerReceiver
from pipeline.receivers.log import LogReceiver
from pipeline.receivers.named import ReceiverSpec
from pipeline.receivers.receiver import Receiver
from pipeline.receivers.signature import WebhookSigner
from pipeline.receivers.webhook import WebhookReceiver


def new_receivers(
    specs: Iterable[ReceiverSpec], session: aiohttp.ClientSession, now: Callable[[], datetime]
) -> list[Receiver]:
    """Return the log, and a receiver for each spec in their order."""
    log = LogReceiver(logging.getLogger("finsurge.alerts"))
    return [log, *(_receiver(spec, session, now) for spec in specs)]


def _receiver(spec: ReceiverSpec, session: aiohttp.ClientSession, now: Callable[[], datetime]) -> Receiver:
    if spec.kind == "webhook":
        signer = WebhookSigner(spec.secret) if spec.secret else None
        return WebhookReceiver(session, spec.url, signer=signer, now=now, name=spec.name)
    if spec.kind == "alertmanager":
        return AlertmanagerReceiver(session, spec.url, now=now, name=spec.name)
    # not above: it is slow to import, and most deployments have none
    from pipeline.receivers.apprise import AppriseReceiver

    return AppriseReceiver(spec.name, spec.url)
