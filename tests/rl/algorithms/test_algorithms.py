"""What holds of every algorithm: it finds a toy's known optimum, learns from verdicts alone, and goes on exactly."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from models.checkpoint import SHIPPED, load_network
from models.encoder import load_tokenizer
from models.labelled.example import Example, LabelledSpan
from models.network import PolicyNetwork
from models.tokens import tokenize
from rl.algorithms.algorithm import Algorithm
from rl.algorithms.catalogue import ALGORITHMS, config_type, make_algorithm
from rl.algorithms.feedback import Feedback, JudgedUnits
from rl.algorithms.feedback_batch import batch_of
from rl.algorithms.reading import read
from rl.algorithms.scoring import Scores
from rl.algorithms.tagging import greedy_tags
from rl.exploration import ExplorationConfig, explore
from rl.reward import PRODUCTION
from rl.rounds.round import ShownUnit
from rl.rounds.unit import Unit

CPU = torch.device("cpu")
MakeNetwork = Callable[[int], PolicyNetwork]

FREE = {name: {"kl_weight": 1e-3 if name == "ppo" else 0.0} for name in ALGORITHMS}
"""Options of a policy that starts from nothing: its reference is worth little."""


def made(name: str, network: PolicyNetwork, seed: int = 0, **options: float) -> Algorithm:
    config = config_type(name)(**{**FREE[name], **options})
    return make_algorithm(name, network, config, PRODUCTION, CPU, torch.Generator().manual_seed(seed))


def greedy_reward(network: PolicyNetwork, feedback: Sequence[Feedback]) -> float:
    batch = batch_of(feedback, CPU)
    with torch.no_grad():
        reading = read(network.eval(), batch)
    scores = Scores(batch, PRODUCTION)
    labels = scores.labels.gather(1, reading.document.argmax(-1, keepdim=True)).squeeze(1)
    return float((labels + scores.of_tags(greedy_tags(reading.tags, batch.is_token))[0]).mean())


def trained(algorithm: Algorithm, feedback: Sequence[Feedback], n_steps: int, rate: float = 3e-3) -> None:
    for step in range(n_steps):
        first = step * 16 % len(feedback)
        algorithm.step(feedback[first : first + 16], rate * (1 - step / n_steps))


# the best policy earns 1, the untrained one 0.46; DQN learns from one tagging a document, the others from several
@pytest.mark.parametrize(
    ("name", "least", "options"),
    [
        ("supervised", 0.97, {}),
        ("rloo", 0.95, {}),
        ("ppo", 0.95, {}),
        ("q_learning", 0.95, {}),
        ("dqn", 0.8, {"target_every": 5, "value_rate": 1e-2}),
    ],
)
def test_a_toy_is_learned_up_to_a_margin_from_the_best_there_is(
    name: str, least: float, options: dict[str, float], toy: Any, make_network: MakeNetwork
) -> None:
    network, held_out = make_network(5), toy.feedback(64, seed=2)
    assert greedy_reward(network, held_out) < 0.5
    trained(made(name, network, **options), toy.feedback(96, seed=1), n_steps=180)
    assert greedy_reward(network, held_out) >= least


@pytest.mark.parametrize("name", ALGORITHMS)
def test_where_labels_are_uncertain_the_one_that_earns_most_is_chosen(
    name: str, toy: Any, make_network: MakeNetwork
) -> None:
    """Negative in 45 of 100: decided negative it earns 0.45 + 0.55 * 0.4 = 0.67, neutral only 0.55."""
    tokens = toy.tokens_of("vague")
    batch = [Feedback(tokens, Example("vague", sentiment=0 if n < 9 else 1)) for n in range(20)]
    network = make_network(5)
    algorithm = made(name, network)
    for _ in range(60):
        algorithm.step(batch, 3e-3)
    with torch.no_grad():
        label = int(read(network.eval(), batch_of(batch[:1], CPU)).document.argmax())
    assert label == 0


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_label_is_learned_from_verdicts_on_what_was_shown_alone(
    name: str, toy: Any, make_network: MakeNetwork
) -> None:
    """No right label is ever given; what is shown is the policy's own answer, or with 0.3 one drawn from it."""
    network = make_network(5)
    algorithm = made(name, network)
    exploration = ExplorationConfig(epsilon=0.3, temperature=2.0)
    n_steps = 80
    for step in range(n_steps):
        texts = toy.texts(16, seed=step)
        asked = [Feedback(toy.tokens_of(text), Example(text)) for text in texts]
        with torch.no_grad():
            p_labels = read(network.eval(), batch_of(asked, CPU)).document.double().softmax(-1).numpy()
        choices = [explore(p, exploration, seed=100 * step + place) for place, p in enumerate(p_labels)]
        batch = [
            Feedback(
                one.tokens,
                judged=(
                    JudgedUnits(
                        (ShownUnit(Unit(choice.action), choice.propensity),),
                        are_right=choice.action == toy.right_of(text).sentiment,
                    ),
                ),
            )
            for one, text, choice in zip(asked, texts, choices, strict=True)
        ]
        algorithm.step(batch, 3e-3 * (1 - step / n_steps))
    held_out = [Feedback(toy.tokens_of(text), toy.right_of(text)) for text in toy.texts(64, seed=999)]
    with torch.no_grad():
        labels = read(network.eval(), batch_of(held_out, CPU)).document.argmax(-1).tolist()
    n_right = sum(a == one.right.sentiment for a, one in zip(labels, held_out, strict=True) if one.right)
    assert n_right >= 0.85 * len(held_out)  # a third by chance


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_restored_algorithm_goes_on_as_the_original(name: str, toy: Any, make_network: MakeNetwork) -> None:
    feedback = toy.feedback(48, seed=1)
    options = {"n_kept": 20, "target_every": 2} if name == "dqn" else {}
    original, restored = (made(name, make_network(5), seed, **options) for seed in (0, 9))
    trained(original, feedback, n_steps=3)
    restored.restore(original.state())
    figures = [algorithm.step(feedback[:16], 1e-3) for algorithm in (original, restored) for _ in range(3)]
    assert figures[:3] == figures[3:]
    state, other = original.state(), restored.state()
    assert state.keys() == other.keys()
    assert all(torch.equal(value, other[key]) for key, value in state.items())


