from typing import Any

import pytest
import torch

from rl.algorithms.feedback import Feedback, JudgedUnits
from rl.algorithms.replay import Replay, Trajectory
from rl.rounds.round import ShownUnit
from rl.rounds.unit import Unit


def trajectory(toy: Any, n_words: int) -> Trajectory:
    text = " ".join(["and"] * n_words)
    return Trajectory(Feedback(toy.tokens_of(text), right=toy.right_of(text)), tags=(0,) * n_words)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_oldest_makes_room(toy: Any) -> None:
    replay = Replay(capacity=3)
    replay.update([trajectory(toy, n) for n in (1, 2, 3, 4)])
    assert len(replay) == 3
    assert {len(one.tags) for one in replay.draw(10_000, generator())} == {2, 3, 4}


def test_what_is_drawn_fits_the_budget(toy: Any) -> None:
    replay = Replay(capacity=50)
    replay.update([trajectory(toy, n) for n in range(1, 31)])
    for seed in range(20):
        drawn = replay.draw(100, generator(seed))
        longest = max(len(one.feedback.tokens) for one in drawn)
        assert longest * len(drawn) <= 100
        assert len(set(map(id, drawn))) == len(drawn)


def test_one_document_is_drawn_even_if_it_is_over_the_budget(toy: Any) -> None:
    replay = Replay(capacity=1)
    replay.update([trajectory(toy, 30)])
    assert len(replay.draw(1, generator())) == 1


def test_a_restored_replay_draws_and_forgets_as_the_original(toy: Any) -> None:
    judged = JudgedUnits((ShownUnit(Unit(2, (0, 3)), 0.25),), are_right=False)
    replay, restored = Replay(capacity=4), Replay(capacity=4)
    replay.update([trajectory(toy, n) for n in range(1, 6)])
    replay.update([Trajectory(Feedback(toy.tokens_of("and"), judged=(judged,), weight=0.5), tags=(1,))])
    restored.restore(replay.snapshot())
    for kept in (replay, restored):
        kept.update([trajectory(toy, 9)])
    assert replay.draw(40, generator(5)) == restored.draw(40, generator(5))


def test_there_is_nothing_to_draw_from_an_empty_replay() -> None:
    with pytest.raises(ValueError, match="must hold a trajectory"):
        Replay(capacity=1).draw(10, generator())
