"""What the stage that owns episodes keeps, by key, and its changelog records.

`topic` holds a topic's episodes, `!rule/topic` those of an absolute rule, `+topic/tick` evidence and `+topic/tick/p`
counts that wait for their tick, `~topic` what quiet hours hold back, `#` how far partitions are, and `=rules` the
rule books.
"""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import msgspec

from alerts.episodes.absolutes import AbsoluteEpisodes
from alerts.episodes.episodes import EpisodeTracker
from alerts.episodes.held import HeldChanges
from alerts.rules.book import RuleBook
from alerts.rules.books import RuleBooks
from alerts.rules.rule import Rule
from alerts.surges.evidence import Evidence, Pulse
from alerts.watermarks import MarkLedger
from pipeline.stage import States

SurgesState: TypeAlias = EpisodeTracker | AbsoluteEpisodes | HeldChanges | MarkLedger | RuleBooks | Evidence | Pulse
Kind = TypeVar("Kind")


def held(states: States[SurgesState], key: str, kind: type[Kind]) -> Kind | None:
    """Return what lies under a key, if anything.

    Raises:
        TypeError: it is of another kind: keys and kinds belong together.
    """
    state = states.get(key)
    if state is not None and not isinstance(state, kind):
        raise TypeError(f"state {key} must hold {kind.__name__}, got {type(state).__name__}")
    return state


def encode_surges_state(state: SurgesState) -> bytes:
    """Return the changelog record of a state."""
    return msgspec.msgpack.encode(state) if isinstance(state, Evidence | Pulse) else state.snapshot()


def decode_surges_state(key: str, value: bytes, book: RuleBook, bin_s: int) -> SurgesState:
    """Return what a changelog record holds: the key's first character tells.

    Args:
        key: of the record.
        value: of the record.
        book: the rule book that holds where none was ever sent.
        bin_s: length of a tick.
    """
    match key[:1]:
        case "+":
            if key.endswith("/p"):
                return msgspec.msgpack.decode(value, type=Pulse)
            return msgspec.msgpack.decode(value, type=Evidence)
        case "~":
            return HeldChanges.restore(value)
        case "#":
            return MarkLedger.restore(value)
        case "=":
            return RuleBooks.restore(book, value)
        case "!":
            return AbsoluteEpisodes.restore(key.split("/", 1)[1], bin_s, value)
    return EpisodeTracker.restore(Rule(), value)
