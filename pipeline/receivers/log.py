"""Writes alerts to the process's log; the receiver that is always there."""

from __future__ import annotations

import logging

from pipeline.records import AlertRecord, encode


class LogReceiver:
    """One line of JSON per transition, so that a log collector can take it apart.

    >>> import asyncio
    >>> from pipeline.receivers.sample import sample_alert
    >>> asyncio.run(LogReceiver(logging.getLogger("finsurge.alerts")).deliver(sample_alert()))
    """

    name = "log"

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    async def deliver(self, alert: AlertRecord) -> None:
        """Log the alert; JSON keeps line breaks of the texts inside it from forging lines."""
        self._logger.warning("alert %s", encode(alert).decode())
