"""Every metric of a process, under the one name it has everywhere, over a registry that is given.

Knows no role; a role that has no use for a metric leaves it at zero. Label values come from enums, from the literals
of the wire, or from sets bounded by configuration (receivers, Kafka topics, partitions).
"""

from __future__ import annotations

import typing
from datetime import datetime
from enum import StrEnum
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

from models.language import ENGLISH, LANGUAGES, UNDETERMINED

WindowStatus = Literal["provisional", "revised", "final", "corrected"]
RevisionOutcome = Literal["applied", "repeated", "unknown"]
ChangeOutcome = Literal["revised", "retracted", "added", "unchanged", "without_effect"]
ShadowOutcome = Literal["decided", "failed", "skipped"]
TransitionKind = Literal["opened", "escalated", "closed"]

_BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_RATIO_BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
# from a cached batch to a full one on a slow CPU
_POLICY_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
# from the linger timer's milliseconds to a queue that backpressure holds full
_QUEUE_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
# around the promise of 30 s, up to receivers that were down for a day
_DELIVERY_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 86_400.0)

_OTHER_LANGUAGE = "other"
_LANGUAGE_LABELS = LANGUAGES | {UNDETERMINED}


class DocumentOutcome(StrEnum):
    """What became of a document in `read`.

    >>> list(DocumentOutcome)[0].value
    'decided'
    """

    DECIDED = "decided"
    FROM_CACHE = "from_cache"  # decided as well, by an earlier decision on the same model input
    REJECTED = "rejected"  # in the dead letters: the record was no document
    UNDECIDABLE = "undecidable"  # in the dead letters: the policy failed on it


class DeliveryOutcome(StrEnum):
    """What became of one try to hand an alert to a receiver.

    >>> DeliveryOutcome.REFUSED.value
    'refused'
    """

    DELIVERED = "delivered"
    RETRIED = "retried"  # failed, and tried again
    REFUSED = "refused"  # failed for good
    RESEND_FAILED = "resend_failed"  # open alerts were not told again; the next time may do


class RepeatReason(StrEnum):
    """Why a receiver may be handed an alert a second time; it knows repeats by the idempotency key.

    >>> RepeatReason.RESTART.value
    'restart'
    """

    RESTART = "restart"  # the process ended between sending and recording that it was sent
    NO_ANSWER = "no_answer"  # it was sent, and no answer came


