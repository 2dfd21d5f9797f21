"""How far the loop is: what was corrected, learned, judged and swapped, and what of it is told.

Whoever follows it writes the facts; the stage follows from them. Knows no Kafka and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from pipeline.demo.loop.exam import ExamResult
from pipeline.policies.board import ReleaseBoard
from pipeline.policies.release import GateSummary, Release


class LoopStage(Enum):
    """Where the loop is; the value is what people read.

    >>> LoopFacts(n_wanted=3).stage.name
    'WAITING'
    """

    WAITING = "nobody has corrected anything yet"
    CORRECTING = "analysts answer reviews, and correct what they find"
    UPDATING = "the policy learns from the corrections"
    JUDGING = "the gate judges the candidate"
    SHADOW = "the candidate reads along, and serves nothing"
    CANARY = "the candidate serves a share of the documents"
    SWAPPED = "the new policy serves, and sits an exam"
    OVER = "the loop is through"


@dataclass(frozen=True, slots=True)
class UpdateFigures:
    """The update's last step.

    >>> UpdateFigures(step=3, n_steps=30, reward=0.5, kl=0.1).step
    3
    """

    step: int = 0
    n_steps: int = 0
    reward: float | None = None  # of the sampled actions
    kl: float | None = None  # to the policy before, nats a token


@dataclass(slots=True)
class LoopFacts:
    """What is known of the loop.

    >>> facts = LoopFacts(n_wanted=3)
    >>> facts.n_corrections = 1
    >>> facts.stage.name
    'CORRECTING'
    """

    n_wanted: int  # corrections that the analysts have in mind
    n_corrections: int = 0
    n_found: int = 0  # of them, without being asked
    n_rounds: int = 0  # corrections joined with their decisions
    update: UpdateFigures = field(default_factory=UpdateFigures)
    first_reward: float | None = None  # of the update's first step
    old_version: str | None = None
    new_version: str | None = None
    gate: GateSummary | None = None
    n_shadow: int = 0  # documents that the candidate decided in shadow
    n_canary: int = 0  # that it served as a canary
    is_shadow: bool = False
    is_canary: bool = False
    is_released: bool = False  # the releases say that it serves
    is_swapped: bool = False  # the worker says so too
    exam: ExamResult | None = None
    failure: str | None = None  # one line: why it goes no further

    @property
    def is_over(self) -> bool:
        """Whether it goes no further, well or not."""
        return self.exam is not None or self.failure is not None

    @property
    def is_well(self) -> bool:
        """Whether it went all the way, and the kind of mistake is gone."""
        return self.failure is None and self.exam is not None and self.exam.is_gone

    @property
    def stage(self) -> LoopStage:
        """Where it is."""
        stages = {
            LoopStage.OVER: self.is_over,
            LoopStage.SWAPPED: self.is_swapped,
            LoopStage.CANARY: self.is_canary or self.is_released,
            LoopStage.SHADOW: self.is_shadow,
            LoopStage.JUDGING: self.new_version is not None,
            LoopStage.UPDATING: self.update.step > 0,
            LoopStage.CORRECTING: self.n_corrections > 0,
        }
        return next((stage for stage, is_reached in stages.items() if is_reached), LoopStage.WAITING)

    def take_step(self, figures: UpdateFigures) -> None:
        """Take note of a step of the update; between updates there is none."""
        if figures.step and figures.reward is not None:
            self.first_reward = figures.reward if self.first_reward is None else self.first_reward
            self.update = figures

    def take_releases(self, board: ReleaseBoard) -> None:
        """Take note of what the releases say."""
        candidates = (each for each in board.versions.values() if each.parent_version == self.old_version)
        candidate = next(candidates, None)
        if candidate is None or self.old_version is None:
            return
        self.new_version, self.gate = candidate.version, candidate.gate
        self.is_released = _is_of(board.current, self.new_version)
        self.is_canary = _is_of(board.canary, self.new_version)
        self.is_shadow = _is_of(board.shadow, self.new_version)
        if self.gate is not None and not self.gate.is_promoted:
            self.failure = f"the gate does not let {self.new_version} pass: {self.gate.reason}"


def _is_of(release: Release | None, version: str) -> bool:
    return release is not None and release.version == version
