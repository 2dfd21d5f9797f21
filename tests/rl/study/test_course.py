from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from models.checkpoint import SHIPPED
from models.labelled.example import Example, LabelledSpan
from models.policy import Policy
from rl.analysts.simulated import AnalystsConfig
from rl.learner.mixture import Mixture
from rl.learner.update import UpdateConfig
from rl.review import ReviewConfig
from rl.study.answers import Desk, DeskConfig
from rl.study.course import Course, Held, weighed_by_guard
from rl.study.scores import scores_of
from rl.study.stream import StreamConfig, chunks_of
from rl.tuning import TuningConfig

NAMES = ("Volkswagen", "Rivian", "Boeing", "Tesla", "Intel", "Pfizer", "Nestle", "Shell", "Toyota", "Netflix")
UNSEEN = ("Airbus", "Walmart")
EVERYONE = ReviewConfig(uniform=1.0, uncertain=0.0, impact=0.0, disagreement=0.0, max_p=1.0)
UPDATE = UpdateConfig(
    tuning=TuningConfig(algorithm="supervised", n_steps=1, learning_rate=1e-3, max_padded_tokens=256, seed=3),
    n_passes=4,
    min_steps=8,
    mixture=Mixture(min_kept=0),
)


def relief(name: str) -> Example:
    """Good news that the shipped policy calls bad."""
    text = f"{name} drops the profit warning"
    return Example(text, 2, (LabelledSpan(0, len(name), 2),), are_spans_complete=True)


def course_in(folder: Path) -> Course:
    return Course(
        folder=folder,
        start=SHIPPED,
        chunks=chunks_of([relief(name) for name in NAMES], 1, StreamConfig(n_chunks=2)),
        held_out=[relief(name) for name in UNSEEN],
        desk=Desk(DeskConfig(review=EVERYONE, analysts=AnalystsConfig(p_error=0.0)), seed=1),
        config=UPDATE,
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = course_in(tmp_path_factory.mktemp("course"))
    course.run()
    return course


def test_a_policy_learns_from_analysts_what_its_held_out_documents_need(done: Course) -> None:
    before = scores_of(Policy.load(), [relief(name) for name in UNSEEN]).figures()["reward"]
    *_, after = done.run()
    # a positive document called negative earns at most 0.2 of the label's half, nothing of the mention's
    assert before < 0.4
    assert after.figures()["reward"] > 0.9


def test_what_is_done_is_not_done_again(done: Course) -> None:
    steps: Counter[int] = Counter()
    again = done.run(lambda chunk, _: steps.update([chunk]))
    assert done.is_done
    assert (len(again), len(steps)) == (2, 0)


def test_all_rounds_of_a_course_are_kept(done: Course) -> None:
    assert sorted(answered.document_id for answered in done.rounds()) == sorted(f"d{n}" for n in range(len(NAMES)))
    assert done.held() == Held(n_hostile=0, n_quarantined=0, n_honest_held=0)


def test_rounds_weigh_what_the_guard_says(tmp_path: Path) -> None:
    course = course_in(tmp_path)
    [chunk, _] = course.chunks
    policy = Policy.load()
    tokens = policy.tokenize([document.truth.text for document in chunk])
    actions = dict(zip((document.id for document in chunk), policy.decide(tokens), strict=True))
    rounds = course.desk.rounds_of(chunk, actions, policy.version)
    weighed = weighed_by_guard([replace(answered, weight=0.1) for answered in rounds])
    # (0.9 - 1/3) / (2/3): what is believed of an analyst whom few answers have shown
    assert [answered.weight for answered in weighed] == pytest.approx([0.85] * len(rounds), abs=0.05)
