"""What a receiver is, and how it says that it did not take an alert.

Knows neither retries nor order: those are the dispatcher's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from pipeline.records import AlertRecord


class DeliveryFailed(Exception):
    """The receiver did not take the alert; `is_retryable` says whether trying again can help.

    `may_have_arrived` says that it was sent and not answered: the receiver may have it all the same.

    >>> str(DeliveryFailed("webhook answered 503", is_retryable=True))
    'webhook answered 503'
    """

    def __init__(self, why: str, *, is_retryable: bool, may_have_arrived: bool = False) -> None:
        super().__init__(why)
        self.is_retryable = is_retryable
        self.may_have_arrived = may_have_arrived


class Receiver(Protocol):
    """Takes alerts, at least once each, in order; the alert's id tells repeats."""

    @property
    def name(self) -> str:
        """Name in logs and metrics, unique in a process."""

    async def deliver(self, alert: AlertRecord) -> None:
        """Hand over one transition.

        Raises:
            DeliveryFailed: it was not taken.
        """


@runtime_checkable
class ResendingReceiver(Receiver, Protocol):
    """A receiver that forgets, and so must be told again and again what is still open."""

    def restore(self, alerts: Iterable[AlertRecord]) -> None:
        """Replace what is held by the last transition of each episode, without sending anything."""

    async def resend(self) -> None:
        """Tell all that is held once more.

        Raises:
            DeliveryFailed: it was not taken.
        """
