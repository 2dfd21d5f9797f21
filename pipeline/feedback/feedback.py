"""One step of the join: what was read goes into the store, in one transaction with what it causes.

Knows no Kafka client and no clock; state is only in the store.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec

from pipeline.feedback.actions import action_of
from pipeline.feedback.audit import AuditAction, Deed
from pipeline.feedback.corrections import CorrectionDesk, Desks
from pipeline.feedback.decided import DecidedDocument
from pipeline.feedback.disputes import Disputes
from pipeline.feedback.episodes import OpenEpisodes
from pipeline.feedback.journal import RECORD
from pipeline.feedback.metrics import FeedbackMetrics
from pipeline.feedback.purge import Purge
from pipeline.feedback.store import FeedbackStore, hash_of
from pipeline.feedback.waiting import ArrivedCorrection, WaitingRoom
from pipeline.logs.about import about
from pipeline.records import AlertRecord, Decision, DecisionOrTick, Document, Origin, ShadowDecision

log = logging.getLogger(__name__)
READ = ("documents", "alerts", "shadows", "decisions", "corrections", "actions")
"""What is followed, in the order in which a step takes it: what needs a decision comes last."""

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A record as it was read."""

    kafka_topic: str  # without the deployment's prefix
    lies_at: Origin
    key: bytes | None
    value: bytes | None
    recorded_at: datetime


class Feedback:
    """The join.

    Args:
        store: all its state.
        desks: what corrections are checked by and joined with.
        corrections: takes corrections.
        waiting: where they wait.
        episodes: that are open.
        disputes: what other policies say.
        purge: forgets.
        metrics: counts.
    """

    def __init__(
        self,
        store: FeedbackStore,
        desks: Desks,
        corrections: CorrectionDesk,
        waiting: WaitingRoom,
        episodes: OpenEpisodes,
        disputes: Disputes,
        purge: Purge,
        metrics: FeedbackMetrics,
    ) -> None:
        self._store = store
        self._desks = desks
        self._corrections = corrections
        self._waiting = waiting
        self._episodes = episodes
        self._disputes = disputes
        self._purge = purge
        self._metrics = metrics
        self._documents = msgspec.json.Decoder(Document)
        self._alerts = msgspec.json.Decoder(AlertRecord)
        self._shadows = msgspec.json.Decoder(ShadowDecision)
        self._decisions: msgspec.json.Decoder[DecisionOrTick] = msgspec.json.Decoder(DecisionOrTick)
        self._seen: set[int] = set()  # documents of this step, by hash

    def step(self, fetched: Sequence[Fetched], now: datetime, *, is_caught_up: bool) -> None:
        """Take records, in the order of each partition, and do what is due.

        Args:
            fetched: records; those that were taken before are left out.
            now: processing time.
            is_caught_up: nothing else was there to be read.
        """
        with self._store.step():
            reached = self._store.offsets()
            for record in sorted(fetched, key=lambda each: READ.index(each.kafka_topic)):
                partition, offset = record.lies_at
                place = (record.kafka_topic, partition)
                if offset >= reached.get(place, 0):
                    self._take(record, now)
                    reached[place] = offset + 1
            self._settle(now, is_caught_up=is_caught_up)
            if fetched:
                self._store.advance(reached)
        self._desks.journal.flush()
        self._metrics.set_state(
            n_open=self._desks.reviews.n_open,
            n_waiting=self._waiting.n_waiting,
            waiting_since=self._waiting.since(),
            n_bytes=self._store.n_bytes(),
        )

    def close(self) -> None:
        """Let another process write the audit log."""
        self._desks.journal.close()

    def refresh(self) -> str | None:
        """Read the file of analysts again if it has changed, and return what is wrong with it, if anything."""
        return self._desks.roster.refresh()

    def _take(self, record: Fetched, now: datetime) -> None:
        takes: dict[str, Callable[[Fetched, datetime], None]] = {
            "documents": self._take_document,
            "alerts": self._take_alert,
            "shadows": self._take_shadow,
            "decisions": self._take_decision,
            "corrections": self._take_correction,
            "actions": self._take_action,
        }
        takes[record.kafka_topic](record, now)

    def _take_document(self, record: Fetched, now: datetime) -> None:  # noqa: ARG002
        # what is no document is in the dead letters by now: `read` says so
        document = _decoded(self._documents, record.value)
        if document is not None:
            self._desks.decided.keep_text(document, record.lies_at)
            self._seen.add(hash_of(document.id))

    def _take_alert(self, record: Fetched, now: datetime) -> None:  # noqa: ARG002
        alert = self._usable(self._alerts, record)
        if alert is not None:
            self._episodes.update(alert)

    def _take_shadow(self, record: Fetched, now: datetime) -> None:
        shadow = self._usable(self._shadows, record)
        settled = self._disputes.hear(shadow) if shadow is not None else None
        decided = self._desks.decided.at(settled[0]) if settled else None
        if settled and decided:
            self._draw(decided, now, is_disputed=settled[1])

    def _take_decision(self, record: Fetched, now: datetime) -> None:
        decision = self._usable(self._decisions, record)
        if not isinstance(decision, Decision):
            return
        self._seen.add(hash_of(decision.document_id))
        decided = self._desks.decided.keep(decision, record.value or b"", record.lies_at)
        if decided is None:
            return
        self._metrics.count_decision()
        is_disputed = self._disputes.put(decided)
        if is_disputed is not None:
            self._draw(decided, now, is_disputed=is_disputed)

    def _take_correction(self, record: Fetched, now: datetime) -> None:
        self._corrections.take(ArrivedCorrection(record.key, record.value, record.lies_at, record.recorded_at), now)

    def _take_action(self, record: Fetched, now: datetime) -> None:
        try:
            action = action_of(record.value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._metrics.count_unusable()
            return
        if action is None:
            return
        refused = self._desks.roster.roster.why_not_release(action.by)
        if refused is not None:
            log.warning(
                "release %s of %s on %s does not hold: %s",
                action.id,
                action.analyst,
                action.topic,
                refused,
                extra=about(topic=action.topic),
            )
            return
        self._desks.effects.release(action.release, action.id)
        told = {RECORD: f"action {action.id}", "topic": action.topic, "reason": action.reason}
        self._desks.journal.note(Deed(now, action.by, AuditAction.QUARANTINE_RELEASED, action.analyst, told))

    def _draw(self, decided: DecidedDocument, now: datetime, *, is_disputed: bool) -> None:
        has_open_episode = self._episodes.concern(decided.decision)
        self._desks.reviews.draw(decided, now, has_open_episode=has_open_episode, is_disputed=is_disputed)

    def _settle(self, now: datetime, *, is_caught_up: bool) -> None:
        for key in self._disputes.overdue(now):
            decided = self._desks.decided.at(key)
            if decided is not None:
                self._draw(decided, now, is_disputed=False)
        self._corrections.retry(self._seen, now)
        self._seen.clear()
        if is_caught_up:
            self._corrections.give_up(now)
        self._desks.reviews.expire(now)
        self._desks.effects.settle(now)
        self._purge.sweep(now)
        self._desks.decided.save()
        self._desks.reviews.save()
        self._disputes.save()

    def _usable(self, decoder: msgspec.json.Decoder[Record], record: Fetched) -> Record | None:
        found = _decoded(decoder, record.value)
        if found is None:
            self._metrics.count_unusable()
        return found


def _decoded(decoder: msgspec.json.Decoder[Record], value: bytes | None) -> Record | None:
    """Return what a record holds; what holds nothing is a dead letter of whoever reads it for its own sake."""
    try:
        return decoder.decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
