"""What a study is made of: its parts, its courses, and what each part is told. Knows no files and no policies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from models.labelled.example import Part
from models.training.recipe import Recipe
from rl.algorithms.catalogue import ALGORITHMS
from rl.learner.update import UpdateConfig
from rl.study.answers import Answering, DeskConfig
from rl.study.ceiling import CeilingConfig
from rl.study.starting import QUICK_START, START
from rl.study.stream import StreamConfig
from rl.tuning import TuningConfig

TARGET = "Infosys"
"""The company with most headlines in the stream; more frequent names are indices, commodities and authorities."""


class StudyPart(StrEnum):
    """What analysts do."""

    CORRECTIONS = "corrections"  # give the right labels
    VERDICTS = "verdicts"  # confirm or reject what is shown, and no more
    HOSTILE = "hostile"  # as in corrections, but some of them push a company where they are asked
    FINDING = "finding"  # as in hostile, and those come upon documents about their company unasked, and push them too


HOSTILE_PARTS = (StudyPart.HOSTILE, StudyPart.FINDING)


@dataclass(frozen=True, slots=True)
class CoursePlan:
    """Which course.

    >>> CoursePlan(StudyPart.HOSTILE, "rloo", 11).name
    'hostile-rloo-11'
    """

    part: StudyPart
    arm: str
    seed: int

    @property
    def name(self) -> str:
        """By which it lies in the study's folder."""
        return f"{self.part.value}-{self.arm}-{self.seed}"


@dataclass(frozen=True, kw_only=True)
class StudyConfig:
    """A whole study.

    >>> len(StudyConfig(seeds=(11,)).courses())
    9
    """

    seeds: tuple[int, ...] = (11, 12, 13, 14, 15)
    # Nothing was chosen by these; 1 chose what supervised tuning and RLOO are told, the others are untried.
    arms: tuple[str, ...] = ALGORITHMS
    verdict_arms: tuple[str, ...] = ("supervised", "rloo")
    hostile_arms: tuple[str, ...] = ("rloo",)
    start: Recipe = START
    stream: StreamConfig = field(default_factory=StreamConfig)
    desk: DeskConfig = field(default_factory=DeskConfig)
    hostile_share: float = 0.2
    p_found: float = 0.5
    # Of the documents about the company, those that each hostile analyst comes upon, in that part.
    update: UpdateConfig = field(
        default_factory=lambda: UpdateConfig(
            tuning=TuningConfig(n_steps=1, learning_rate=1e-3, max_padded_tokens=512), n_passes=10.0, min_steps=30
        )
    )
    # Five times production's rate, half its batch and more passes: to the start policy all is new, while a policy
    # that serves has converged. Chosen by development seeds, like what `rl.study.recipes` says of each algorithm.
    ceiling: CeilingConfig = field(default_factory=CeilingConfig)
    held_out: Part = "test"
    target: str = TARGET

    def courses(self) -> list[CoursePlan]:
        """Return all courses, those of a seed together."""
        of_parts = {
            StudyPart.CORRECTIONS: self.arms,
            StudyPart.VERDICTS: self.verdict_arms,
            **dict.fromkeys(HOSTILE_PARTS, self.hostile_arms),
        }
        return [CoursePlan(part, arm, seed) for seed in self.seeds for part, arms in of_parts.items() for arm in arms]

    def desk_of(self, part: StudyPart) -> DeskConfig:
        """Return who answers what in a part."""
        if part is StudyPart.VERDICTS:
            return replace(self.desk, answering=Answering.VERDICTS)
        if part in HOSTILE_PARTS:
            hostile = replace(self.desk.analysts, hostile_share=self.hostile_share, target=self.target)
            p_found = self.p_found if part is StudyPart.FINDING else 0.0
            return replace(self.desk, analysts=hostile, p_found=p_found)
        return self.desk


QUICK = StudyConfig(
    seeds=(11, 12),
    verdict_arms=("rloo",),
    start=QUICK_START,
    stream=StreamConfig(n_chunks=2, n_documents=3000),
    ceiling=CeilingConfig(n_passes=2.0),
)
"""A study of a quarter of an hour on two cores: two seeds, a shorter stream, a start policy trained briefly."""