class Metrics:
    """What a process counts; a method per fact, so that no other file names a metric or a label.

    Args:
        registry: one per process (or per test); gets the process's own memory and CPU metrics as well.

    >>> registry = CollectorRegistry()
    >>> Metrics(registry).count_documents(DocumentOutcome.DECIDED, 3)
    >>> registry.get_sample_value("finsurge_documents_total", {"outcome": "decided"})
    3.0
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"finsurge_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"finsurge_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"finsurge_{name}", text, labels, buckets=buckets, registry=registry)

        self.registry = registry
        ProcessCollector(registry=registry)
        self._documents = counter("documents_total", "Documents read, by what became of them.", "outcome")
        self._languages = counter("document_languages_total", "Documents decided, by language.", "language")
        self._dead_letters = counter("dead_letters_total", "Records put to the dead letters.", "reason")
        self._batch_documents = histogram("batch_documents", "Documents in a batch.", _BATCH_BUCKETS)
        self._batch_padding = histogram(
            "batch_padding_ratio", "Share of a batch's tokens that is padding.", _RATIO_BUCKETS
        )
        self._policy = histogram("policy_seconds", "Time of the policy on a batch.", _POLICY_BUCKETS)
        self._queue_age = histogram("queue_age_seconds", "Wait of a batch's oldest document.", _QUEUE_BUCKETS)
        self._policy_info = Info("finsurge_policy", "The policy that is serving.", registry=registry)
        self._swaps = counter("policy_swaps_total", "Times another policy took over.")
        self._swap_failures = counter("policy_swap_failures_total", "Releases that were not taken.", "reason")
        self._is_behind = gauge("policy_is_behind", "1 while a release that should serve does not.")
        self._shadows = counter("shadow_decisions_total", "Documents that a policy decided in shadow.", "outcome")
        self._lag = gauge("lag_records", "Records not yet processed.", "kafka_topic", "partition")
        self._event_time_lag = gauge("event_time_lag_seconds", "Clock minus watermark.")
        self._gaps = counter(
            "gaps_total",
            "Gaps in offsets that the broker has as well.",
            "kafka_topic",
        )
        self._late = counter("late_total", "Mentions that came after their window was final.")
        self._repeats = counter("repeated_decisions_total", "Decisions of documents that had one already.")
        self._revisions = counter(
            "revisions_total", "Corrections put into effect in the log of decisions.", "outcome"
        )
        self._changes = counter(
            "trend_changes_total", "Changes of a topic's trend that corrections ask for.", "outcome"
        )
        self._mentions = counter("mentions_total", "Mentions linked to a topic.")
        self._stories = counter("stories_total", "Novel stories in final windows.")
        self._windows = counter("windows_total", "Windows sent to `trends`.", "status")
        self._alerts = counter("alerts_total", "Transitions of episodes.", "transition")
        self._deliveries = counter("deliveries_total", "Tries to deliver an alert.", "receiver", "outcome")
        self._delivery = histogram(
            "delivery_seconds", "From an alert to the receiver's answer.", _DELIVERY_BUCKETS, "receiver"
        )
        self._waiting = gauge("waiting_alerts", "Alerts that a receiver does not have yet.", "receiver")
        self._waiting_since = gauge(
            "waiting_since_timestamp_seconds", "When the oldest of them was queued; 0 for none.", "receiver"
        )
        self._withheld = counter("alerts_withheld_total", "Alerts told to nobody but the log.", "reason")
        self._unknown_routes = counter(
            "unknown_routes_total", "Alerts that went to all, since they name a receiver that is not there."
        )
        self._delivery_repeats = counter(
            "delivery_repeats_total", "Alerts sent again that may have arrived before.", "receiver", "reason"
        )
        self._last_progress = gauge("last_progress_timestamp_seconds", "When work was last acknowledged.")
        # a series that starts with its first event hides that event from rate()
        begun: dict[Counter, tuple[str, ...]] = {
            self._documents: tuple(outcome.value for outcome in DocumentOutcome),
            self._languages: (ENGLISH, UNDETERMINED, _OTHER_LANGUAGE),
            self._windows: typing.get_args(WindowStatus),
            self._alerts: typing.get_args(TransitionKind),
            self._revisions: typing.get_args(RevisionOutcome),
            self._changes: typing.get_args(ChangeOutcome),
            self._shadows: typing.get_args(ShadowOutcome),
        }
        for metric, labels in begun.items():
            for label in labels:
                metric.labels(label)

    def count_documents(self, outcome: DocumentOutcome, n_documents: int = 1) -> None:
        """Count documents that `read` is done with."""
        self._documents.labels(outcome.value).inc(n_documents)

    def count_language(self, language: str) -> None:
        """Count a decided document; a language that the policy's identifier cannot tell counts as `other`."""
        self._languages.labels(language if language in _LANGUAGE_LABELS else _OTHER_LANGUAGE).inc()

    def count_dead_letter(self, reason: StrEnum) -> None:
        """Count a record put to the dead letters; `reason` is the reason in its headers."""
        self._dead_letters.labels(reason.value).inc()

    def observe_batch(self, *, n_documents: int, padding_ratio: float, policy_s: float, queue_age_s: float) -> None:
        """Record a decided batch: its size, the padded share in [0, 1], and the times it took."""
        self._batch_documents.observe(n_documents)
        self._batch_padding.observe(padding_ratio)
        self._policy.observe(policy_s)
        self._queue_age.observe(queue_age_s)

    def set_policy(self, *, version: str, device: str, precision: str) -> None:
        """Say which policy serves; the one before it is no longer shown."""
        self._policy_info.info({"version": version, "device": device, "precision": precision})

    def count_swap(self) -> None:
        """Count that another policy has taken over."""
        self._swaps.inc()

    def count_swap_failure(self, reason: StrEnum) -> None:
        """Count a release that was not taken; the policy before it goes on."""
        self._swap_failures.labels(reason.value).inc()

    def set_behind(self, *, is_behind: bool) -> None:
        """Say whether a release that should serve does not."""
        self._is_behind.set(is_behind)

    def count_shadow(self, outcome: ShadowOutcome, n_documents: int = 1) -> None:
        """Count documents that were meant for the shadow; skipped ones came faster than it reads."""
        self._shadows.labels(outcome).inc(n_documents)

    def set_lag(self, kafka_topic: str, partition: int, n_records: int) -> None:
        """Say how far behind its end an assigned partition is."""
        self._lag.labels(kafka_topic, str(partition)).set(n_records)

    def forget_lag(self) -> None:
        """Drop all lags: after a rebalance they are another process's to tell."""
        self._lag.clear()

    def set_event_time_lag(self, lag_s: float) -> None:
        """Say by how many seconds this process's event time is behind the clock."""
        self._event_time_lag.set(lag_s)

    def count_gap(self, kafka_topic: str) -> None:
        """Count a gap that the broker has as well."""
        self._gaps.labels(kafka_topic).inc()

    def count_repeats(self, n_decisions: int = 1) -> None:
        """Count decisions that `link` ignored: the first one of a document is final."""
        self._repeats.inc(n_decisions)

    def count_revision(self, outcome: RevisionOutcome) -> None:
        """Count a revision that `link` let through, had let through before, or knows no decision for."""
        self._revisions.labels(outcome).inc()

    def count_change(self, outcome: ChangeOutcome, n_changes: int = 1) -> None:
        """Count what became of revised mentions in their topics."""
        self._changes.labels(outcome).inc(n_changes)

    def count_mentions(self, n_mentions: int = 1) -> None:
        """Count mentions that `link` sent."""
        self._mentions.inc(n_mentions)

    def count_late(self, n_mentions: int = 1) -> None:
        """Count mentions that came too late for their window."""
        self._late.inc(n_mentions)

    def count_windows(self, status: WindowStatus, n_windows: int, n_stories: int) -> None:
        """Count windows; their stories count once, when they are final."""
        self._windows.labels(status).inc(n_windows)
        if status == "final":
            self._stories.inc(n_stories)

    def count_alert(self, transition: TransitionKind) -> None:
        """Count a transition of an episode."""
        self._alerts.labels(transition).inc()

    def add_receiver(self, receiver: str) -> None:
        """Start a receiver's series at zero."""
        for outcome in DeliveryOutcome:
            self._deliveries.labels(receiver, outcome.value)
        for reason in RepeatReason:
            self._delivery_repeats.labels(receiver, reason.value)
        self._delivery.labels(receiver)

    def count_delivery(self, receiver: str, outcome: DeliveryOutcome) -> None:
        """Count one try."""
        self._deliveries.labels(receiver, outcome.value).inc()

    def observe_delivery(self, receiver: str, took_s: float) -> None:
        """Record how long an alert waited for this receiver's final answer, retries and restarts included."""
        self._delivery.labels(receiver).observe(took_s)

    def set_waiting(self, receiver: str, n_alerts: int, since: datetime | None) -> None:
        """Say how many alerts a receiver does not have yet, and since when the oldest waits."""
        self._waiting.labels(receiver).set(n_alerts)
        self._waiting_since.labels(receiver).set(since.timestamp() if since else 0.0)

    def count_withheld(self, reason: StrEnum) -> None:
        """Count an alert that is told to nobody but the log, since a person said so."""
        self._withheld.labels(reason.value).inc()

    def count_unknown_route(self) -> None:
        """Count an alert that names a receiver that is not there."""
        self._unknown_routes.inc()

    def count_repeat(self, receiver: str, reason: RepeatReason) -> None:
        """Count an alert that is sent again though it may have arrived."""
        self._delivery_repeats.labels(receiver, reason.value).inc()

    def progress(self, at: datetime) -> None:
        """Say that work was acknowledged."""
        self._last_progress.set(at.timestamp())
