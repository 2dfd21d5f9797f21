import json
from random import Random

import pytest

from models.checkpoint import read_manifest
from models.network import Adapters
from models.policy import Policy
from models.training.evaluation import evaluate
from models.training.example import Example, LabelledSpan
from models.training.recipe import Recipe
from models.training.start import Start
from models.training.trainer import Progress, train
from models.training.trainset import TrainSet, shuffled_batches

NAMES = ("Acme", "Globex", "Initech", "Umbrella", "Hooli")
VERBS = (("crashes", 0), ("reports", 1), ("soars", 2), ("recalls", 0))


def toy() -> TrainSet:
    """Return 20 sentences whose verb tells the sentiment of the whole and of the name before it."""
    examples = tuple(
        Example(
            text=f"{name} {verb} today",
            sentiment=label,
            spans=(LabelledSpan(0, len(name), label),),
            are_spans_complete=True,
            source="toy",
        )
        for name in NAMES
        for verb, label in VERBS
    )
    return TrainSet(train=examples, dev=examples, test=examples, data_sha256={"toy": "0"})


def recipe(folder, **fields) -> Recipe:
    settings = {"n_epochs": 60, "learning_rate": 1e-2, "head_learning_rate": 1e-2, "max_documents": 10}
    return Recipe(
        data={"toy": 1.0}, encoder=str(folder), adapters=Adapters(rank=8, p_dropout=0.0), **settings | fields
    )


def test_twenty_sentences_are_learned_by_heart(tiny_encoder, tmp_path):
    manifest = train(recipe(tiny_encoder), toy(), tmp_path, device="cpu")
    report = evaluate(Policy.load(tmp_path / "policy", device="cpu"), toy().test)
    # the optimum is 1; a verb decides, so all 20 can be right
    assert report.document_accuracy == 1.0
    assert report.joint_f1 == 1.0
    assert manifest.metrics["toy.joint_f1"] == 1.0
    assert manifest.data_sha256 == {"toy": "0"}


def test_a_run_tells_its_steps_and_keeps_each_epochs_figures(tiny_encoder, tmp_path):
    seen: list[Progress] = []
    train(recipe(tiny_encoder, n_epochs=2), toy(), tmp_path, device="cpu", on_progress=seen.append)
    assert [(progress.step, progress.n_steps, progress.epoch) for progress in seen] == [
        (1, 4, 1),
        (2, 4, 1),
        (3, 4, 2),
        (4, 4, 2),
    ]
    epochs = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    assert "joint_f1" in epochs[0]["dev"]


def test_the_same_seed_gives_the_same_policy(tiny_encoder, tmp_path):
    versions = [
        train(recipe(tiny_encoder, n_epochs=2), toy(), tmp_path / name, device="cpu").version for name in "ab"
    ]
    assert versions[0] == versions[1]
    other = train(recipe(tiny_encoder, n_epochs=2, seed=8), toy(), tmp_path / "c", device="cpu")
    assert other.version != versions[0]


def test_a_policy_is_trained_on_and_names_its_parent(tiny_encoder, tmp_path):
    parent = train(recipe(tiny_encoder, n_epochs=1), toy(), tmp_path / "a", device="cpu")
    start = Start.from_policy(tmp_path / "a" / "policy")
    train(recipe(tiny_encoder, n_epochs=1), toy(), tmp_path / "b", start=start, device="cpu")
    assert read_manifest(tmp_path / "b" / "policy").parent_version == parent.version


def test_an_epochs_batches_hold_every_example_once_and_differ_by_epoch():
    lengths = [Random(1).randrange(5, 60) for _ in range(3000)]
    rng = Random(0)
    first, second = (shuffled_batches(lengths, 512, 16, rng) for _ in range(2))
    assert sorted(index for batch in first for index in batch) == list(range(3000))
    assert first != second


def test_training_on_nothing_is_refused(tiny_encoder, tmp_path):
    with pytest.raises(ValueError, match="train and dev must hold examples, got 0 and 0"):
        train(recipe(tiny_encoder), TrainSet((), (), ()), tmp_path)
