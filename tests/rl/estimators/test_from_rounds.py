from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from models.labelled.example import Example, LabelledSpan
from rl.estimators.from_rounds import judged_units, known_rewards, p_without_right, unit_at
from rl.reward import reward_of
from rl.rounds.round import ReviewReason, Round, ShownUnit, Verdict
from rl.rounds.unit import Unit, Units

AT = datetime(2026, 1, 2, tzinfo=UTC)
TEXT = "FTX halts withdrawals"
NEGATIVE, NEUTRAL = Unit(0), Unit(1)
FTX_NEGATIVE, FTX_NEUTRAL = Unit(0, (0, 3)), Unit(1, (0, 3))


def round_of(number: int = 0, **changes: Any) -> Round:
    made = Round(
        id=f"r{number}",
        document_id=f"d{number}",
        story="s",
        text=TEXT,
        kind="news",
        source="Wire",
        published_at=AT,
        decided_at=AT,
        policy_version="p-1",
        served=(NEUTRAL, FTX_NEUTRAL),
        shown=(ShownUnit(NEUTRAL, 0.9), ShownUnit(FTX_NEUTRAL, 0.8)),
        p_review=0.02,
        review_reason=ReviewReason.UNIFORM,
        analyst="ada",
        verdict=Verdict.CORRECT,
        right=Example(TEXT, sentiment=0, spans=(LabelledSpan(0, 3, 0),), are_spans_complete=True),
        corrected_at=AT,
    )
    return replace(made, **changes)


def negative(_: str) -> Units:
    return NEGATIVE, FTX_NEGATIVE


def neutral(_: str) -> Units:
    return NEUTRAL, FTX_NEUTRAL


def half(_: str, __: Unit) -> float:
    return 0.5


def test_right_labels_tell_the_reward_of_every_policy() -> None:
    good, bad = known_rewards([round_of(0), round_of(1, story="t")], [negative, neutral], reward_of)
    assert (good.reward.tolist(), bad.reward.tolist()) == ([1.0, 1.0], [0.0, 0.0])
    assert good.cluster.tolist() == [0, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"p_review": None, "review_reason": ReviewReason.FOUND},
        {"weight": 0.0},
        {"verdict": Verdict.REJECT, "right": None},
        {"right": Example(TEXT)},
    ],
    ids=["found", "quarantined", "bare", "no evidence"],
)
def test_rounds_that_cannot_stand_for_others_are_left_out(changes: dict[str, Any]) -> None:
    [known] = known_rewards([round_of(**changes)], [negative], reward_of)
    assert known.n_rounds == 0


def test_bare_verdicts_are_counted_by_what_they_stand_for() -> None:
    bare = round_of(0, verdict=Verdict.REJECT, right=None, p_review=0.01)
    # 100 / (100 + 50)
    assert p_without_right([bare, round_of(1)]) == pytest.approx(2 / 3)


def test_a_correction_judges_every_shown_unit() -> None:
    judged = judged_units([round_of()], [negative, neutral], half)
    assert judged.log.reward.tolist() == [0.0, 0.0]
    assert judged.log.propensity.tolist() == [0.9, 0.8]
    assert [target.p_shown.tolist() for target in judged.targets] == [[0.0, 0.0], [1.0, 1.0]]


def test_a_confirmation_makes_every_shown_unit_right() -> None:
    judged = judged_units([round_of(verdict=Verdict.CONFIRM, right=None)], [neutral], half)
    assert judged.log.reward.tolist() == [1.0, 1.0]


def test_a_rejection_of_one_unit_says_that_it_is_wrong() -> None:
    bare = round_of(verdict=Verdict.REJECT, right=None, shown=(ShownUnit(NEUTRAL, 0.9),))
    judged = judged_units([bare], [neutral], half)
    assert (judged.log.reward.tolist(), judged.p_ambiguous) == ([0.0], 0.0)


def test_a_rejection_that_says_which_units_are_wrong_judges_each() -> None:
    bare = round_of(verdict=Verdict.REJECT, right=None, wrong=(1,))
    judged = judged_units([bare], [neutral], half)
    assert (judged.log.reward.tolist(), judged.p_ambiguous) == ([1.0, 0.0], 0.0)


def test_a_rejection_of_several_units_says_nothing_of_each_and_is_counted() -> None:
    bare = round_of(0, verdict=Verdict.REJECT, right=None)
    judged = judged_units([bare, round_of(1)], [neutral], half)
    assert (judged.log.n_units, judged.p_ambiguous) == (2, 0.5)


def test_a_blind_review_judges_no_shown_unit() -> None:
    judged = judged_units([round_of(shown=None, review_reason=ReviewReason.BLIND)], [neutral], half)
    assert judged.log.n_units == 0


def test_a_mention_where_the_policy_has_none_is_predicted_to_earn_nothing() -> None:
    judged = judged_units([round_of()], [lambda _: (NEUTRAL,)], half)
    assert judged.targets[0].baseline_own is not None
    assert judged.targets[0].baseline_own.tolist() == [0.5, 0.0]


def test_a_unit_is_found_by_its_characters() -> None:
    assert unit_at((NEGATIVE, FTX_NEGATIVE), Unit(2)) == NEGATIVE
    assert unit_at((NEGATIVE, FTX_NEGATIVE), Unit(2, (0, 4))) is None
