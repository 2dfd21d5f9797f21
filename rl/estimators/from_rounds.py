"""The arrays that estimates are made from, out of rounds and a policy's answers to their texts.

What a policy answers, and what a reward is, are arguments. Knows neither networks nor storage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.labelled.example import Example
from rl.estimators.log import Integers, KnownRewards, Target, UnitLog
from rl.rounds.round import Round, ShownUnit, Verdict
from rl.rounds.unit import Unit, Units

Answer = Callable[[str], Units]
"""What a policy decides on a text, as served."""

Reward = Callable[[Units, Example], float | None]
"""What units are worth when the right labels are these, in [0, 1]; None where that cannot be told."""

UnitModel = Callable[[str, Unit], float]
"""How likely a unit is right on a text, in [0, 1]; for instance a policy's own probability of it."""


@dataclass(frozen=True, slots=True)
class JudgedUnitLog:
    """Shown units with what several policies would have decided there, and how many verdicts say too little.

    >>> judged_units([], [], lambda text, unit: 0.5).p_ambiguous
    0.0
    """

    log: UnitLog
    targets: tuple[Target, ...]  # in the order of the answers
    p_ambiguous: float  # review-weighted share of rounds that reject several units at once; bias is at most this


def known_rewards(rounds: Iterable[Round], answers: Sequence[Answer], reward: Reward) -> tuple[KnownRewards, ...]:
    """Return what each policy's answers would have earned on rounds with right labels, all on the same rounds.

    Left out: what analysts found by themselves, quarantined rounds (weight 0), bare verdicts, and rounds whose reward
    is None for any of the policies. If many are bare rejections, the mean is of documents on which the served action
    was better than usual: see `p_without_right`.

    >>> known_rewards([], [lambda text: (Unit(0),)], lambda units, right: 1.0)[0].n_rounds
    0
    """
    kept: list[tuple[Round, list[float]]] = []
    for logged in rounds:
        if logged.right is None or not _estimates(logged):
            continue
        rewards = [reward(answer(logged.text), logged.right) for answer in answers]
        told = [value for value in rewards if value is not None]
        if len(told) == len(rewards):
            kept.append((logged, told))
    cluster = _clusters([logged for logged, _ in kept])
    p_review = np.array([logged.p_review for logged, _ in kept], dtype=np.float64)
    return tuple(
        KnownRewards(np.array([told[index] for _, told in kept], dtype=np.float64), p_review, cluster)
        for index in range(len(answers))
    )


def p_without_right(rounds: Iterable[Round]) -> float:
    """Return the review-weighted share of rounds whose verdict does not tell what is right.

    They hang together with what the served action earned, so that a mean of the others is biased by as much.

    >>> p_without_right([])
    0.0
    """
    return _share((logged.right is None, logged) for logged in rounds if _estimates(logged))


def judged_units(rounds: Iterable[Round], answers: Sequence[Answer], baseline: UnitModel) -> JudgedUnitLog:
    """Return every shown unit with its verdict, and how likely each policy decides it.

    Policies are greedy as served, so that is 0 or 1; no ratio is multiplied over the units of a document. A rejection
    of several units does not say which one is wrong: such rounds are left out, and counted. A mention is compared
    with what a policy says of the same characters; what was never shown has no say here, so a policy is not charged
    with mentions that it misses.

    Args:
        rounds: logged; those without a proposal, found or quarantined are left out.
        answers: what each policy decides on a text.
        baseline: predicts whether a unit is right; must not have learnt from these verdicts.
    """
    usable = [logged for logged in rounds if logged.shown and _estimates(logged)]
    judged = [(logged, shown, right) for logged in usable for shown, right in _verdicts(logged)]
    log = UnitLog(
        reward=np.array([float(right) for _, _, right in judged], dtype=np.float64),
        propensity=np.array([shown.propensity for _, shown, _ in judged], dtype=np.float64),
        p_review=np.array([logged.p_review for logged, _, _ in judged], dtype=np.float64),
        cluster=_clusters([logged for logged, _, _ in judged]),
    )
    predicted = np.array([baseline(logged.text, shown.unit) for logged, shown, _ in judged], dtype=np.float64)
    targets = []
    for answer in answers:
        own = [unit_at(answer(logged.text), shown.unit) for logged, shown, _ in judged]
        decides = np.array([unit == shown.unit for unit, (_, shown, _) in zip(own, judged, strict=True)])
        of_own = [baseline(judged[i][0].text, unit) if unit else 0.0 for i, unit in enumerate(own)]
        targets.append(Target(decides.astype(np.float64), predicted, np.array(of_own, dtype=np.float64)))
    ambiguous = _share((not any(True for _ in _verdicts(logged)), logged) for logged in usable)
    return JudgedUnitLog(log, tuple(targets), ambiguous)


def unit_at(units: Units, shown: Unit) -> Unit | None:
    """Return what was decided where a unit was shown: the document's label, or the mention of the same characters.

    >>> unit_at((Unit(1), Unit(0, (0, 3))), Unit(2, (0, 3)))
    Unit(sentiment=0, span=(0, 3))
    """
    return next((unit for unit in units if unit.span == shown.span), None)


def _verdicts(logged: Round) -> Iterator[tuple[ShownUnit, bool]]:
    shown = logged.shown or ()
    if logged.verdict is Verdict.CONFIRM:
        yield from ((unit, True) for unit in shown)
    elif logged.right is not None:
        yield from _verdicts_by(logged.right, shown)
    elif logged.wrong is not None:
        yield from ((unit, place not in logged.wrong) for place, unit in enumerate(shown))
    elif len(shown) == 1:
        yield shown[0], False


def _verdicts_by(right: Example, shown: Iterable[ShownUnit]) -> Iterator[tuple[ShownUnit, bool]]:
    sentiments = {(span.start, span.end): span.sentiment for span in right.spans}
    for unit in shown:
        if unit.unit.span is None:
            if right.sentiment is not None:
                yield unit, unit.unit.sentiment == right.sentiment
        elif unit.unit.span in sentiments:
            if (towards := sentiments[unit.unit.span]) is not None:
                yield unit, unit.unit.sentiment == towards
        elif right.are_spans_complete:
            yield unit, False


def _estimates(logged: Round) -> bool:
    return logged.p_review is not None and logged.weight > 0


def _share(told: Iterable[tuple[bool, Round]]) -> float:
    weighed = [(is_so, 1.0 / logged.p_review) for is_so, logged in told if logged.p_review]
    whole = sum(weight for _, weight in weighed)
    return sum(weight for is_so, weight in weighed if is_so) / whole if whole else 0.0


def _clusters(rounds: Sequence[Round]) -> Integers:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(logged.story, len(numbers)) for logged in rounds], dtype=np.int64)
