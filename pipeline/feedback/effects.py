"""What corrections change of trends, at once: of each document, what is right by the rounds that count now.

A later round can have an earlier one count (a second person), or no longer count (a push shows): what a document
counts as follows from all its rounds, so it does not matter which came first.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline.feedback.amendment import amended
from pipeline.feedback.decided import DecidedDocument, DecidedDocuments
from pipeline.feedback.metrics import FeedbackMetrics
from pipeline.feedback.records import RoundRecord
from pipeline.feedback.round_record import round_of
from pipeline.feedback.store import FeedbackStore, Sending
from pipeline.feedback.subjects import reading_of
from pipeline.records import ReadingRecord, Revision, decode, encode
from rl.analysts.guard import AnalystGuard, GuardConfig, GuardReason
from rl.analysts.quarantine import Release
from rl.rounds.round import Verdict

_FACT = "releases"
_MIN_FORGOTTEN = 1000
_PURGED = -1  # key of no document


class Effects:
    """The guard over all rounds that are kept, and what of each document counts.

    `take` each new round of a step, `release` who was released, then `settle`.

    >>> from prometheus_client import CollectorRegistry
    >>> with FeedbackStore(":memory:") as store:
    ...     decided = DecidedDocuments(store, horizon_s=60)
    ...     Effects(store, decided, GuardConfig(), FeedbackMetrics(CollectorRegistry())).settle(datetime.min)
    0
    """

    def __init__(
        self, store: FeedbackStore, decided: DecidedDocuments, config: GuardConfig, metrics: FeedbackMetrics
    ) -> None:
        self._store = store
        self._connection = store.connection
        self._decided = decided
        self._config = config
        self._metrics = metrics
        self._new: list[RoundRecord] = []
        self._causes: dict[int, str] = {}  # by document, the last correction that may change what it counts as
        self._causes_by_topic: dict[str, str] = {}
        self._held_before: dict[str, set[str]] = {}  # by topic, rounds that were held when the step began
        self._analysts: set[str] = set()
        self._has_new_analyst = False
        self._n_forgotten = 0
        fact = store.fact(_FACT)
        self._releases = msgspec.json.decode(fact, type=list[Release]) if fact else []
        self._guard = self._restored()

    def take(self, record: RoundRecord, key: int) -> None:
        """Take a round into account that the store has."""
        for topic in record.topics:
            if topic not in self._held_before:  # else what is held was asked for in vain
                self._held_before[topic] = self._held_on(topic)
            self._causes_by_topic[topic] = record.id
        self._guard.update(round_of(record))
        self._has_new_analyst |= record.analyst not in self._analysts
        self._analysts.add(record.analyst)
        self._causes[key] = record.id
        self._new.append(record)

    def release(self, release: Release, cause: str) -> None:
        """Let an analyst's rounds on a topic count again, by the word of a second person; `cause` is its id."""
        if release in self._releases:
            return
        self._held_before.setdefault(release.topic, self._held_on(release.topic))
        self._causes_by_topic[release.topic] = cause
        self._guard.release(release)
        self._releases.append(release)
        self._store.set_fact(_FACT, msgspec.json.encode(self._releases))

    def settle(self, now: datetime) -> int:
        """Send the revisions that the step's rounds cause, and return how many."""
        for topic, before in self._held_before.items():
            for key in sorted(map(self._key_of, before ^ self._held_on(topic))):
                self._causes.setdefault(key, self._causes_by_topic[topic])
        if self._has_new_analyst:
            self._look_at_all_held()
        n_sent = sum(self._revise(key, cause, now) for key, cause in sorted(self._causes.items()))
        for record in self._new:
            self._metrics.count_round(record.verdict, self._guard.reason_of(record.id))
        self._new.clear()
        self._causes.clear()
        self._causes_by_topic.clear()
        self._held_before.clear()
        self._has_new_analyst = False
        return n_sent

    def reason_of(self, round_id: str) -> GuardReason:
        """Return whether a round counts now."""
        return self._guard.reason_of(round_id)

    def forget(self, n_rounds: int) -> None:
        """Take note that so many rounds were purged: once they are many, the guard is made anew of what is left."""
        self._n_forgotten += n_rounds
        if self._n_forgotten >= _MIN_FORGOTTEN:
            self._guard = self._restored()
            self._n_forgotten = 0

    def _restored(self) -> AnalystGuard:
        guard = AnalystGuard(self._config)
        for release in self._releases:
            guard.release(release)
        for (record,) in self._connection.execute("SELECT record FROM rounds ORDER BY corrected_s, id"):
            answered = round_of(decode(RoundRecord, record))
            guard.update(answered)
            self._analysts.add(answered.analyst)
        return guard

    def _look_at_all_held(self) -> None:
        """Have all held documents looked at: once three analysts answer, the guard holds more, on any topic."""
        for held in self._guard.quarantines():
            for round_id in held.round_ids:
                self._causes.setdefault(self._key_of(round_id), self._new[-1].id)

    def _held_on(self, topic: str) -> set[str]:
        return {round_id for held in self._guard.held_on(topic) for round_id in held.round_ids}

    def _key_of(self, round_id: str) -> int:
        row = self._connection.execute("SELECT origin FROM rounds WHERE id = ?", (round_id,)).fetchone()
        return int(row[0]) if row else _PURGED

    def _revise(self, key: int, cause: str, now: datetime) -> bool:
        decided = self._decided.at(key)
        if decided is None:
            return False
        row = self._connection.execute("SELECT counted FROM revisions WHERE origin = ?", (key,)).fetchone()
        counted = decode(ReadingRecord, row[0]) if row else reading_of(decided.decision)
        right = self._right(decided)
        if right == counted:
            return False
        self._connection.execute("INSERT OR REPLACE INTO revisions VALUES (?, ?)", (key, encode(right)))
        self._send(decided, counted, right, cause, now)
        return True

    def _right(self, decided: DecidedDocument) -> ReadingRecord:
        """Return what a document counts as: as decided, then as each round that counts has it, in order."""
        reading = reading_of(decided.decision)
        rows = self._connection.execute(
            "SELECT record FROM rounds WHERE origin = ? ORDER BY corrected_s, id", (decided.key,)
        )
        for (value,) in rows.fetchall():
            record = decode(RoundRecord, value)
            right = round_of(record).right
            if record.verdict is not Verdict.CORRECT or right is None:
                continue
            if self._guard.reason_of(record.id) is GuardReason.COUNTED:
                reading = amended(reading, right)
        return reading

    def _send(
        self, decided: DecidedDocument, counted: ReadingRecord, right: ReadingRecord, cause: str, now: datetime
    ) -> None:
        decision = decided.decision
        revision = Revision(
            correction_id=cause,
            document_id=decision.document_id,
            origin=decision.origin,
            kind=decision.kind,
            source=decision.source,
            published_at=decision.published_at,
            revised_at=now,
            excerpt=decision.excerpt,
            url=decision.url,
            counted=counted,
            right=right,
            policy_version=decision.policy_version,
            negative_ratio=decision.negative_ratio,
            sketch=decision.sketch,
        )
        # the partition of the decision, or `link` would see the revision before it
        sending = Sending("decisions", decision.document_id.encode(), encode(revision), decided.lies_at.partition)
        self._store.send(sending)
        self._metrics.count_revision()
