"""Tries a receiver with an alert that says that it is a test."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import aiohttp

from pipeline.errors import CommandFailed
from pipeline.receivers.catalogue import new_receivers
from pipeline.receivers.named import load_receivers
from pipeline.receivers.receiver import DeliveryFailed
from pipeline.receivers.sample import trial_alert
from pipeline.records import AlertRecord
from pipeline.settings import Settings


async def try_receiver(settings: Settings, name: str, now: datetime) -> AlertRecord:
    """Send the test alert once, and return it.

    Raises:
        CommandFailed: there is no such receiver, or it did not take it.
        ReceiversInvalid: the file of receivers has a mistake.
    """
    specs = {spec.name: spec for spec in load_receivers(settings, os.environ)}
    if name not in specs:
        known = ", ".join(specs) or "none; see FINSURGE_RECEIVERS"
        raise CommandFailed(f"no receiver is called {name!r}; there are: {known}")
    alert = trial_alert(now)
    async with aiohttp.ClientSession() as session:
        _, receiver = new_receivers([specs[name]], session, lambda: datetime.now(UTC))
        try:
            await receiver.deliver(alert)
        except DeliveryFailed as failed:
            raise CommandFailed(
                f"{name} did not take the test alert: {failed}; correct {specs[name].source}"
            ) from None
    return alert
