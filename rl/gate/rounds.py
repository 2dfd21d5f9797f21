"""The candidate beside the serving policy on logged rounds: a second witness, once there are rounds enough.

Knows neither policies nor storage. The rounds must be ones that the candidate has not learnt from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from rl.estimators.doubly_robust import doubly_robust
from rl.estimators.estimate import Estimate, EstimateLimits, RefusalReason, Refused
from rl.estimators.from_rounds import (
    Answer,
    JudgedUnitLog,
    Reward,
    UnitModel,
    judged_units,
    known_rewards,
    p_without_right,
)
from rl.estimators.inverse_propensity import self_normalised
from rl.estimators.judging import estimate
from rl.estimators.log import KnownRewards
from rl.estimators.review_weighted import review_weighted
from rl.estimators.studentised import studentised
from rl.estimators.terms import Terms
from rl.gate.comparison import Showing
from rl.reward import reward_of
from rl.rounds.round import Round

_P_ERROR = 0.05

_POWER_DEVIATIONS = float(stats.norm.isf(_P_ERROR) * 2)
"""A margin of so many standard errors is shown for 95 in 100 candidates that are equal."""

_MAX_UNTOLD = 0.02
"""Share of verdicts that do not say what is right: what they would say may be off by as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundsComparison:
    """The difference in mean reward as one estimator sees it, or why it does not.

    >>> refused = Refused(reason=RefusalReason.NO_ROUNDS, detail="there are none")
    >>> RoundsComparison(estimator="doubly_robust", refused=refused).showing.value
    'neither'
    """

    estimator: str
    estimate: Estimate | None = None  # exactly one of the two is given
    refused: Refused | None = None
    showing: Showing = Showing.NEITHER  # each way with a probability of error of 5 %
    must_show: bool = False  # there is evidence enough that an equal candidate would be shown not to be worse


def compare_rounds(
    rounds: Sequence[Round],
    candidate: Answer,
    serving: Answer,
    *,
    model: UnitModel,
    margin: float,
    reward: Reward = reward_of,
    limits: EstimateLimits | None = None,
) -> tuple[RoundsComparison, ...]:
    """Return all that rounds say of a candidate: by right labels where known, and by verdicts on what was shown.

    Args:
        rounds: that the candidate has not learnt from, none of the same stories either.
        candidate: what it decides on a text.
        serving: what the serving policy decides.
        model: how likely a unit is right, for the doubly robust estimate; not learnt from these rounds.
        margin: by which the candidate may be worse.
        reward: what units are worth when the right labels are known.
        limits: under which an estimate is refused.

    >>> [one.refused.reason.value for one in compare_rounds([], lambda text: (), lambda text: (),
    ...     model=lambda text, unit: 0.5, margin=0.01)]
    ['no_rounds', 'no_rounds', 'no_rounds']
    """
    known = known_rewards(rounds, (candidate, serving), reward)
    untold = p_without_right(rounds)
    judged = judged_units(rounds, (candidate, serving), model)
    return (
        compare_known(*known, p_untold=untold, margin=margin, limits=limits),
        *compare_judged(judged, margin=margin, limits=limits),
    )


def compare_known(
    candidate: KnownRewards,
    serving: KnownRewards,
    *,
    p_untold: float,
    margin: float,
    limits: EstimateLimits | None = None,
) -> RoundsComparison:
    """Return the review-weighted difference on rounds with right labels.

    Args:
        candidate: what it would have earned.
        serving: what the serving policy earned, on the same rounds.
        p_untold: review-weighted share of rounds that do not tell what is right, which are left out.
        margin: by which the candidate may be worse.
        limits: under which an estimate is refused.
    """
    terms = review_weighted(candidate).minus(review_weighted(serving))
    return _compared("review_weighted", terms, p_untold, margin, limits)


def compare_judged(
    judged: JudgedUnitLog, *, margin: float, limits: EstimateLimits | None = None
) -> tuple[RoundsComparison, ...]:
    """Return the doubly robust and the self-normalised difference on shown units.

    Args:
        judged: shown units with two targets: the candidate and the serving policy.
        margin: by which the candidate may be worse.
        limits: under which an estimate is refused.
    """
    candidate, serving = judged.targets
    return tuple(
        _compared(name, of(judged.log, candidate).minus(of(judged.log, serving)), judged.p_ambiguous, margin, limits)
        for name, of in (("doubly_robust", doubly_robust), ("self_normalised", self_normalised))
    )


def _compared(
    name: str, terms: Terms, p_untold: float, margin: float, limits: EstimateLimits | None
) -> RoundsComparison:
    answer = estimate(terms, limits)
    if isinstance(answer, Refused):
        return RoundsComparison(estimator=name, refused=answer)
    if p_untold > _MAX_UNTOLD:
        return RoundsComparison(estimator=name, refused=_untold(answer, p_untold))
    sample = studentised(terms)
    is_not_worse, is_worse = sample.p_at_most(-margin) <= _P_ERROR, sample.p_at_least(0.0) <= _P_ERROR
    showing = Showing.NOT_WORSE if is_not_worse else Showing.WORSE if is_worse else Showing.NEITHER
    must_show = answer.standard_error * _POWER_DEVIATIONS <= margin
    return RoundsComparison(estimator=name, estimate=answer, showing=showing, must_show=must_show)


def _untold(answer: Estimate, p_untold: float) -> Refused:
    return Refused(
        reason=RefusalReason.AMBIGUOUS,
        detail=f"{p_untold:.1%} of verdicts do not say what is right, {_MAX_UNTOLD:.0%} are allowed",
        n_units=answer.n_units,
        n_clusters=answer.n_clusters,
        ess=answer.ess,
    )
