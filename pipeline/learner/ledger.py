"""What the learner writes into its audit log: answers of the gate, steps of candidates, quarantines and releases.

Knows what the log holds already: a restart repeats nothing. Knows no Kafka and no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from pipeline.feedback.actions import QuarantineReleased
from pipeline.feedback.audit import AuditAction, AuditEntry, AuditLog, Deed, entries_of
from rl.analysts.quarantine import Quarantine

LEARNER = "learner"
"""Who does what nobody has asked for."""

_Key = tuple[str, str, str]  # analyst, topic, way


class LearnerLedger:
    """The learner's audit log.

    >>> import tempfile
    >>> from pathlib import Path
    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> with tempfile.TemporaryDirectory() as folder, AuditLog(Path(folder) / "audit.jsonl", at) as log:
    ...     LearnerLedger(log).step(AuditAction.PROMOTED, "p-2", at, {"reason": "enough_canary"})
    ...     log.head.n_entries
    1
    """

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._held: dict[_Key, None] = {}
        self._released: set[str] = set()
        for entry in entries_of(log.path):
            self._remember(entry)

    def step(self, action: AuditAction, version: str, at: datetime, details: Mapping[str, str]) -> None:
        """Write that something was done to a version of the policy."""
        self._log.append(Deed(at, LEARNER, action, version, details))

    def release(self, action: QuarantineReleased) -> None:
        """Write that a person has released an analyst's rounds; an action that comes again changes nothing."""
        if action.id in self._released:
            return
        details = {"analyst": action.analyst, "topic": action.topic, "id": action.id, "reason": action.reason}
        subject = _subject(action.analyst, action.topic)
        deed = Deed(action.at, action.by, AuditAction.QUARANTINE_RELEASED, subject, details)
        self._remember(self._log.append(deed))

    def quarantines(self, held: Iterable[Quarantine], at: datetime) -> None:
        """Write which quarantines are new, and which are over because others say the same by now."""
        now = {(each.analyst, each.topic, each.burst.push.name.lower()): each for each in held}
        deeds = [_quarantined(key, each, at) for key, each in now.items() if key not in self._held]
        deeds += [_over(key, at) for key in self._held if key not in now]
        if deeds:
            for entry in self._log.append_all(deeds):
                self._remember(entry)

    def _remember(self, entry: AuditEntry) -> None:
        details = entry.details
        key = (details.get("analyst", ""), details.get("topic", ""), details.get("push", ""))
        if entry.action is AuditAction.QUARANTINED:
            self._held[key] = None
        elif entry.action is AuditAction.QUARANTINE_RELEASED and "id" in details:
            self._released.add(details["id"])
            self._held = {other: None for other in self._held if other[:2] != key[:2]}
        elif entry.action is AuditAction.QUARANTINE_RELEASED:
            self._held.pop(key, None)


def _quarantined(key: _Key, held: Quarantine, at: datetime) -> Deed:
    details = {
        **_named(key),
        "reason": held.reason.value,
        "sentence": held.sentence,
        "n_rounds": str(len(held.round_ids)),
    }
    return Deed(at, LEARNER, AuditAction.QUARANTINED, _subject(*key[:2]), details)


def _over(key: _Key, at: datetime) -> Deed:
    details = {**_named(key), "reason": "what is known by now does not speak for it"}
    return Deed(at, LEARNER, AuditAction.QUARANTINE_RELEASED, _subject(*key[:2]), details)


def _named(key: _Key) -> dict[str, str]:
    return dict(zip(("analyst", "topic", "push"), key, strict=True))


def _subject(analyst: str, topic: str) -> str:
    return f"{analyst} on {topic}"
