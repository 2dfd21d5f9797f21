from pathlib import Path

import pytest

from models.keyword import KeywordPolicy
from models.labelled.example import Example, LabelledSpan
from rl.study.scores import Scores, scores_of

# the keyword policy calls both documents positive, and finds Acme and Bolt with that sentiment
HELD_OUT = [
    Example("Acme soars", 2, (LabelledSpan(0, 4, 2),), are_spans_complete=True),
    Example("Bolt soars", 0, (LabelledSpan(0, 4, 0),), are_spans_complete=True),
]


def test_figures_are_those_of_the_right_labels() -> None:
    figures = scores_of(KeywordPolicy(), HELD_OUT).figures()
    # the first earns 1; the second a missed negative's 0 of the label's half, and an F1 of 0
    assert figures["reward"] == 0.5
    # of mentions with sentiment one of two is right
    assert figures["joint_f1"] == 0.5


def test_polarity_is_measured_towards_the_target_alone() -> None:
    whole = scores_of(KeywordPolicy(), HELD_OUT, target="acme")
    of_target = scores_of(KeywordPolicy(), HELD_OUT[:1], target="Acme")
    assert whole.figures()["polarity"] == of_target.figures()["polarity"] > 0


def test_saved_scores_come_back(tmp_path: Path) -> None:
    scores = scores_of(KeywordPolicy(), HELD_OUT)
    scores.save(tmp_path / "scores.npy")
    assert Scores.load(tmp_path / "scores.npy").figures() == pytest.approx(scores.figures(), nan_ok=True)
