"""Every metric of a process, under the one name it has everywhere, over a registry that is given.

Knows no role; a role that has no use for a metric leaves it at zero. Label values come from enums, from the literals
of the wire, or from sets bounded by configuration (receivers, Kafka topics, partitions).
"""

from __future__ import annotations

import math
import typing
from datetime import datetime
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, ProcessCollector

from models.language import ENGLISH, LANGUAGES, UNDETERMINED
from pipeline.metrics.families import Families
from pipeline.metrics.outcomes import (
    ChangeOutcome,
    DeliveryOutcome,
    DocumentOutcome,
    RepeatReason,
    RevisionOutcome,
    RulesOutcome,
    ShadowOutcome,
    TransitionKind,
    WindowStatus,
)
from pipeline.policies.refusals import RefusalReason
from pipeline.rejects import RejectReason

_BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_RATIO_BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
# from a cached batch to a full one on a slow CPU
_POLICY_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
# from the linger timer's milliseconds to a queue that backpressure holds full
_QUEUE_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
# around the promise of 30 s, up to receivers that were down for a day
_DELIVERY_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 86_400.0)

_ROLES = "read link trends surges notify"

_OTHER_LANGUAGE = "other"
_LANGUAGE_LABELS = LANGUAGES | {UNDETERMINED}


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
        self.registry = registry
        self.families = families = Families(registry)
        ProcessCollector(registry=registry)
        counter, gauge, histogram = families.counter, families.gauge, families.histogram

        self._documents = counter("documents_total", "Documents read, by what became of them.", "outcome", by="read")
        self._languages = counter(
            "document_languages_total", "Documents decided, by language.", "language", by="read"
        )
        self._batch_documents = histogram("batch_documents", "Documents in a batch.", _BATCH_BUCKETS, by="read")
        self._batch_padding = histogram(
            "batch_padding_ratio", "Share of a batch's tokens that is padding.", _RATIO_BUCKETS, by="read"
        )
        self._policy = histogram("policy_seconds", "Time of the policy on a batch.", _POLICY_BUCKETS, by="read")
        self._queue_age = histogram(
            "queue_age_seconds", "Wait of a batch's oldest document.", _QUEUE_BUCKETS, by="read"
        )
        self._policy_info = families.info(
            "policy", "The policy that is serving.", "version", "device", "precision", by="read"
        )
        self._promoted_at = gauge(
            "policy_promoted_timestamp_seconds",
            "When the serving policy was released; 0 for the one of the settings.",
            by="read",
        )
        self._swaps = counter("policy_swaps_total", "Times another policy took over.", by="read")
        self._swap_failures = counter(
            "policy_swap_failures_total", "Releases that were not taken.", "reason", by="read"
        )
        self._is_behind = gauge("policy_is_behind", "1 while a release that should serve does not.", by="read")
        self._shadows = counter(
            "shadow_decisions_total", "Documents that a policy decided in shadow.", "outcome", by="read"
        )
        self._stream_delay = gauge(
            "stream_delay_seconds",
            "From the publishing of the newest document to its ingestion; the clock less this is the stream's time.",
            by="read",
        )
        self._stream_delay.set(math.nan)  # 0 would say that the stream's time is the clock's

        self._lag = gauge("lag_records", "Records not yet processed.", "kafka_topic", "partition", by=_ROLES)
        self._lag_age = gauge(
            "lag_seconds", "Age of the oldest record not yet processed; 0 while none waits.", by=_ROLES
        )
        self._last_progress = gauge(
            "last_progress_timestamp_seconds", "When work was last acknowledged; 0 before.", by=_ROLES
        )
        self._gaps = counter("gaps_total", "Gaps in offsets that the broker has as well.", "kafka_topic", by=_ROLES)
        self._dead_letters = counter("dead_letters_total", "Records put to the dead letters.", "reason", by=_ROLES)
        self._watermark = gauge(
            "watermark_timestamp_seconds",
            "Event time up to which the process is done with a partition of its input.",
            "partition",
            by="link trends surges",
        )
        self._bin = gauge("bin_seconds", "Length of a window, as set.", by=_ROLES)
        self._disorder = gauge("disorder_seconds", "By how much documents may be out of order, as set.", by=_ROLES)

        self._late = counter("late_total", "Mentions that came after their window was final.", by="link")
        self._repeats = counter("repeated_decisions_total", "Decisions of documents that had one already.", by="link")
        self._revisions = counter(
            "revisions_total", "Corrections put into effect in the log of decisions.", "outcome", by="link"
        )
        self._mentions = counter("mentions_total", "Mentions linked to a topic.", by="link")
        self._watchlist = gauge("watchlist_topics", "Topics of the watchlist that is in use.", by="link surges")
        self._changes = counter(
            "trend_changes_total", "Changes of a topic's trend that corrections ask for.", "outcome", by="trends"
        )
        self._stories = counter("stories_total", "Novel stories in final windows.", by="trends")
        self._windows = counter("windows_total", "Windows sent to `trends`.", "status", by="trends")
        self._alerts = counter("alerts_total", "Transitions of episodes.", "transition", by="surges")
        self._rules = counter(
            "rules_total", "Rule books that were sent, by what became of them.", "outcome", by="surges"
        )

        self._deliveries = counter(
            "deliveries_total", "Tries to deliver an alert.", "receiver", "outcome", by="notify"
        )
        self._delivery = histogram(
            "delivery_seconds",
            "From an alert to the receiver that has it; refused ones are not among them.",
            _DELIVERY_BUCKETS,
            "receiver",
            by="notify",
        )
        self._waiting = gauge("waiting_alerts", "Alerts that a receiver does not have yet.", "receiver", by="notify")
        self._waiting_since = gauge(
            "waiting_since_timestamp_seconds",
            "When the oldest of them was queued; 0 for none.",
            "receiver",
            by="notify",
        )
        self._parked = gauge("parked_alerts", "Alerts that wait for a receiver that is no longer named.", by="notify")
        self._withheld = counter("alerts_withheld_total", "Alerts told to nobody but the log.", "reason", by="notify")
        self._unknown_routes = counter(
            "unknown_routes_total",
            "Alerts that went to all, since they name a receiver that is not there.",
            by="notify",
        )
        self._delivery_repeats = counter(
            "delivery_repeats_total",
            "Alerts sent again that may have arrived before.",
            "receiver",
            "reason",
            by="notify",
        )
        # a series that starts with its first event hides that event from rate()
        begun: dict[Counter, tuple[str, ...]] = {
            self._documents: tuple(outcome.value for outcome in DocumentOutcome),
            self._languages: (ENGLISH, UNDETERMINED, _OTHER_LANGUAGE),
            self._windows: typing.get_args(WindowStatus),
            self._alerts: typing.get_args(TransitionKind),
            self._revisions: typing.get_args(RevisionOutcome),
            self._changes: typing.get_args(ChangeOutcome),
            self._shadows: typing.get_args(ShadowOutcome),
            self._rules: typing.get_args(RulesOutcome),
            self._dead_letters: tuple(reason.value for reason in RejectReason),
            self._swap_failures: tuple(reason.value for reason in RefusalReason),
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
        self._policy_info.tell(version=version, device=device, precision=precision)

    def count_swap(self) -> None:
        """Count that another policy has taken over."""
        self._swaps.inc()

    def count_swap_failure(self, reason: StrEnum) -> None:
        """Count a release that was not taken; the policy before it goes on."""
        self._swap_failures.labels(reason.value).inc()

    def set_promoted(self, at: datetime) -> None:
        """Say when the policy that serves was released."""
        self._promoted_at.set(at.timestamp())

    def set_behind(self, *, is_behind: bool) -> None:
        """Say whether a release that should serve does not."""
        self._is_behind.set(is_behind)

    def count_shadow(self, outcome: ShadowOutcome, n_documents: int = 1) -> None:
        """Count documents that were meant for the shadow; skipped ones came faster than it reads."""
        self._shadows.labels(outcome).inc(n_documents)

    def set_lag(self, kafka_topic: str, partition: int, n_records: int) -> None:
        """Say how far behind its end an assigned partition is."""
        self._lag.labels(kafka_topic, str(partition)).set(n_records)
        self._gaps.labels(kafka_topic)  # begun before its first gap

    def forget_lag(self) -> None:
        """Drop all lags: after a rebalance they are another process's to tell."""
        self._lag.clear()

    def set_lag_age(self, age_s: float) -> None:
        """Say how long the oldest record that is not yet processed has waited."""
        self._lag_age.set(age_s)

    def set_stream_delay(self, delay_s: float | None) -> None:
        """Say how old the newest document was when it came; None: none has come yet."""
        if delay_s is not None:
            self._stream_delay.set(delay_s)

    def set_windows(self, *, bin_s: float, disorder_s: float) -> None:
        """Say how windows are set: with the stream's time and watermarks, that tells which are overdue."""
        self._bin.set(bin_s)
        self._disorder.set(disorder_s)

    def set_watermark(self, partition: int, at: datetime) -> None:
        """Say how far event time has come in a partition of this process's input."""
        self._watermark.labels(str(partition)).set(at.timestamp())

    def forget_watermarks(self) -> None:
        """Drop all watermarks: after a rebalance they are another process's to tell."""
        self._watermark.clear()

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

    def set_watchlist(self, n_topics: int) -> None:
        """Say how many topics are followed."""
        self._watchlist.set(n_topics)

    def count_rules(self, outcome: RulesOutcome) -> None:
        """Count a rule book that was sent; one that is refused changes nothing."""
        self._rules.labels(outcome).inc()

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
        """Record how long an alert waited until this receiver had it, retries and restarts included."""
        self._delivery.labels(receiver).observe(took_s)

    def set_waiting(self, receiver: str, n_alerts: int, since: datetime | None) -> None:
        """Say how many alerts a receiver does not have yet, and since when the oldest waits."""
        self._waiting.labels(receiver).set(n_alerts)
        self._waiting_since.labels(receiver).set(since.timestamp() if since else 0.0)

    def set_parked(self, n_alerts: int) -> None:
        """Say how many alerts wait for receivers that are no longer named."""
        self._parked.set(n_alerts)

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
