"""A study on labelled data: its policies, courses and scores, each of which lies in its folder once it is done.

Knows no processes and no terminal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from models.labelled.datasets import read_examples
from models.labelled.example import Example, examples_of
from models.policy import Policy
from models.training.trainer import OnStage
from rl.gate.stories import stories_of
from rl.study.answers import Desk
from rl.study.ceiling import ceiling_policy
from rl.study.course import Course, OnUpdate
from rl.study.plan import HOSTILE_PARTS, CoursePlan, StudyConfig
from rl.study.recipes import update_config
from rl.study.results import StudyResult, result_of
from rl.study.scores import Scores, scores_of
from rl.study.starting import start_policy
from rl.study.stream import Chunk, chunks_of

STREAM_FILE = "sentiment/sentfin.jsonl"
"""What the stream and the held-out documents are of."""


@dataclass(frozen=True)
class Study:
    """A study with its data and its folder.

    >>> Study(StudyConfig(), Path("data"), Path("out")).start
    PosixPath('out/start/policy')
    """

    config: StudyConfig
    data: Path
    folder: Path
    device: str | None = None

    @property
    def start(self) -> Path:
        """Where the start policy lies."""
        return self.folder / "start" / "policy"

    def train_start(self, on_stage: OnStage = lambda *_: None) -> Path:
        """Return where the start policy lies, which is trained unless it is there."""
        return start_policy(self.data, self.folder / "start", self.config.start, self.device, on_stage)

    def held_out(self) -> list[Example]:
        """Return the documents that scores are of."""
        return examples_of(self._examples(), self.config.held_out)

    def chunks(self, seed: int) -> list[Chunk]:
        """Return the stream of a seed."""
        return chunks_of(examples_of(self._examples(), "train"), seed, self.config.stream)

    def course(self, plan: CoursePlan) -> Course:
        """Return a course, ready to run."""
        analysts = replace(self.config.desk_of(plan.part).analysts, seed=plan.seed)
        desk = replace(self.config.desk_of(plan.part), analysts=analysts)
        return Course(
            folder=self.folder / plan.name,
            start=self.start,
            chunks=self.chunks(plan.seed),
            held_out=self.held_out(),
            desk=Desk(desk, plan.seed),
            config=update_config(plan.arm, plan.seed, self.config.update),
            target=self.config.target,
            device=self.device,
        )

    def run(self, plan: CoursePlan, on_update: OnUpdate = lambda *_: None) -> list[Scores]:
        """Return the scores of a course, which goes on where it was left."""
        return self.course(plan).run(on_update)

    def ceiling(self, on_update: OnUpdate = lambda *_: None) -> Scores:
        """Return the scores of the ceiling, trained once, on the stream of the first seed."""
        folder = self.folder / "ceiling"
        file = folder / "scores.npy"
        if not file.is_file():
            truths = [document.truth for chunk in self.chunks(self.config.seeds[0]) for document in chunk]
            policy = ceiling_policy(
                self.start,
                truths,
                folder,
                self.config.ceiling,
                self.device,
                lambda progress: on_update(1, progress),
            )
            scores_of(Policy.load(policy, self.device), self.held_out(), self.config.target).save(file)
        return Scores.load(file)

    def without_update(self) -> Scores:
        """Return the scores of the start policy."""
        file = self.folder / "start" / "scores.npy"
        if not file.is_file():
            scores_of(Policy.load(self.start, self.device), self.held_out(), self.config.target).save(file)
        return Scores.load(file)

    def result(self) -> StudyResult:
        """Return what the study shows; whatever is not done yet is done now."""
        scores = {plan: self.run(plan) for plan in self.config.courses()}
        held = {plan: self.course(plan).held() for plan in scores if plan.part in HOSTILE_PARTS}
        story = stories_of(self.held_out())
        return result_of(self.config, scores, self.without_update(), self.ceiling(), story, held)

    def _examples(self) -> list[Example]:
        return read_examples(self.data / STREAM_FILE)
