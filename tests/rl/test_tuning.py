import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel

from models.labelled.example import Example, LabelledSpan
from models.network import Adapters, PolicyNetwork
from models.tokens import Tokens
from rl.algorithms.catalogue import ALGORITHMS, config_type
from rl.algorithms.feedback import Feedback
from rl.algorithms.ppo import PpoConfig
from rl.reward import RewardConfig
from rl.tuning import STEPS_FILE, TuningConfig, TuningProgress, tune


class Interrupted(Exception):
    pass


def network() -> PolicyNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        config = BertConfig(
            vocab_size=9, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
        )
        return PolicyNetwork(BertModel(config, add_pooling_layer=False), Adapters(rank=2))


def feedback(n_documents: int = 40) -> list[Feedback]:
    found: list[Feedback] = []
    for number in range(n_documents):
        sentiment, n_tokens = number % 3, 1 + number % 4
        text = "ab " * n_tokens
        offsets = tuple((3 * place, 3 * place + 2) for place in range(n_tokens))
        pieces = (1, *[3 + sentiment] * n_tokens, 2)
        tokens = Tokens(text, offsets, tuple(range(1, n_tokens + 1)), pieces, (0, *[1] * n_tokens, 0))
        right = Example(text, sentiment, (LabelledSpan(0, 2, sentiment),), are_spans_complete=True)
        found.append(Feedback(tokens, right, weight=1.0 + number % 2))
    return found


def config_of(name: str, **options: int) -> TuningConfig:
    own = config_type(name)(**{"n_kept": 10, "target_every": 2} if name == "dqn" else {})
    options = {"n_steps": 9, "save_every": 4, "max_padded_tokens": 40, "max_documents": 8, **options}
    return TuningConfig(algorithm=name, options=own, learning_rate=1e-3, **options)


def trained(of: PolicyNetwork) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in of.named_parameters() if value.requires_grad}


def rows(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / STEPS_FILE).read_text(encoding="utf-8").splitlines()]


def interrupt_after(step: int) -> object:
    def on_progress(progress: TuningProgress) -> None:
        if progress.step == step:
            raise Interrupted

    return on_progress


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_interrupted_run_ends_as_one_that_was_not(name: str, tmp_path: Path) -> None:
    config = config_of(name)
    whole = tune(network(), feedback(), config, None, tmp_path / "whole")
    for step in (3, 6):  # before the first state is saved, and between two of them
        with pytest.raises(Interrupted):
            tune(network(), feedback(), config, None, tmp_path / "again", interrupt_after(step))
    again = tune(network(), feedback(), config, None, tmp_path / "again")
    assert all(torch.equal(value, trained(again)[key]) for key, value in trained(whole).items())
    assert rows(tmp_path / "again") == rows(tmp_path / "whole")


def test_a_run_that_is_done_returns_its_network_again(tmp_path: Path) -> None:
    config = config_of("rloo")
    first = trained(tune(network(), feedback(), config, None, tmp_path))
    seen: list[TuningProgress] = []
    again = trained(tune(network(), feedback(), config, None, tmp_path, seen.append))
    assert not seen
    assert all(torch.equal(value, again[key]) for key, value in first.items())


def test_another_runs_folder_is_refused(tmp_path: Path) -> None:
    tune(network(), feedback(), config_of("rloo", n_steps=1), None, tmp_path)
    for config, given in ((config_of("rloo", n_steps=2), feedback()), (config_of("rloo", n_steps=1), feedback(39))):
        with pytest.raises(ValueError, match="folder must be this run's own"):
            tune(network(), given, config, None, tmp_path)


def test_only_what_is_trained_changes(tmp_path: Path) -> None:
    start = {name: value.clone() for name, value in network().named_parameters()}
    tuned = tune(network(), feedback(), config_of("supervised"), None, tmp_path)
    changed = {name for name, value in tuned.named_parameters() if not torch.equal(value, start[name])}
    assert changed == set(trained(tuned))


def test_the_divergence_is_from_the_reference_that_is_given(tmp_path: Path) -> None:
    other = network()
    with torch.no_grad():
        other.document_head.out.bias += torch.tensor([2.0, 0.0, 0.0])
    config = config_of("rloo", n_steps=1)
    tune(network(), feedback(), config, None, tmp_path / "own")
    tune(network(), feedback(), config, other, tmp_path / "other")
    assert rows(tmp_path / "own")[0]["kl"] < 1e-3 < rows(tmp_path / "other")[0]["kl"]


def test_weights_count_relative_to_their_mean(tmp_path: Path) -> None:
    config = config_of("rloo", n_steps=3)
    scaled = [replace(one, weight=7 * one.weight) for one in feedback()]
    first, second = (
        trained(tune(network(), given, config, None, tmp_path / name))
        for name, given in (("one", feedback()), ("seven", scaled))
    )
    assert all(torch.allclose(value, second[key], atol=1e-6) for key, value in first.items())


@pytest.mark.parametrize("given", [[], [replace(one, weight=0.0) for one in feedback(3)]])
def test_feedback_of_no_weight_is_refused(given: Sequence[Feedback], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="feedback must hold a document with a weight"):
        tune(network(), given, config_of("rloo"), None, tmp_path)


def test_steps_are_told_with_their_figures_and_their_rate(tmp_path: Path) -> None:
    seen: list[TuningProgress] = []
    tune(network(), feedback(), config_of("rloo", n_steps=4), None, tmp_path, seen.append)
    assert [progress.step for progress in seen] == [1, 2, 3, 4]
    assert rows(tmp_path) == [progress.to_row() for progress in seen]
    assert all(progress.figures.n_padded_tokens > 0 for progress in seen)
    # no warm-up in four steps at 0.06: down in a line from 1e-3
    assert [progress.learning_rate for progress in seen] == pytest.approx([1e-3, 7.5e-4, 5e-4, 2.5e-4])


def test_runs_of_equal_compute_have_steps_in_inverse_proportion_to_their_passes() -> None:
    supervised = TuningConfig(algorithm="supervised", n_steps=280)  # three passes: forward, and backward twice
    ppo = TuningConfig(algorithm="ppo", options=PpoConfig(n_updates=2), n_steps=1)  # six, and one of the reference
    assert ppo.at_compute_of(supervised).n_steps == 120


def test_a_configuration_of_another_algorithm_is_refused() -> None:
    with pytest.raises(ValueError, match="options of rloo must be RlooConfig"):
        TuningConfig(algorithm="rloo", options=PpoConfig(), n_steps=1)
    with pytest.raises(ValueError, match="n_steps must be >= 1"):
        TuningConfig(n_steps=0)
    assert TuningConfig(n_steps=1, reward=RewardConfig({"label": 1.0})).reward.weights == {"label": 1.0}
