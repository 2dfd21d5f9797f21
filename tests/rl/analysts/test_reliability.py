from collections.abc import Callable
from random import Random

import pytest

from models.labelled.example import Example, LabelledSpan
from rl.analysts.claim import Claim, claim_of
from rl.analysts.ratings import Ratings
from rl.analysts.reliability import Reliability, reliabilities_of
from rl.rounds.round import Round, Verdict

AnswerOf = Callable[..., Round]


def other(label: int, draw: Random) -> int:
    return (label + draw.choice((1, 2))) % 3


def drawn(answer: AnswerOf, errors: dict[str, float], n: int, seed: int) -> list[Claim]:
    """Each document is answered by all; the policy is right on 85 %."""
    draw = Random(seed)
    claims = []
    for number in range(n):
        truth = draw.randrange(3)
        served = truth if draw.random() < 0.85 else other(truth, draw)
        for name, p_error in errors.items():
            said = other(truth, draw) if draw.random() < p_error else truth
            claims.append(claim_of(answer(name, number, served=served, said=said)))
    return claims


def test_who_errs_more_is_believed_less(answer: AnswerOf) -> None:
    errors = {"ada": 0.05, "bob": 0.05, "cy": 0.05, "careless": 0.25}
    known = reliabilities_of(Ratings.of(drawn(answer, errors, 300, seed=1), {}))
    # standard deviation of a share of 0.25 in 600 ratings: 0.018; the belief before pulls it up by 20 / 620 * 0.15
    assert known["careless"].accuracy == pytest.approx(0.75, abs=0.06)
    assert all(known[name].accuracy == pytest.approx(0.95, abs=0.03) for name in ("ada", "bob", "cy"))
    # (0.755 - 1/3) / (2/3) = 0.63: careless, honest rounds weigh less, not nothing
    assert 0.5 < known["careless"].weight < 0.75


def test_gold_items_tell_who_is_right_where_nobody_else_answers(answer: AnswerOf) -> None:
    claims = [claim_of(answer("ada", number, served=1, said=0)) for number in range(40)]
    claims += [claim_of(answer("bob", number, served=1, said=0)) for number in range(100, 140)]
    gold = {f"d{number}": Example("Acme", 1, (LabelledSpan(0, 4, 1),), True) for number in range(40)}
    known = reliabilities_of(Ratings.of(claims, gold))
    # 80 ratings against gold, none right: (20 * 0.9 + 0) / (20 + 80) = 0.18; bob, doubted by the policy alone, more
    assert known["ada"].accuracy == pytest.approx(0.18, abs=0.02)
    assert known["ada"].weight == 0.0
    assert known["bob"].accuracy > 0.5


def test_one_who_is_compared_with_nobody_is_not_known(answer: AnswerOf) -> None:
    found = [claim_of(answer("ada", number, said=0, is_found=True)) for number in range(10)]
    assert reliabilities_of(Ratings.of(found, {})) == {}


def test_bare_verdicts_are_compared_with_labels(answer: AnswerOf) -> None:
    claims = []
    for number in range(60):
        claims.append(claim_of(answer("eve", number, served=1, verdict=Verdict.REJECT)))
        claims += [claim_of(answer(name, number, served=1, said=1)) for name in ("ada", "bob")]
    known = reliabilities_of(Ratings.of(claims, {}))
    # 60 verdicts, all wrong: (18 + 0) / (20 + 60) = 0.225
    assert known["eve"].accuracy == pytest.approx(0.225, abs=0.03)
    assert known["ada"].accuracy > 0.95


def test_the_order_of_claims_changes_nothing(answer: AnswerOf) -> None:
    claims = drawn(answer, {"ada": 0.05, "bob": 0.1, "cy": 0.3}, 60, seed=2)
    known = reliabilities_of(Ratings.of(claims, {}))
    Random(3).shuffle(claims)
    again = reliabilities_of(Ratings.of(claims, {}))
    assert {name: pytest.approx(each.accuracy, abs=1e-9) for name, each in known.items()} == {
        name: each.accuracy for name, each in again.items()
    }


def test_the_interval_narrows_with_what_is_compared() -> None:
    low, high = Reliability(0.9, 0.0).interval()
    narrow_low, narrow_high = Reliability(0.9, 380.0).interval()
    # beta(18, 2) and beta(360, 40)
    assert (low, high) == (pytest.approx(0.740, abs=0.001), pytest.approx(0.987, abs=0.001))
    assert (narrow_low, narrow_high) == (pytest.approx(0.869, abs=0.001), pytest.approx(0.927, abs=0.001))
