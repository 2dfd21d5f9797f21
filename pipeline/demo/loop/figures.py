"""The loop's figures in the summary; JSON with `--json`."""

from __future__ import annotations

from typing import Self

import msgspec

from pipeline.demo.loop.facts import LoopFacts


class LoopFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the corrections.

    >>> LoopFigures.of(LoopFacts(n_wanted=120)).new_version is None
    True
    """

    stage: str  # as far as it went
    n_corrections: int
    n_rounds: int  # joined with their decisions
    old_version: str | None
    new_version: str | None
    gate_reason: str | None
    gate_difference: float | None  # of the reward, new minus old
    gate_interval: tuple[float, float] | None  # 95 %
    n_gate_documents: int
    gate_report: str | None  # the page
    n_shadow: int
    n_canary: int
    kind_of_mistake: str
    n_exam: int  # documents of that kind, in wordings that nobody corrected
    n_right_before: int
    n_right_after: int

    @classmethod
    def of(cls, facts: LoopFacts) -> Self:
        """Return the figures of a loop."""
        gate, exam = facts.gate, facts.exam
        return cls(
            stage=facts.stage.name.lower(),
            n_corrections=facts.n_corrections,
            n_rounds=facts.n_rounds,
            old_version=facts.old_version,
            new_version=facts.new_version,
            gate_reason=gate.reason if gate else None,
            gate_difference=gate.difference if gate else None,
            gate_interval=gate.interval if gate else None,
            n_gate_documents=gate.n_items if gate else 0,
            gate_report=gate.report if gate else None,
            n_shadow=facts.n_shadow,
            n_canary=facts.n_canary,
            kind_of_mistake="red flags in sober words, read as neutral or positive",
            n_exam=exam.n_documents if exam else 0,
            n_right_before=exam.n_right_before if exam else 0,
            n_right_after=exam.n_right_after if exam else 0,
        )

    def lines(self) -> list[str]:
        """Return the figures for people."""
        if not self.n_corrections:
            return []
        gate = "" if self.gate_reason is None else f"; the gate: {self.gate_reason}, its page {self.gate_report}"
        return [
            f"{self.n_corrections} corrections, {self.n_rounds} rounds; policy {self.old_version} to "
            f"{self.new_version or 'none'}{gate}"
        ]
