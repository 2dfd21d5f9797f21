from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models.checkpoint import SHIPPED, read_manifest
from models.labelled.example import Example, LabelledSpan
from models.policy import Policy
from rl.learner.mixture import Mixture
from rl.learner.update import CANDIDATE_FOLDER, NothingToLearn, UpdateConfig, update
from rl.rounds.audit import is_audit, parted
from rl.rounds.round import Round
from rl.rounds.unit import units_of
from rl.tuning import TuningConfig

AnswerOf = Callable[..., Round]
CONFIG = UpdateConfig(
    tuning=TuningConfig(algorithm="supervised", n_steps=1, learning_rate=1e-3, max_padded_tokens=256, seed=3),
    n_passes=4,
    min_steps=12,
    mixture=Mixture(min_kept=0),
)
NAMES = ("Volkswagen", "Rivian", "Boeing", "Tesla", "Intel", "Pfizer", "Nestle", "Shell", "Toyota", "Netflix")


@pytest.fixture
def relief(answer: AnswerOf) -> list[Round]:
    """What the shipped policy calls negative, and analysts positive."""
    rounds = []
    for number, name in enumerate(NAMES):
        text = f"{name} drops the profit warning"
        right = Example(text, 2, (LabelledSpan(0, len(name), 2),), are_spans_complete=True)
        rounds.append(replace(answer(number, text=text), right=right))
    return rounds


def test_a_candidate_unlearns_a_kind_of_mistake_also_where_no_analyst_looked(
    relief: list[Round], tmp_path: Path
) -> None:
    manifest = update(SHIPPED, relief, [], tmp_path, config=CONFIG)
    assert manifest.parent_version == read_manifest(SHIPPED).version
    candidate, shipped = Policy.load(tmp_path / CANDIDATE_FOLDER), Policy.load()
    unseen = ["Airbus drops the profit warning", "Walmart drops the profit warning"]
    before = [units_of(action)[0].sentiment for action in shipped.decide(shipped.tokenize(unseen))]
    after = [units_of(action)[0].sentiment for action in candidate.decide(candidate.tokenize(unseen))]
    assert (before, after) == ([0, 0], [2, 2])


def test_audited_rounds_are_not_learned_from(relief: list[Round], tmp_path: Path) -> None:
    for_judging = [replace(answered, story="c") for answered in relief]
    assert is_audit("c")
    with pytest.raises(NothingToLearn):
        update(SHIPPED, for_judging, [], tmp_path, config=CONFIG)


def test_quarantined_rounds_are_not_learned_from(relief: list[Round], tmp_path: Path) -> None:
    with pytest.raises(NothingToLearn):
        update(SHIPPED, [replace(answered, weight=0.0) for answered in relief], [], tmp_path, config=CONFIG)


def test_temperatures_stay_the_parents_where_little_is_audited(relief: list[Round], tmp_path: Path) -> None:
    manifest = update(SHIPPED, relief[:3], [], tmp_path, config=replace(CONFIG, min_steps=1, n_passes=0.1))
    assert manifest.document_temperature == read_manifest(SHIPPED).document_temperature


def test_copies_of_a_story_are_judged_or_learned_from_together(answer: AnswerOf) -> None:
    copies = [replace(answer(number), story=story) for number, story in enumerate("acbc")]
    learned, audited = parted(copies)
    assert [answered.story for answered in learned] == ["a", "b"]
    assert [answered.story for answered in audited] == ["c", "c"]
