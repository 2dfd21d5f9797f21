"""What the join counts, over a registry that is given; label values come from enums."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

from pipeline.metrics.families import Families
from pipeline.rejects import RejectReason
from rl.analysts.guard import GuardReason
from rl.rounds.round import ReviewReason, Verdict


class FeedbackMetrics:
    """The join's metrics; a method per fact.

    >>> registry = CollectorRegistry()
    >>> FeedbackMetrics(registry).count_drawn(ReviewReason.BLIND)
    >>> registry.get_sample_value("finsurge_reviews_drawn_total", {"reason": "blind"})
    1.0
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.families = families = Families(registry)
        ProcessCollector(registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return families.counter(name, text, *labels, by="feedback")

        def gauge(name: str, text: str) -> Gauge:
            return families.gauge(name, text, by="feedback")

        self._drawn = counter("reviews_drawn_total", "Reviews drawn, by reason.", "reason")
        self._answered = counter("reviews_answered_total", "Reviews answered, by reason.", "reason")
        self._unanswered = counter("reviews_unanswered_total", "Reviews that nobody answered in time.", "reason")
        self._too_old = counter("reviews_too_old_total", "Decisions that were too old to be asked about when read.")
        self._open = gauge("reviews_open", "Reviews that wait for an answer.")
        self._corrections = counter("feedback_corrections_total", "Corrections that became rounds.", "verdict")
        self._rejected = counter("feedback_rejected_total", "Corrections in the dead letters, by reason.", "reason")
        self._repeated = counter("feedback_repeated_total", "Corrections that came again.")
        self._rounds = counter("feedback_rounds_total", "Rounds, by whether they counted when they came.", "reason")
        self._revisions = counter("feedback_revisions_total", "Revisions sent to open windows and episodes.")
        self._decisions = counter("feedback_decisions_total", "First decisions kept.")
        self._unusable = counter("feedback_unusable_total", "Records of decisions and the like that are none.")
        self._waiting = gauge("feedback_waiting_corrections", "Corrections that wait for their decision.")
        self._waiting_since = gauge(
            "feedback_waiting_since_timestamp_seconds", "When the oldest of them came; 0 for none."
        )
        self._lag = gauge("feedback_lag_records", "Records that are not read yet.")
        self._stepped_at = gauge(
            "feedback_last_step_timestamp_seconds", "When the broker last took and gave all there was; 0 before."
        )
        self._is_refused = gauge("feedback_analysts_refused", "1 while a changed file of analysts is not taken.")
        self._bytes = gauge("feedback_store_bytes", "Size of the join's file.")
        for reason in ReviewReason:
            for of_reviews in (self._drawn, self._answered, self._unanswered):
                of_reviews.labels(reason.value)
        for verdict in Verdict:
            self._corrections.labels(verdict.value)
        for rejected in RejectReason:
            self._rejected.labels(rejected.value)
        for of_guard in GuardReason:
            self._rounds.labels(of_guard.value)

    def count_drawn(self, reason: ReviewReason) -> None:
        """Count a review that was drawn."""
        self._drawn.labels(reason.value).inc()

    def count_answered(self, reason: ReviewReason) -> None:
        """Count a review's first answer."""
        self._answered.labels(reason.value).inc()

    def count_unanswered(self, reason: ReviewReason) -> None:
        """Count a review that ended without an answer."""
        self._unanswered.labels(reason.value).inc()

    def count_too_old_to_review(self) -> None:
        """Count a decision that was read too late to be asked about."""
        self._too_old.inc()

    def count_round(self, verdict: Verdict, reason: GuardReason) -> None:
        """Count a correction that became a round."""
        self._corrections.labels(verdict.value).inc()
        self._rounds.labels(reason.value).inc()

    def count_rejected(self, reason: RejectReason) -> None:
        """Count a correction that went to the dead letters."""
        self._rejected.labels(reason.value).inc()

    def count_repeated(self) -> None:
        """Count a correction that is known."""
        self._repeated.inc()

    def count_revision(self) -> None:
        """Count a revision that is sent."""
        self._revisions.inc()

    def count_decision(self) -> None:
        """Count a decision that is kept."""
        self._decisions.inc()

    def count_unusable(self) -> None:
        """Count a record that is not what its Kafka topic should hold."""
        self._unusable.inc()

    def set_state(self, *, n_open: int, n_waiting: int, waiting_since: datetime | None, n_bytes: int) -> None:
        """Say how much is on disk."""
        self._open.set(n_open)
        self._waiting.set(n_waiting)
        self._waiting_since.set(waiting_since.timestamp() if waiting_since else 0.0)
        self._bytes.set(n_bytes)

    def set_lag(self, n_records: int | None) -> None:
        """Say how far reading is behind; None: the broker does not say, and it is as it was."""
        if n_records is not None:
            self._lag.set(n_records)

    def step(self, at: datetime) -> None:
        """Say that what there was is sent, read, and on disk."""
        self._stepped_at.set(at.timestamp())

    def set_refused(self, *, is_refused: bool) -> None:
        """Say whether the file of analysts has a mistake, so that the analysts are those it had before."""
        self._is_refused.set(is_refused)
