from collections import Counter

import numpy as np
import pytest

from rl.exploration import ExplorationConfig, ExplorationMethod, behaviour_of, explore, seed_of

P = (0.6, 0.3, 0.1)
EVERY = [
    ExplorationConfig(method, epsilon, temperature)
    for method in ExplorationMethod
    for epsilon in (0.0, 0.2, 1.0)
    for temperature in (0.25, 1.0, 4.0)
]


@pytest.mark.parametrize("config", EVERY, ids=str)
def test_propensities_of_all_actions_sum_to_one(config: ExplorationConfig) -> None:
    assert behaviour_of(P, config).sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("config", EVERY, ids=str)
def test_the_propensity_told_is_how_often_an_action_is_drawn(config: ExplorationConfig) -> None:
    n_draws = 4000
    choices = [explore(P, config, seed_of(f"d-{n}", "p-1")) for n in range(n_draws)]
    counts = Counter(choice.action for choice in choices)
    told = {choice.action: choice.propensity for choice in choices}
    for action, propensity in told.items():
        deviation = np.sqrt(propensity * (1 - propensity) / n_draws)
        assert abs(counts[action] / n_draws - propensity) <= 4 * deviation  # four standard errors


def test_epsilon_mixes_the_greedy_action_with_a_softmax() -> None:
    # at temperature 1 the softmax is p itself: 0.8 + 0.2 * 0.6, 0.2 * 0.3, 0.2 * 0.1
    assert behaviour_of(P, ExplorationConfig(epsilon=0.2)).tolist() == pytest.approx([0.92, 0.06, 0.02])


def test_boltzmann_at_half_the_temperature_squares_the_probabilities() -> None:
    config = ExplorationConfig(ExplorationMethod.BOLTZMANN, temperature=0.5)
    # 0.36, 0.09, 0.01 of 0.46
    assert behaviour_of(P, config).tolist() == pytest.approx([0.36 / 0.46, 0.09 / 0.46, 0.01 / 0.46])


def test_greedy_takes_the_first_of_equals_with_certainty() -> None:
    assert behaviour_of((0.5, 0.5), ExplorationConfig(ExplorationMethod.GREEDY)).tolist() == [1.0, 0.0]


def test_an_impossible_action_is_never_chosen() -> None:
    config = ExplorationConfig(ExplorationMethod.BOLTZMANN, temperature=100.0)
    assert {explore((0.0, 0.5, 0.5, 0.0), config, seed).action for seed in range(500)} == {1, 2}


def test_the_same_document_and_policy_version_show_the_same() -> None:
    config = ExplorationConfig(epsilon=1.0)
    first, again = (explore(P, config, seed_of("d-7", "p-1")) for _ in range(2))
    assert first == again


def test_units_of_a_document_are_drawn_apart() -> None:
    seeds = {
        seed_of("d", "p"),
        seed_of("d", "p", (0, 3)),
        seed_of("d", "p", (0, 4)),
        seed_of("d", "q"),
        seed_of("e", "p"),
    }
    assert len(seeds) == 5


def test_what_is_no_distribution_is_refused() -> None:
    for p in ((), (0.0, 0.0), (-0.1, 1.1), ((0.5, 0.5),)):
        with pytest.raises(ValueError, match="p must be"):
            behaviour_of(p, ExplorationConfig())
