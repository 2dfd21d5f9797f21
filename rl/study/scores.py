"""How good a policy is on held-out documents: what the figures are sums of, document by document, kept in a file.

Knows no arm and no stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.evaluation.judgement import Judgement, SpanDecider, judge
from models.evaluation.report import span_counts
from models.labelled.example import Example
from models.labels import SENTIMENTS
from rl.reward import reward_of
from rl.rounds.unit import units_of

Floats = NDArray[np.float64]

_N_LABELS = len(SENTIMENTS)
_REWARD, _HAS_REWARD = 0, 1
_CONFUSION = slice(2, 2 + _N_LABELS**2)
_JOINT = slice(_CONFUSION.stop, _CONFUSION.stop + 3)
_TOWARDS = slice(_JOINT.stop, _JOINT.stop + 2)
N_COUNTS = _TOWARDS.stop
FIGURES = ("reward", "document_macro_f1", "joint_f1")


@dataclass(frozen=True)
class Scores:
    """A policy's counts on held-out documents, which add up over documents.

    >>> from models.keyword import KeywordPolicy
    >>> truths = [Example("Acme soars", 2, are_spans_complete=True), Example("a fraud", 0, are_spans_complete=True)]
    >>> scores_of(KeywordPolicy(), truths).figures()["document_macro_f1"]
    1.0
    """

    rows: Floats  # (N, C)

    def figures(self) -> dict[str, float]:
        """Return the figures over all documents."""
        return {name: float(value) for name, value in figures_of(self.rows.sum(axis=0)).items()}

    def save(self, file: Path) -> None:
        """Write them; an older file stands until the new one is whole."""
        new = file.with_name(f"{file.name}.new")
        with new.open("wb") as raw:
            np.save(raw, self.rows, allow_pickle=False)
        new.replace(file)

    @classmethod
    def load(cls, file: Path) -> Scores:
        """Return what `save` wrote."""
        return cls(np.load(file, allow_pickle=False))


def scores_of(policy: SpanDecider, held_out: Sequence[Example], target: str = "") -> Scores:
    """Return a policy's scores.

    Args:
        policy: that decides.
        held_out: documents with right labels.
        target: the surface of a company; polarity is measured towards its annotated mentions.
    """
    with_sentiments = {truth.source for truth in held_out if any(s.sentiment is not None for s in truth.spans)}
    # spans left out: to ask for the sentiment towards each would be a second forward of every document
    decided = judge(policy, [replace(truth, spans=()) for truth in held_out])
    about = [index for index, truth in enumerate(held_out) if _places(truth, target)]
    towards = judge(policy, [held_out[index] for index in about])
    found = {index: _polarities(judgement, target) for index, judgement in zip(about, towards, strict=True)}
    rows = [
        _row(
            replace(judgement, example=truth, annotates_sentiments=truth.source in with_sentiments),
            found.get(index, []),
        )
        for index, (judgement, truth) in enumerate(zip(decided, held_out, strict=True))
    ]
    return Scores(np.array(rows))


def figures_of(sums: Floats) -> dict[str, Floats]:
    """Return the figures of sums of counts, (..., C); nan without evidence.

    `polarity` is the mean over the target's mentions, were their spans given.
    """
    confusion = sums[..., _CONFUSION].reshape(*sums.shape[:-1], _N_LABELS, _N_LABELS)
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    occurring = confusion.sum(-1) + confusion.sum(-2)
    joint, towards = sums[..., _JOINT], sums[..., _TOWARDS]
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "reward": sums[..., _REWARD] / sums[..., _HAS_REWARD],
            "document_macro_f1": np.nan_to_num(2 * right / occurring).sum(-1) / (occurring > 0).sum(-1),
            "joint_f1": 2 * joint[..., 0] / (joint[..., 1] + joint[..., 2]),
            "polarity": towards[..., 0] / towards[..., 1],
        }


def _row(judgement: Judgement, polarities: list[float]) -> list[float]:
    example = judgement.example
    reward = reward_of(units_of(judgement.action), example)
    confusion = [0.0] * _N_LABELS**2
    if example.sentiment is not None:
        confusion[example.sentiment * _N_LABELS + judgement.label] = 1.0
    joint = span_counts(judgement, with_sentiment=True) if judgement.can_judge_joint else (0, 0, 0)
    return [
        reward or 0.0,
        float(reward is not None),
        *confusion,
        *map(float, joint),
        sum(polarities),
        float(len(polarities)),
    ]


def _places(truth: Example, target: str) -> list[int]:
    """Return which of the annotated spans name the target."""
    wanted = target.casefold()
    return [n for n, s in enumerate(truth.spans) if wanted and truth.text[s.start : s.end].casefold() == wanted]


def _polarities(judgement: Judgement, target: str) -> list[float]:
    sentiments = [judgement.towards[place] for place in _places(judgement.example, target)]
    return [sentiment[2] - sentiment[0] for sentiment in sentiments]
