"""A held-out set from what three policies did with the same labelled examples.

Knows neither the gate nor files; policies have been asked already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from models.evaluation.judgement import Judgement
from models.evaluation.metrics import expected_calibration_error
from models.evaluation.slices import SLICES
from models.labelled.example import Example, part_of
from rl.estimators.from_rounds import Reward
from rl.estimators.log import Floats
from rl.gate.held_out import HeldOut
from rl.gate.stories import stories_of
from rl.reward import reward_of
from rl.rounds.unit import units_of


def held_out_examples(examples: Sequence[Example]) -> list[Example]:
    """Return the examples that no policy of this project trains on: the dev and test parts.

    >>> held_out_examples([Example("FTX halts withdrawals"), Example("Tesla recalls cars")])
    []
    """
    return [example for example in examples if part_of(example.text) != "train"]


def held_out_of(
    candidate: Sequence[Judgement],
    serving: Sequence[Judgement],
    anchor: Sequence[Judgement],
    *,
    reward: Reward = reward_of,
    was_learnt: Callable[[str], bool] = lambda _: False,
) -> HeldOut:
    """Return what the gate looks at; items without evidence for the reward are left out.

    Args:
        candidate: what it did with each example.
        serving: what the serving policy did, on the same examples in the same order.
        anchor: what the anchor did, likewise.
        reward: what units are worth; the production reward unless said.
        was_learnt: whether the candidate has learnt from a text.

    >>> from models.keyword import KeywordPolicy
    >>> from models.evaluation.judgement import judge
    >>> done = judge(KeywordPolicy(), [Example("Acme soars", sentiment=2), Example("Acme")])
    >>> held_out = held_out_of(done, done, done)
    >>> held_out.n_items, held_out.candidate.tolist()
    (1, [1.0])
    """
    examples = [judgement.example for judgement in candidate]
    for name, judgements in (("serving", serving), ("anchor", anchor)):
        if [judgement.example.text for judgement in judgements] != [example.text for example in examples]:
            raise ValueError(f"{name} must be on the candidate's examples, got others")
    earned = [_rewards(judgements, reward) for judgements in (candidate, serving, anchor)]
    told = ~np.isnan(earned[0])
    kept = [example for example, is_told in zip(examples, told, strict=True) if is_told]
    rewards = [of_policy[told] for of_policy in earned]
    return HeldOut(
        candidate=rewards[0],
        serving=rewards[1],
        anchor=rewards[2],
        cluster=stories_of(kept),
        fingerprint=fingerprint_of_examples(kept),
        slices=_slices(kept),
        calibration_error=_calibration_error(candidate),
        n_seen=sum(was_learnt(example.text) for example in kept),
    )


def fingerprint_of_examples(examples: Sequence[Example]) -> str:
    """Return what tells a held-out set from others, in whatever order its items come.

    >>> one, other = Example("a", sentiment=0), Example("b", sentiment=0)
    >>> fingerprint_of_examples([one, other]) == fingerprint_of_examples([other, one])
    True
    """
    lines = sorted(repr((example.text, example.sentiment, example.spans)) for example in examples)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def _rewards(judgements: Sequence[Judgement], reward: Reward) -> Floats:
    earned = (reward(units_of(judgement.action), judgement.example) for judgement in judgements)
    return np.array([np.nan if value is None else value for value in earned], dtype=np.float64)


def _slices(examples: Sequence[Example]) -> dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    kinds = {name: np.array([is_in(example) for example in examples]) for name, is_in in SLICES.items()}
    sources = {example.source for example in examples if example.source}
    return kinds | {name: np.array([example.source == name for example in examples]) for name in sorted(sources)}


def _calibration_error(judgements: Sequence[Judgement]) -> float | None:
    labelled = [judgement for judgement in judgements if judgement.example.sentiment is not None]
    if not labelled:
        return None
    probabilities = [judgement.action.sentiment for judgement in labelled]
    return expected_calibration_error(probabilities, [judgement.example.sentiment or 0 for judgement in labelled])
