from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from pipeline.demo.loop.exam import ExamResult
from pipeline.demo.loop.facts import LoopFacts, LoopStage, UpdateFigures
from pipeline.demo.loop.story import correction_line, told_of
from pipeline.policies.release import GateSummary
from pipeline.records import Decision

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def facts() -> LoopFacts:
    """A loop that went all the way."""
    return LoopFacts(
        n_wanted=120,
        n_corrections=120,
        n_found=56,
        n_rounds=118,
        update=UpdateFigures(step=30, n_steps=30, reward=0.94, kl=0.21),
        first_reward=0.36,
        old_version="p-1",
        new_version="p-2",
        gate=GateSummary(
            is_promoted=True,
            reason="promoted",
            baseline_version="p-1",
            n_items=2_520,
            difference=0.073,
            interval=(0.058, 0.09),
            report="/tmp/gate.html",  # noqa: S108 -- a name, not a file
            at=NOON,
        ),
        n_shadow=41,
        is_canary=True,
        is_swapped=True,
        exam=ExamResult(32, 0, 30),
    )


def test_each_stage_is_told_with_its_figures(facts: LoopFacts) -> None:
    told = [" | ".join(told_of(stage, facts)) for stage in LoopStage]
    assert told == [
        "",
        "",
        "120 corrections (56 of mistakes found, 64 of reviews), 118 of them joined with their decisions | "
        "the learner wakes: it tunes p-1 by reward, in a process of its own",
        "the update has made p-2: reward 0.36 to 0.94 in 30 steps, KL 0.21; the gate compares it with p-1",
        "gate: p-2 promoted; on 2,520 held-out documents its reward differs by +0.073, 95 % in [+0.058, +0.090]; "
        "the page: /tmp/gate.html | "
        "p-2 reads along in shadow: it decides what p-1 decides, and serves nothing",
        "41 documents decided in shadow; p-2 serves a share of the documents as a canary",
        "p-2 serves, swapped in between two batches; p-1 reads along in case it was better",
        "red flags in wordings that nobody corrected, 32 documents: p-1 reads 0 as negative, p-2 30",
    ]


def test_a_loop_that_fails_tells_why_and_nothing_of_what_did_not_happen() -> None:
    facts = LoopFacts(n_wanted=120, n_corrections=3, failure="the update has no candidate; see learner.log")
    told = [line for stage in LoopStage for line in told_of(stage, facts)]
    assert told == ["the update has no candidate; see learner.log"]


def test_a_mistake_is_told_by_its_headline(a_decision: Callable[..., Decision]) -> None:
    line = correction_line("ada", a_decision("d", text="Nike hires advisers\nThey begin soon."), "negative")
    assert line == "ada corrects “Nike hires advisers”: it was read as neutral, and is negative"
