from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from rl.estimators.estimate import Estimate
from rl.gate.comparison import Showing
from rl.gate.gate import GateConfig, answer, ask, fingerprint_of
from rl.gate.held_out import HeldOut
from rl.gate.ledger import SpendingLedger, Use
from rl.gate.reasons import GateReason
from rl.gate.report import Question
from rl.gate.rounds import RoundsComparison

Make = Callable[..., HeldOut]


def witness(showing: Showing, *, must_show: bool) -> RoundsComparison:
    figures = Estimate(
        value=-0.01,
        low=-0.02,
        high=0.0,
        standard_error=0.005,
        n_units=900,
        n_clusters=800,
        ess=850.0,
        ess_clusters=790.0,
    )
    return RoundsComparison(estimator="doubly_robust", estimate=figures, showing=showing, must_show=must_show)


def test_a_candidate_that_is_as_good_is_promoted(
    make_held_out: Make, question: Question, ledger: SpendingLedger
) -> None:
    report = ask(question, make_held_out(), ledger)
    assert report.reasons == (GateReason.PROMOTED,)
    assert report.n_uses == 1
    assert report.level == pytest.approx(0.0125157, rel=1e-5)


def test_a_candidate_that_loses_a_point_is_not(
    make_held_out: Make, question: Question, ledger: SpendingLedger
) -> None:
    report = ask(question, make_held_out(n_gained=45, n_lost=75), ledger)  # 30 of 3,000
    assert report.reason is GateReason.WORSE_THAN_SERVING


def test_a_candidate_of_which_too_little_is_shown_is_not(
    make_held_out: Make, question: Question, ledger: SpendingLedger
) -> None:
    # 300 of 3,000 differ: a standard error of 0.58 points, so that 0.3 points below is neither worse nor good enough
    report = ask(question, make_held_out(n_gained=145, n_lost=154), ledger)
    assert report.reasons == (GateReason.NOT_SHOWN_AGAINST_SERVING, GateReason.NOT_SHOWN_AGAINST_ANCHOR)


def test_small_losses_do_not_add_up(make_held_out: Make, question: Question, ledger: SpendingLedger) -> None:
    held_out = make_held_out(n_gained=30, n_lost=30)
    better = held_out.serving.copy()
    better[:75] = 1.0  # what the anchor earned before the serving policy lost it
    report = ask(question, replace(held_out, anchor=better), ledger)
    assert report.reason is GateReason.WORSE_THAN_ANCHOR
    assert GateReason.WORSE_THAN_SERVING not in report.reasons


def test_a_loss_in_one_slice_is_not_made_good_elsewhere(
    make_held_out: Make, question: Question, ledger: SpendingLedger
) -> None:
    late = np.arange(3_000) >= 2_900
    held_out = make_held_out(n_gained=70, n_lost=40, slices={"negation": late, "short": ~late})
    report = ask(question, held_out, ledger)
    assert report.reasons == (GateReason.WORSE_IN_SLICE,)
    assert [one.name for one in report.slices if one.comparison.showing is Showing.WORSE] == ["negation"]


def test_probabilities_that_are_off_are_an_objection(
    make_held_out: Make, question: Question, ledger: SpendingLedger
) -> None:
    report = ask(question, make_held_out(calibration_error=0.031), ledger)
    assert report.reasons == (GateReason.CALIBRATION,)


@pytest.mark.parametrize(
    ("showing", "must_show", "reason"),
    [
        (Showing.WORSE, False, GateReason.WORSE_ON_ROUNDS),
        (Showing.NEITHER, True, GateReason.NOT_SHOWN_ON_ROUNDS),
        (Showing.NEITHER, False, GateReason.PROMOTED),
        (Showing.NOT_WORSE, True, GateReason.PROMOTED),
    ],
)
def test_analysts_answers_are_a_second_witness(
    make_held_out: Make,
    question: Question,
    ledger: SpendingLedger,
    showing: Showing,
    must_show: bool,
    reason: GateReason,
) -> None:
    report = ask(question, make_held_out(), ledger, rounds=[witness(showing, must_show=must_show)])
    assert report.reasons == (reason,)


def test_what_cannot_be_answered_costs_nothing(
    make_held_out: Make, question: Question, ledger: SpendingLedger
) -> None:
    few = ask(question, make_held_out(n_items=2_499), ledger)
    seen = ask(question, make_held_out(n_seen=1), ledger)
    same = ask(replace(question, candidate="p-1"), make_held_out(), ledger)
    assert [report.reason for report in (few, seen, same)] == [
        GateReason.TOO_FEW_ITEMS,
        GateReason.SEEN_IN_TRAINING,
        GateReason.SAME_POLICY,
    ]
    assert not any(report.reason.is_look for report in (few, seen, same))
    assert ledger.history("h").uses == ()


def test_a_held_out_set_that_was_asked_too_often_answers_no_more(
    make_held_out: Make, question: Question, ledger: SpendingLedger
) -> None:
    worse = make_held_out(n_gained=0, n_lost=90)
    reasons = [ask(replace(question, candidate=f"p-{k}"), worse, ledger).reason for k in range(2, 34)]
    assert reasons == [GateReason.WORSE_THAN_SERVING] * 30 + [GateReason.BUDGET_SPENT] * 2


def test_the_same_question_has_the_same_answer_at_no_cost(
    make_held_out: Make, question: Question, ledger: SpendingLedger
) -> None:
    first, again = (ask(question, make_held_out(), ledger) for _ in range(2))
    assert first == again
    assert len(ledger.history("h").uses) == 1


def test_other_items_or_policies_are_another_question(make_held_out: Make, question: Question) -> None:
    held_out, config = make_held_out(), GateConfig()
    asked = {
        fingerprint_of(question, held_out, config),
        fingerprint_of(replace(question, candidate="p-3"), held_out, config),
        fingerprint_of(question, replace(held_out, fingerprint="other"), config),
        fingerprint_of(question, held_out, GateConfig(margin=0.02)),
    }
    assert len(asked) == 4


def test_a_candidate_at_the_margin_is_seldom_promoted_and_an_equal_one_mostly(question: Question) -> None:
    """200 held-out sets each, 3 in 100 items differ: level 0.03, power 0.9; three standard errors are allowed for."""
    rng = np.random.default_rng(4)
    use = Use(held_out="h", question="q", number=1, level=0.03, candidate="p-2", at=question.asked_at)

    def promoted(difference: float) -> bool:
        n = 3_000
        chance = rng.random(n)
        change = np.where(chance < 0.015 + difference / 2, 1.0, np.where(chance < 0.03, -1.0, 0.0))
        serving = np.where(change > 0, 0.0, np.where(change < 0, 1.0, rng.random(n) < 0.8))
        held_out = HeldOut(
            candidate=serving + change, serving=serving, anchor=serving, cluster=np.arange(n), fingerprint="h"
        )
        return answer(question, held_out, use, config=GateConfig()).is_promoted

    assert np.mean([promoted(-0.01) for _ in range(200)]) <= 0.066
    assert np.mean([promoted(0.0) for _ in range(200)]) >= 0.84
