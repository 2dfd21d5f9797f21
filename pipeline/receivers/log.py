"""Writes alerts to the process's log; the receiver that is always there."""

from __future__ import annotations

import logging
import re

import msgspec

from pipeline.logs.about import about
from pipeline.logs.formats import BODY
from pipeline.records import AlertRecord, encode

_QUOTE = re.compile(r"; first: “.*”", re.DOTALL)


class LogReceiver:
    """One line of JSON per transition, so that a log collector can take it apart; texts of documents are left out.

    Logs are read by others, and kept for longer, than documents may be.

    >>> import asyncio
    >>> from pipeline.receivers.sample import sample_alert
    >>> asyncio.run(LogReceiver(logging.getLogger("finsurge.alerts")).deliver(sample_alert()))
    """

    name = "log"

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    async def deliver(self, alert: AlertRecord) -> None:
        """Log the alert; JSON keeps line breaks of the texts inside it from forging lines."""
        body = encode(_without_texts(alert))
        self._logger.warning("alert %s", body.decode(), extra=about(alert=alert.id, topic=alert.topic) | {BODY: body})


def _without_texts(alert: AlertRecord) -> AlertRecord:
    stories = tuple(msgspec.structs.replace(story, excerpt="") for story in alert.stories)
    return msgspec.structs.replace(alert, stories=stories, summary=_QUOTE.sub("", alert.summary))
