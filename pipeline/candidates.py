"""What travels on the Kafka topic `candidates`, whose one partition orders evidence and rules.

Structs as those of `records.py`. Knows no Kafka client.
"""

from __future__ import annotations

import msgspec

from alerts.surges.evidence import Evidence, Pulse
from pipeline.records import SCHEMA, AwareDatetime


class EvidenceRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="evidence"):
    """Surge evidence for one topic at one tick (`candidates`)."""

    schema: int = SCHEMA
    topic: str
    at: AwareDatetime
    evidence: Evidence


class TickMark(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="mark"):
    """Says in `candidates` that all evidence of a partition of `mentions` is there, up to a tick."""

    schema: int = SCHEMA
    partition: int
    at: AwareDatetime  # end of the tick
    n_partitions: int  # of `mentions`: marks of all of them are needed
    pulses: tuple[Pulse, ...] = ()  # of the ticks since the mark before


class RulesRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="rules"):
    """A rule book that is to hold from now on (`candidates`, whose order decides from which tick)."""

    schema: int = SCHEMA
    id: str
    version: str
    text: str  # YAML, checked before it is sent
    by: str
    at: AwareDatetime  # when it was sent; decides nothing


class RulesTaken(msgspec.Struct, frozen=True, kw_only=True):
    """That a rule book holds, and from which tick on (`config`, under a key of its own: it is their history)."""

    schema: int = SCHEMA
    version: str
    text: str
    by: str
    at: AwareDatetime
    after: AwareDatetime | None  # end of the last tick that it does not hold for; None: for all it does


Candidate = EvidenceRecord | TickMark | RulesRecord
"""All that lies in `candidates`."""
