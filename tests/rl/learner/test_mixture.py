from collections import Counter
from collections.abc import Callable

import pytest

from rl.learner.mixture import Mixture
from rl.rounds.round import Round

AnswerOf = Callable[..., Round]
MIXTURE = Mixture(kept_per_fresh=2.0, min_kept=4, max_rounds=30)


def test_all_fresh_rounds_are_learned_from_and_kept_ones_beside_them(answer: AnswerOf) -> None:
    fresh = [answer(number) for number in range(100, 105)]
    chosen = MIXTURE.choose(fresh, [answer(number) for number in range(50)], seed=1)
    assert chosen[:5] == fresh
    assert len(chosen) == 15
    assert len({answered.id for answered in chosen}) == 15


def test_kept_rounds_are_spread_over_right_labels(answer: AnswerOf) -> None:
    older = [answer(number, sentiment=1) for number in range(40)]
    older += [answer(number, sentiment=number % 2 * 2) for number in range(40, 48)]
    chosen = MIXTURE.choose([answer(100)], older, seed=1)[1:]
    assert Counter(answered.right.sentiment for answered in chosen if answered.right) == {0: 2, 1: 1, 2: 1}


def test_the_same_seed_chooses_the_same_whatever_the_order(answer: AnswerOf) -> None:
    older = [answer(number, sentiment=number % 3) for number in range(40)]
    fresh = [answer(100)]
    assert MIXTURE.choose(fresh, older, seed=3) == MIXTURE.choose(fresh, older[::-1], seed=3)
    assert MIXTURE.choose(fresh, older, seed=3) != MIXTURE.choose(fresh, older, seed=4)


def test_an_update_is_bounded_and_its_newest_rounds_stay(answer: AnswerOf) -> None:
    fresh = [answer(number) for number in range(40)]
    chosen = MIXTURE.choose(fresh, [answer(99)], seed=1)
    assert [answered.id for answered in chosen] == [f"r{number:05}" for number in range(10, 40)]


def test_a_mixture_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="max_rounds"):
        Mixture(max_rounds=0)
