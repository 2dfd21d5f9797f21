from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

import pytest

from rl.analysts.burst import Burst, BurstConfig, bursts_of
from rl.analysts.claim import Claim, Push, claim_of
from rl.rounds.round import Round, Verdict

AnswerOf = Callable[..., Round]
OTHERS = ("ada", "bob", "cy", "dee", "flo")


def calm(answer: AnswerOf, n: int = 40) -> list[Claim]:
    """The others agree with what was served as neutral, but for one in eleven, whoever it is, who moves it down."""
    return [
        claim_of(answer(OTHERS[number % 5], number, day=number / 10, said=0 if number % 11 == 3 else 1))
        for number in range(n)
    ]


def pushed(answer: AnswerOf, n: int, *, first: int = 100, day: float = 0.0, **fields: object) -> list[Claim]:
    fields = {"said": 0, **fields}
    return [claim_of(answer("eve", first + k, day=day + k / 10, **fields)) for k in range(n)]


def test_one_who_moves_each_story_down_where_others_do_not_is_a_burst(answer: AnswerOf) -> None:
    [burst] = bursts_of([*calm(answer), *pushed(answer, 8)], {})
    assert (burst.analyst, burst.push, burst.n_moves, burst.n_stories) == ("eve", Push.NEGATIVE, 8, 8)
    assert burst.usual_share < 0.25
    assert burst.evidence >= 9.2


def test_where_others_move_it_as_well_it_is_a_crisis(answer: AnswerOf) -> None:
    crisis = [claim_of(answer(OTHERS[n % 5], 500 + n, day=n / 40, said=0)) for n in range(30)]
    assert bursts_of([*calm(answer), *crisis, *pushed(answer, 8)], {}) == []


def test_three_moves_are_no_burst_whatever_the_others_say(answer: AnswerOf) -> None:
    assert bursts_of([*calm(answer, 200), *pushed(answer, 3)], {}) == []


def test_copies_of_one_story_bring_one_opinion(answer: AnswerOf) -> None:
    assert bursts_of([*calm(answer), *pushed(answer, 12, story="the same")], {}) == []


def test_a_push_up_and_a_push_down_are_told_apart(answer: AnswerOf) -> None:
    up = pushed(answer, 8, said=2)
    assert [burst.push for burst in bursts_of([*calm(answer), *up], {})] == [Push.POSITIVE]


def test_rejections_push_too(answer: AnswerOf) -> None:
    served_good = [claim_of(answer(OTHERS[n % 5], n, day=n / 10, served=2, said=2)) for n in range(40)]
    rejected = pushed(answer, 10, served=2, verdict=Verdict.REJECT)
    assert [burst.analyst for burst in bursts_of([*served_good, *rejected], {})] == ["eve"]


def test_of_found_documents_it_takes_many_that_all_move_one_way(answer: AnswerOf) -> None:
    assert bursts_of([*calm(answer), *pushed(answer, 8, is_found=True)], {}) == []
    [burst] = bursts_of([*calm(answer), *pushed(answer, 25, is_found=True)], {})
    assert burst.analyst == "eve"


def test_found_documents_count_for_more_where_somebody_who_was_asked_contradicts(answer: AnswerOf) -> None:
    found = pushed(answer, 16, is_found=True, said=0)
    contradicted = [claim_of(answer("bob", 100 + n, day=n / 10, said=1)) for n in range(6)]
    seconded = [claim_of(answer("bob", 100 + n, day=n / 10, said=0)) for n in range(6)]
    assert bursts_of([*calm(answer), *found], {}) == []
    [burst] = bursts_of([*calm(answer), *found, *contradicted], {})
    assert (burst.analyst, burst.n_moves, burst.n_stories) == ("eve", 16, 16)
    assert bursts_of([*calm(answer), *found, *seconded], {}) == []


def test_what_others_found_contradicts_nobody(answer: AnswerOf) -> None:
    found = pushed(answer, 16, is_found=True, said=0)
    others = [claim_of(answer("mallory", 100 + n, day=n / 10, said=1, is_found=True)) for n in range(16)]
    assert bursts_of([*calm(answer), *found, *others], {}) == []


def test_what_was_cleared_is_no_burst_and_what_comes_later_may_be(answer: AnswerOf) -> None:
    claims = [*calm(answer), *pushed(answer, 8)]
    cleared = {"eve": datetime(2026, 1, 2, tzinfo=UTC)}
    assert bursts_of(claims, cleared) == []
    later = pushed(answer, 8, first=200, day=2.0)
    [burst] = bursts_of([*claims, *later], cleared)
    assert burst.first_day == 20_456  # 2026-01-03


def test_a_few_who_push_together_do_not_vouch_for_each_other(answer: AnswerOf) -> None:
    team = [f"honest-{n}" for n in range(8)]
    claims = [claim_of(answer(team[n % 8], n, day=n / 10)) for n in range(80)]
    for name in ("eve", "mal"):
        first = 300 if name == "eve" else 400
        claims += [claim_of(answer(name, first + k, day=k, said=0)) for k in range(7)]
    assert {burst.analyst for burst in bursts_of(claims, {})} == {"eve", "mal"}


def test_it_covers_the_days_of_the_push_and_moves_the_same_way_outside(answer: AnswerOf) -> None:
    burst = Burst("eve", Push.NEGATIVE, 20_456, 20_456, 9, 9, 0.1, 14.0, 17.5)  # 2026-01-03
    assert burst.covers(claim_of(answer("eve", 1, day=2, said=1)))
    assert burst.covers(claim_of(answer("eve", 1, day=9, said=0)))
    assert not burst.covers(claim_of(answer("eve", 1, day=9, said=2)))


@pytest.mark.parametrize(("field", "value"), [("p_usual", 0.0), ("p_push_found", 0.5), ("min_moves", 0)])
def test_what_makes_no_sense_is_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} must be"):
        BurstConfig(**{field: value})


@pytest.mark.parametrize("seed", range(5))
def test_honest_ones_who_happen_to_have_moved_a_few_are_not_held_together(answer: AnswerOf, seed: int) -> None:
    draw = Random(seed)
    claims = [
        claim_of(answer(f"honest-{n}", 20 * k + n, day=5 * k, said=0 if draw.random() < 0.09 else 1))
        for k in range(12)
        for n in range(20)
    ]
    # by themselves a few of a hundred look like a push; with them nobody is held who hardly does
    assert all(burst.n_moves >= 4 and burst.evidence > 8.0 for burst in bursts_of(claims, {}))


def test_one_who_adds_little_is_not_held_with_those_who_push(answer: AnswerOf) -> None:
    claims = []
    for number in range(100):
        is_moved = number % 13 == 6 or number in (14, 24)  # both honest-4's, of ten
        claims.append(claim_of(answer(f"honest-{number % 10}", number, day=number / 10, said=0 if is_moved else 1)))
    for number, name in enumerate(("eve", "mal")):
        claims += [claim_of(answer(name, 300 + 100 * number + k, day=k, said=0)) for k in range(8)]
    assert {burst.analyst for burst in bursts_of(claims, {})} == {"eve", "mal"}
