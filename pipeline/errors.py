"""What a user can get wrong: each such error is one line that says what, where and the mend.

Owns which exceptions those are; everything else is a bug and keeps its traceback.
"""

from __future__ import annotations

from aiokafka.errors import KafkaError as AioKafkaError
from kafka.errors import KafkaError

from alerts.rules.parse import RulesInvalid
from models.errors import CheckpointMismatch, DataInvalid
from models.topics.watchlist import WatchlistInvalid
from pipeline.broker.connection import BrokerUnavailable, TlsInvalid
from pipeline.broker.embedded import EmbeddedUnavailable
from pipeline.broker.jars import KafkaUnavailable
from pipeline.broker.topics import TopicRefused
from pipeline.feedback.audit import AuditBroken
from pipeline.feedback.roster import RosterInvalid
from pipeline.feedback.store import StoreUnusable
from pipeline.health import PortTaken
from pipeline.ingest.document_files import FileUnreadable
from pipeline.receivers.named import ReceiversInvalid
from pipeline.settings import SettingsInvalid
from rl.gate.ledger import LedgerDamaged
from rl.registry.errors import RegistryFault


class CommandFailed(Exception):
    """A command cannot do what it was asked; the message is for people."""


USER_ERRORS: tuple[type[Exception], ...] = (
    AioKafkaError,
    AuditBroken,
    BrokerUnavailable,
    CheckpointMismatch,
    CommandFailed,
    DataInvalid,
    EmbeddedUnavailable,
    FileUnreadable,
    KafkaError,
    KafkaUnavailable,
    LedgerDamaged,
    OSError,
    PortTaken,
    ReceiversInvalid,
    RegistryFault,
    RosterInvalid,
    RulesInvalid,
    SettingsInvalid,
    StoreUnusable,
    TlsInvalid,
    TopicRefused,
    WatchlistInvalid,
)


def one_line(error: Exception) -> str:
    """Return the error as one line.

    >>> one_line(FileNotFoundError(2, "No such file or directory", "a.jsonl"))
    'a.jsonl: no such file or directory'
    """
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror.lower()}"
    return " ".join(str(error).split()) or type(error).__name__
