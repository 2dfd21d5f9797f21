"""One course: an arm's policy on its way through the stream, updated after each chunk, measured after each update.

Owns what is kept of it on disk, so that an interrupted one goes on. Knows no other course.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from models.action import Action
from models.batching import plan_batches
from models.labelled.example import Example
from models.policy import Policy
from rl.analysts.guard import AnalystGuard
from rl.learner.update import CANDIDATE_FOLDER, NothingToLearn, UpdateConfig, update
from rl.rounds.round import Round
from rl.study.answers import Desk
from rl.study.scores import Scores, scores_of
from rl.study.stream import Chunk, StreamDocument
from rl.tuning import TuningProgress

_MAX_PADDED_TOKENS = 2048

OnUpdate = Callable[[int, TuningProgress], None]
"""Told the chunk's number, from 1, and how far its update is."""


@dataclass(frozen=True, slots=True)
class Held:
    """How many analysts of a course are hostile, and whom the guard holds, on any topic.

    >>> Held(n_hostile=2, n_quarantined=2, n_honest_held=0).n_quarantined
    2
    """

    n_hostile: int
    n_quarantined: int
    n_honest_held: int


@dataclass(frozen=True, kw_only=True)
class Course:
    """What makes a course, and where it lies.

    >>> from rl.study.answers import DeskConfig
    >>> desk = Desk(DeskConfig(), seed=1)
    >>> Course(folder=Path("c"), start=Path("p"), chunks=(), held_out=(), desk=desk, config=UpdateConfig()).is_done
    True
    """

    folder: Path
    start: Path  # the policy it begins with
    chunks: Sequence[Chunk]
    held_out: Sequence[Example]
    desk: Desk
    config: UpdateConfig
    target: str = ""  # the company whose polarity is watched
    device: str | None = None

    def run(self, on_update: OnUpdate = lambda *_: None) -> list[Scores]:
        """Return the scores after each chunk's update; what is done already is only read."""
        self.folder.mkdir(parents=True, exist_ok=True)
        serving, rounds, scores = self.start, list[Round](), list[Scores]()
        for number, chunk in enumerate(self.chunks, start=1):
            answered = self._answered(number, chunk, serving)
            serving = self._updated(number, serving, rounds, answered, on_update)
            rounds += answered
            scores.append(self._scores(number, serving))
            self._tidy(number)
        return scores

    def rounds(self) -> list[Round]:
        """Return all rounds that were given, by time."""
        files = [self._rounds_file(number) for number in range(1, len(self.chunks) + 1)]
        return [answered for file in files if file.is_file() for answered in _read(file)]

    def held(self) -> Held:
        """Return whom the guard quarantines, by all rounds of the course."""
        held = {quarantine.analyst for quarantine in guard_of(self.rounds()).quarantines()}
        hostile = set(self.desk.analysts.hostile)
        return Held(len(hostile), len(held & hostile), len(held - hostile))

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return all(self._scores_file(number).is_file() for number in range(1, len(self.chunks) + 1))

    def _answered(self, number: int, chunk: Chunk, serving: Path) -> list[Round]:
        file = self._rounds_file(number)
        if not file.is_file():
            policy = Policy.load(serving, self.device)
            asked = self.desk.asked_of(chunk)
            rounds = self.desk.rounds_of(chunk, _decided(policy, asked), policy.version)
            file.write_bytes(msgspec.json.encode(rounds))
        return _read(file)

    def _updated(
        self, number: int, serving: Path, older: Sequence[Round], fresh: Sequence[Round], on_update: OnUpdate
    ) -> Path:
        folder = self.folder / f"update-{number}"
        candidate = folder / CANDIDATE_FOLDER
        if self._scores_file(number).is_file():
            return candidate if candidate.is_dir() else serving
        weighed = weighed_by_guard([*older, *fresh])
        try:
            update(
                serving,
                weighed[len(older) :],
                weighed[: len(older)],
                folder,
                config=self.config,
                device=self.device,
                on_progress=lambda progress: on_update(number, progress),
            )
        except NothingToLearn:
            return serving
        return candidate

    def _scores(self, number: int, serving: Path) -> Scores:
        file = self._scores_file(number)
        if not file.is_file():
            scores_of(Policy.load(serving, self.device), self.held_out, self.target).save(file)
        return Scores.load(file)

    def _tidy(self, number: int) -> None:
        """Drop what only an interrupted update needs, and policies that nothing begins with any more."""
        shutil.rmtree(self.folder / f"update-{number}" / "state", ignore_errors=True)
        if number < len(self.chunks):
            return
        for done in range(1, number):
            shutil.rmtree(self.folder / f"update-{done}" / CANDIDATE_FOLDER, ignore_errors=True)

    def _rounds_file(self, number: int) -> Path:
        return self.folder / f"rounds-{number}.json"

    def _scores_file(self, number: int) -> Path:
        return self.folder / f"scores-{number}.npy"


def weighed_by_guard(rounds: Sequence[Round]) -> list[Round]:
    """Return the rounds with what they weigh by all that is known of who gave them, as production weighs them."""
    guard = guard_of(rounds)
    return [replace(answered, weight=guard.weight_of(answered.id).weight) for answered in rounds]


def guard_of(rounds: Sequence[Round]) -> AnalystGuard:
    """Return a guard that has seen the rounds."""
    guard = AnalystGuard()
    for answered in rounds:
        guard.update(answered)
    return guard


def _decided(policy: Policy, documents: Sequence[StreamDocument]) -> dict[str, Action]:
    tokens = policy.tokenize([document.truth.text for document in documents])
    actions: dict[str, Action] = {}
    for plan in plan_batches([len(of_text) for of_text in tokens], _MAX_PADDED_TOKENS, len(documents) or 1):
        decided = policy.decide([tokens[index] for index in plan])
        actions |= {documents[index].id: action for index, action in zip(plan, decided, strict=True)}
    return actions


def _read(file: Path) -> list[Round]:
    return msgspec.json.decode(file.read_bytes(), type=list[Round])
