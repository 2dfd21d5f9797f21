"""Where a role puts records that it cannot take: decoding that rejects, and sending to the dead letters.

Knows no role's work.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from pipeline.dead_letters import dead_letter_headers
from pipeline.logs.about import at
from pipeline.metrics import Metrics
from pipeline.rejects import RecordRejected, RejectReason
from pipeline.settings import Settings

log = logging.getLogger(__name__)


def decoded(decoder: msgspec.json.Decoder[Any], value: bytes | None) -> Any:
    """Return the record that `value` holds, or why it holds none.

    >>> from pipeline.records import Tick
    >>> decoded(msgspec.json.Decoder(Tick), b"{}").reason.value
    'wrong_type'
    """
    try:
        return decoder.decode(value or b"")
    except msgspec.ValidationError as error:
        return RecordRejected(RejectReason.WRONG_TYPE, str(error))
    except UnicodeDecodeError as error:
        return RecordRejected(RejectReason.BAD_UNICODE, f"not UTF-8 at byte {error.start}")
    except msgspec.DecodeError as error:
        return RecordRejected(RejectReason.MALFORMED_JSON, str(error))
    except RecursionError:
        return RecordRejected(RejectReason.MALFORMED_JSON, "nested too deeply")


class DeadLetterBox:
    """Sends original bytes to the dead letters, with headers that say why."""

    def __init__(self, app: Any, settings: Settings, stage: str, metrics: Metrics) -> None:
        self._app = app
        self._kafka_topic = settings.kafka_topic("documents.dlq")
        self._stage = stage
        self._metrics = metrics

    async def send(self, message: Any, rejected: RecordRejected) -> Any:
        """Send the message's key and value; the returned future ends when the broker has them."""
        headers = dead_letter_headers(
            rejected,
            kafka_topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            timestamp=message.timestamp,
            stage=self._stage,
        )
        self._metrics.count_dead_letter(rejected.reason)
        # the detail may quote the document: it is in the headers
        log.warning("a record goes to the dead letters: %s", rejected.reason.value, extra=at(message))
        return await self._app.producer.send(self._kafka_topic, message.key, message.value, None, None, headers)
