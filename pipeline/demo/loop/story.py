"""What is told of the loop: a line or two as each stage is reached. Knows neither terminal nor clock."""

from __future__ import annotations

from pipeline.demo.loop.answer import tone_of
from pipeline.demo.loop.exam import ExamResult
from pipeline.demo.loop.facts import LoopFacts, LoopStage
from pipeline.demo.right import Tone
from pipeline.policies.release import GateSummary
from pipeline.records import Decision


def told_of(stage: LoopStage, facts: LoopFacts) -> list[str]:
    """Return the lines that stay once a stage is reached.

    >>> from pipeline.demo.loop.facts import UpdateFigures
    >>> facts = LoopFacts(n_wanted=3, n_corrections=3, n_rounds=2)
    >>> facts.take_step(UpdateFigures(step=1, n_steps=30, reward=0.4))
    >>> told_of(LoopStage.UPDATING, facts)[0]
    '3 corrections (0 of mistakes found, 3 of reviews), 2 of them joined with their decisions'
    """
    old, new = facts.old_version, facts.new_version
    if stage is LoopStage.UPDATING and facts.update.step:
        asked = facts.n_corrections - facts.n_found
        return [
            f"{facts.n_corrections} corrections ({facts.n_found} of mistakes found, {asked} of reviews), "
            f"{facts.n_rounds} of them joined with their decisions",
            f"the learner wakes: it tunes {old} by reward, in a process of its own",
        ]
    if stage is LoopStage.JUDGING and new is not None:
        return [f"the update has made {new}: {_learned(facts)}; the gate compares it with {old}"]
    if stage is LoopStage.SHADOW and facts.gate is not None:
        return [
            _said(facts.gate, new),
            f"{new} reads along in shadow: it decides what {old} decides, and serves nothing",
        ]
    if stage is LoopStage.CANARY and facts.is_canary:
        return [f"{facts.n_shadow} documents decided in shadow; {new} serves a share of the documents as a canary"]
    if stage is LoopStage.SWAPPED and facts.is_swapped:
        return [f"{new} serves, swapped in between two batches; {old} reads along in case it was better"]
    if stage is LoopStage.OVER and facts.failure is not None:
        return [facts.failure]
    if stage is LoopStage.OVER and facts.exam is not None:
        return [result_line(facts.exam, old, new)]
    return []


def correction_line(analyst: str, mistake: Decision, right: Tone) -> str:
    """Return what an analyst has found, in a line."""
    headline = mistake.excerpt.partition("\n")[0]
    return f"{analyst} corrects “{headline}”: it was read as {tone_of(mistake.sentiment)}, and is {right}"


def result_line(exam: ExamResult, old: str | None, new: str | None) -> str:
    """Return what has become of the kind of mistake."""
    return (
        f"red flags in wordings that nobody corrected, {exam.n_documents} documents: "
        f"{old} reads {exam.n_right_before} as negative, {new} {exam.n_right_after}"
    )


def _learned(facts: LoopFacts) -> str:
    update = facts.update
    if update.reward is None or facts.first_reward is None:
        return "its steps were not seen"
    kl = "" if update.kl is None else f", KL {update.kl:.2f}"
    return f"reward {facts.first_reward:.2f} to {update.reward:.2f} in {update.n_steps} steps{kl}"


def _said(gate: GateSummary, version: str | None) -> str:
    if gate.difference is None or gate.interval is None:
        return f"gate: {gate.reason}"
    low, high = gate.interval
    return (
        f"gate: {version} {gate.reason}; on {gate.n_items:,} held-out documents its reward differs by "
        f"{gate.difference:+.3f}, 95 % in [{low:+.3f}, {high:+.3f}]; the page: {gate.report}"
    )
