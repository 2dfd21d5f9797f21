"""Which receivers an alert goes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.records import AlertRecord

LOG = "log"
"""The receiver that is always there, and is told everything."""


class Route(NamedTuple):
    """Where an alert goes, and which of the names that it asks for there are not."""

    receivers: tuple[str, ...]
    unknown: tuple[str, ...]


def route(alert: AlertRecord, receivers: Sequence[str]) -> Route:
    """Return where an alert goes: to those that its routes name, to all if it names none, or one that is not there.

    >>> from pipeline.receivers.sample import sample_alert
    >>> route(sample_alert(routes=("desk",)), ["log", "desk", "archive"])
    Route(receivers=('log', 'desk'), unknown=())
    >>> route(sample_alert(routes=("dsek",)), ["log", "desk", "archive"])
    Route(receivers=('log', 'desk', 'archive'), unknown=('dsek',))
    """
    unknown = tuple(name for name in alert.routes if name not in receivers)
    if unknown or not alert.routes:
        return Route(tuple(receivers), unknown)
    return Route(tuple(name for name in receivers if name == LOG or name in alert.routes), ())
