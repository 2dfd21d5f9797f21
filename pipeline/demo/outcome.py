"""How a demo ended: its reason, judged from the alerts, and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from pipeline.demo.loop.facts import LoopFacts
from pipeline.demo.loop.figures import LoopFigures
from pipeline.demo.tally import SeenAlert

MAX_ALERT_S = 120.0
"""Seconds from the live feed's start within which the crisis must have alerted."""


class DemoReason(StrEnum):
    """Why a demo succeeded or not.

    >>> [reason.value for reason in DemoReason if reason.exit_code != 1]
    ['corrected', 'interrupted']
    """

    CORRECTED = "corrected"  # the crisis topic alerted, no other, and what analysts corrected is right from now on
    NOT_CORRECTED = "not_corrected"  # it alerted, and the loop did not get through
    NO_ALERT = "no_alert"
    WRONG_ALERT = "wrong_alert"  # another topic, or the crisis topic before its crisis
    ROLE_ENDED = "role_ended"
    TOO_SLOW = "too_slow"  # the history was not read in time
    INTERRUPTED = "interrupted"

    @property
    def exit_code(self) -> int:
        """What the command ends with; 130 is what shells expect of an interrupted one."""
        return {DemoReason.CORRECTED: 0, DemoReason.INTERRUPTED: 130}.get(self, 1)


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a demo ended, in one line."""

    reason: DemoReason
    detail: str


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the alerts against what the feed has told, and the loop by how far it went.

    >>> judge = Judge("acme", datetime.fromisoformat("2026-01-02T12:00:00+00:00"), LoopFacts(n_wanted=120))
    >>> judge.ending([], datetime.fromisoformat("2026-01-02T20:00:00+00:00")).detail
    'no alert on acme within 120 s of the live feed'
    """

    crisis_topic: str
    crisis_at: datetime  # event time
    loop: LoopFacts

    def ending(self, opened: Sequence[SeenAlert], live_started_at: datetime) -> Ending:
        """Return how the alerts that opened an episode compare with the one crisis.

        Args:
            opened: in the order in which they were seen.
            live_started_at: the clock when the live feed began.
        """
        wrong = [alert for alert in opened if not self._is_right(alert)]
        if wrong:
            topics = ", ".join(dict.fromkeys(alert.record.topic for alert in wrong))
            return Ending(
                DemoReason.WRONG_ALERT, f"{topics} alerted without a crisis; only {self.crisis_topic} had one"
            )
        if opened:
            alert_s = (opened[0].seen_at - live_started_at).total_seconds()
            if alert_s <= MAX_ALERT_S:
                return self._with_loop(
                    f"{self.crisis_topic} alerted {alert_s:.0f} s into the live feed, and nothing else did"
                )
        return Ending(
            DemoReason.NO_ALERT, f"no alert on {self.crisis_topic} within {MAX_ALERT_S:.0f} s of the live feed"
        )

    def _with_loop(self, alerted: str) -> Ending:
        exam = self.loop.exam
        if exam is None:
            why = self.loop.failure or f"the loop was not through: {self.loop.stage.value}"
            return Ending(DemoReason.NOT_CORRECTED, f"{alerted}; {why}")
        reason = DemoReason.CORRECTED if self.loop.is_well else DemoReason.NOT_CORRECTED
        detail = f"of {exam.n_documents} new red flags {exam.n_right_before} were read right before the update"
        return Ending(reason, f"{alerted}; {detail}, and {exam.n_right_after} after it")

    def _is_right(self, alert: SeenAlert) -> bool:
        return alert.record.topic == self.crisis_topic and alert.record.at >= self.crisis_at


class AlertLine(msgspec.Struct, frozen=True):
    """An alert of the summary."""

    topic: str
    transition: str
    severity: str
    at: datetime  # event time
    live_s: float | None  # of the clock, since the live feed began; None: before it
    summary: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a demo; JSON with `--json`."""

    reason: DemoReason
    detail: str  # one line
    broker: str
    seed: int
    crisis_topic: str
    policy_versions: tuple[str, ...]
    n_sent: int
    n_decided: int
    n_from_cache: int  # of the decided
    n_rejected: int
    n_dead_letters: dict[str, int]  # by reason
    n_windows: int  # final
    n_history: int  # documents sent before the live feed
    history_s: float | None  # from the first of them read to the last
    documents_per_s: float | None  # in that time
    alerts: tuple[AlertLine, ...]
    loop: LoopFigures
    elapsed_s: float

    def lines(self) -> list[str]:
        """Return the summary for people."""
        rate = "" if self.documents_per_s is None else f", the history at {self.documents_per_s:.0f} documents/s"
        reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(self.n_dead_letters.items()))
        return [
            f"{self.n_decided:,} documents decided ({self.n_from_cache:,} repeats among them){rate}",
            f"{self.n_rejected} rejected; dead letters: {reasons or 'none'}",
            f"{self.n_windows:,} final windows in {self.elapsed_s:.0f} s; policy {' '.join(self.policy_versions)}",
            *(_line(alert) for alert in self.alerts),
            *self.loop.lines(),
            f"{self.reason.value}: {self.detail}",
        ]


def _line(alert: AlertLine) -> str:
    when = "before the live feed" if alert.live_s is None else f"{alert.live_s:.0f} s into the live feed"
    return f"{alert.topic} {alert.transition} ({alert.severity}), {when}: {alert.summary}"
