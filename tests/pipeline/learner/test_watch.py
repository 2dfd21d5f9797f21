from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.labelled.example import Example
from pipeline.learner.trial import Trial
from pipeline.learner.watch import RewardWatch
from rl.gate.rollback import RollbackConfig
from rl.learner.rollout import RolloutStage
from rl.rounds.round import ReviewReason, Round, Verdict
from rl.rounds.unit import Unit

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
NOW = BEGAN + timedelta(days=9)
TRIAL = Trial(version="new", serving="old", began_at=BEGAN, stage=RolloutStage.WATCHED, since_at=BEGAN)


class AnsweringWatch(RewardWatch):
    """The new version calls all negative; the old one all neutral."""

    def __init__(self) -> None:
        super().__init__(lambda version: Path(version), None, RollbackConfig(min_p_review=0.5))
        self.n_decided = 0

    def _answer(self, version: str):  # type: ignore[no-untyped-def]
        def answer(text: str) -> tuple[Unit, ...]:
            self.n_decided += 1
            return (Unit(0 if version == "new" else 1),)

        return answer


def answered(number: int, right: int, *, minute: int = 1, analyst: str = "ada") -> Round:
    return Round(
        id=f"r{number}",
        document_id=f"d{number}",
        story=f"s{number}",
        text="a text",
        kind="news",
        source="Wire",
        published_at=BEGAN,
        decided_at=BEGAN,
        policy_version="new",
        served=(Unit(0),),
        p_review=0.5,
        review_reason=ReviewReason.BLIND,
        analyst=analyst,
        verdict=Verdict.CORRECT,
        right=Example("a text", right),
        corrected_at=BEGAN + timedelta(minutes=minute),
    )


def test_answers_that_the_old_version_had_right_show_the_new_one_to_be_worse() -> None:
    watch = AnsweringWatch()
    assert not watch.is_worse(TRIAL, [answered(number, 1) for number in range(3)], NOW)
    assert watch.is_worse(TRIAL, [answered(number, 1) for number in range(40)], NOW)


def test_each_document_is_decided_once_however_often_it_is_asked() -> None:
    watch = AnsweringWatch()
    rounds = [answered(number, 0) for number in range(5)]
    for _ in range(3):
        assert not watch.is_worse(TRIAL, rounds, NOW)
    assert watch.n_decided == 10  # five documents, two versions


def test_a_push_that_is_found_later_counts_as_if_it_had_never_come() -> None:
    watch = AnsweringWatch()
    pushed = [answered(number, 1, analyst="eve") for number in range(40)]
    honest = [answered(100 + number, 0) for number in range(3)]
    assert watch.is_worse(TRIAL, [*honest, *pushed], NOW)
    held = {each.id for each in pushed}
    assert not watch.is_worse(TRIAL, [*honest, *pushed], NOW, lambda round_id: round_id not in held)
    assert watch.is_worse(TRIAL, [*honest, *pushed], NOW)  # and after a release as before


def test_what_an_update_has_learned_from_meanwhile_still_speaks() -> None:
    watch = AnsweringWatch()
    rounds = [answered(number, 1) for number in range(40)]
    for number in range(0, 40, 4):
        is_worse = watch.is_worse(TRIAL, rounds[number : number + 4], NOW)
    assert is_worse


@pytest.mark.parametrize("minute", [-1, 99_999])
def test_answers_from_before_the_trial_or_after_now_say_nothing_of_it(minute: int) -> None:
    watch = AnsweringWatch()
    assert not watch.is_worse(TRIAL, [answered(number, 1, minute=minute) for number in range(40)], NOW)
    assert watch.n_decided == 0


def test_a_version_in_shadow_harms_nobody() -> None:
    shadow = TRIAL.at(RolloutStage.SHADOW, BEGAN)
    assert not AnsweringWatch().is_worse(shadow, [answered(number, 1) for number in range(40)], NOW)
