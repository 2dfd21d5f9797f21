from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.demo.loop.exam import ExamResult
from pipeline.demo.loop.facts import LoopFacts, LoopStage, UpdateFigures
from pipeline.policies.board import ReleaseBoard
from pipeline.policies.release import Change, Channel, GateSummary, Release

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Releases:
    """A board to which one release after the other is added."""

    def __init__(self) -> None:
        self.board = ReleaseBoard()

    def add(self, channel: Channel, version: str, **more: Any) -> ReleaseBoard:
        generation = self.board.generation + 1
        release = Release(
            channel=channel,
            generation=generation,
            version=version,
            location="file:///p",
            checksums={},
            at=NOON,
            by="learner",
            **more,
        )
        self.board.update(Change(id=str(generation), base=generation - 1, releases=(release,)))
        return self.board


@pytest.fixture
def facts() -> LoopFacts:
    return LoopFacts(n_wanted=120, n_corrections=120, old_version="p-1")


def gate(*, is_promoted: bool) -> GateSummary:
    reason = "promoted" if is_promoted else "calibration"
    return GateSummary(is_promoted=is_promoted, reason=reason, baseline_version="p-1", n_items=2_520, at=NOON)


def test_a_candidate_is_followed_through_all_stages(facts: LoopFacts) -> None:
    releases, seen = Releases(), [facts.stage]

    def look() -> None:
        facts.take_releases(releases.board)
        seen.append(facts.stage)

    facts.take_step(UpdateFigures(step=1, n_steps=30, reward=0.3))
    look()
    releases.add(Channel.VERSION, "p-1")
    look()
    releases.add(Channel.VERSION, "p-2", parent_version="p-1")
    look()
    releases.add(Channel.VERSION, "p-2", parent_version="p-1", gate=gate(is_promoted=True))
    releases.add(Channel.SHADOW, "p-2")
    look()
    releases.add(Channel.CANARY, "p-2", share=0.5)
    look()
    releases.add(Channel.CURRENT, "p-2", previous_version="p-1")
    releases.add(Channel.SHADOW, "p-1")
    releases.add(Channel.CANARY, "p-2", share=0.0)
    look()
    facts.is_swapped = True
    look()
    facts.exam = ExamResult(32, 0, 32)
    look()
    assert seen == [
        LoopStage.CORRECTING,
        LoopStage.UPDATING,
        LoopStage.UPDATING,
        LoopStage.JUDGING,
        LoopStage.SHADOW,
        LoopStage.CANARY,
        LoopStage.CANARY,
        LoopStage.SWAPPED,
        LoopStage.OVER,
    ]
    assert facts.is_well


def test_a_candidate_that_the_gate_refuses_ends_the_loop(facts: LoopFacts) -> None:
    releases = Releases()
    refused = gate(is_promoted=False)
    facts.take_releases(releases.add(Channel.VERSION, "p-2", parent_version="p-1", gate=refused))
    assert facts.failure == "the gate does not let p-2 pass: calibration"
    assert (facts.is_over, facts.is_well) == (True, False)


def test_the_update_is_remembered_when_it_is_over(facts: LoopFacts) -> None:
    facts.take_step(UpdateFigures(step=1, n_steps=30, reward=0.3))
    facts.take_step(UpdateFigures(step=30, n_steps=30, reward=0.9))
    facts.take_step(UpdateFigures())
    assert (facts.first_reward, facts.update.step, facts.update.reward) == (0.3, 30, 0.9)