@pytest.mark.parametrize("name", ALGORITHMS)
def test_feedback_of_weight_zero_moves_nothing_but_by_decay(name: str, toy: Any, make_network: MakeNetwork) -> None:
    network = make_network(5)
    before = {key: value.clone() for key, value in network.named_parameters()}
    silent = [replace(one, weight=0.0) for one in toy.feedback(16, seed=1)]
    figures = made(name, network).step(silent, 1e-3)
    assert figures.gradient_norm == pytest.approx(0.0, abs=1e-7)
    decayed = 1 - 1e-3 * 0.01  # learning rate times weight decay
    assert all(torch.allclose(value, before[key] * decayed, atol=1e-6) for key, value in network.named_parameters())


@pytest.mark.parametrize("name", ALGORITHMS)
def test_steps_cost_as_many_passes_as_the_configuration_says(name: str, toy: Any, make_network: MakeNetwork) -> None:
    for kl_weight in (0.0, 0.1):
        if name == "ppo" and not kl_weight:
            continue
        algorithm = made(name, make_network(5), kl_weight=kl_weight)
        batch = [Feedback(toy.tokens_of("is acme"), toy.right_of("is acme")) for _ in range(8)]
        n_passes = config_type(name)(**{**FREE[name], "kl_weight": kl_weight}).n_passes
        assert algorithm.step(batch, 1e-4).n_padded_tokens == 8 * 4 * n_passes  # eight documents of four pieces


@pytest.mark.parametrize("name", ALGORITHMS)
def test_right_labels_and_verdicts_may_share_a_batch(name: str, toy: Any, make_network: MakeNetwork) -> None:
    judged = JudgedUnits((ShownUnit(Unit(0), 0.9), ShownUnit(Unit(2, (6, 10)), 0.9)), are_right=False)
    batch = [*toy.feedback(6, seed=1), Feedback(toy.tokens_of("soars acme and"), judged=(judged,))]
    figures = made(name, make_network(5), likelihood_weight=0.1).step(batch, 1e-3)
    assert math.isfinite(figures.loss)
    assert figures.gradient_norm > 0


@pytest.mark.parametrize("name", ALGORITHMS)
def test_another_networks_state_is_refused(name: str, make_network: MakeNetwork) -> None:
    state = dict(made(name, make_network(5)).state())
    del state["network.document_head.out.bias"]
    with pytest.raises(ValueError, match="state must be that of the same network"):
        made(name, make_network(5)).restore(state)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_empty_batch_is_refused(name: str, make_network: MakeNetwork) -> None:
    with pytest.raises(ValueError, match="batch must hold feedback"):
        made(name, make_network(5)).step([], 1e-3)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_shipped_policy_can_be_tuned(name: str) -> None:
    network, _, encoder = load_network(SHIPPED)
    texts = ["Tesla shares plunge after massive recall", "Nordea to buy back shares", "Apple beats, Ford misses", ""]
    spans = ((LabelledSpan(0, 5, 0),), (LabelledSpan(0, 6, 2),), (LabelledSpan(0, 5, 2), LabelledSpan(13, 17, 0)), ())
    rights = [
        Example(text, sentiment, of_text, are_spans_complete=True)
        for text, sentiment, of_text in zip(texts, (0, 2, None, 1), spans, strict=True)
    ]
    feedback = [Feedback(*pair) for pair in zip(tokenize(texts, load_tokenizer(encoder)), rights, strict=True)]
    config = config_type(name)()
    algorithm = make_algorithm(name, network, config, PRODUCTION, CPU, torch.Generator().manual_seed(1))
    figures = [algorithm.step(feedback, 1e-4) for _ in range(3)]
    assert all(math.isfinite(one.loss) and one.gradient_norm > 0 for one in figures)
    assert 0 <= figures[-1].kl < 0.5
    assert all(one.reward is None or 0 <= one.reward <= 1 for one in figures)


def test_an_algorithm_that_is_not_there_is_refused(make_network: MakeNetwork) -> None:
    with pytest.raises(ValueError, match="algorithm must be one of"):
        config_type("sarsa")
    with pytest.raises(ValueError, match="config of ppo must be a PpoConfig"):
        make_algorithm("ppo", make_network(1), config_type("rloo")(), PRODUCTION, CPU, torch.Generator())
