import dataclasses
import json
from random import Random

import pytest

from models.checkpoint import read_manifest
from models.errors import CheckpointMismatch
from models.evaluation.report import evaluate
from models.labelled.example import Example, LabelledSpan
from models.labelled.sentence import Sentence
from models.network import Adapters
from models.policy import Policy
from models.tagger import Tagger
from models.training.fitting import Progress
from models.training.recipe import Adaptation, Distillation, Recipe
from models.training.start import Start
from models.training.taggedset import TaggedSet
from models.training.trainer import RunMismatch, train, train_tagger
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
    settings["adapters"] = Adapters(rank=8, p_dropout=0.0)
    return Recipe(data={"toy": 1.0}, encoder=str(folder), **settings | fields)


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
    train(
        recipe(tiny_encoder, n_epochs=2),
        toy(),
        tmp_path,
        device="cpu",
        on_stage=lambda stage, done, n, progress: seen.append(progress),
    )
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


class Interrupted(Exception):
    pass


def interrupt_at(step: int):
    def on_stage(stage, n_done, n, progress) -> None:
        if n_done == step:
            raise Interrupted

    return on_stage


def test_an_interrupted_run_goes_on_to_the_same_policy(tiny_encoder, tmp_path):
    told = recipe(tiny_encoder, n_epochs=4, p_recased=0.2)
    undisturbed = train(told, toy(), tmp_path / "a", device="cpu")
    with pytest.raises(Interrupted):
        train(told, toy(), tmp_path / "b", device="cpu", on_stage=interrupt_at(5))
    assert train(told, toy(), tmp_path / "b", device="cpu").version == undisturbed.version
    for file in ("steps.jsonl", "metrics.jsonl"):
        assert (tmp_path / "a" / file).read_text() == (tmp_path / "b" / file).read_text()


def test_a_finished_run_is_not_trained_again(tiny_encoder, tmp_path):
    told = recipe(tiny_encoder, n_epochs=2)
    version = train(told, toy(), tmp_path, device="cpu").version
    assert train(told, toy(), tmp_path, device="cpu", on_stage=interrupt_at(1)).version == version


def test_another_recipe_does_not_go_on_with_a_run(tiny_encoder, tmp_path):
    train(recipe(tiny_encoder, n_epochs=1), toy(), tmp_path, device="cpu")
    with pytest.raises(RunMismatch, match="another recipe"):
        train(recipe(tiny_encoder, n_epochs=2), toy(), tmp_path, device="cpu")


def test_a_whole_encoder_is_trained_and_lies_in_its_checkpoint(tiny_encoder, tmp_path):
    told = recipe(tiny_encoder, adapters=None, learning_rate=1e-3, n_epochs=30)
    assert train(told, toy(), tmp_path, device="cpu").adapters is None
    report = evaluate(Policy.load(tmp_path / "policy", device="cpu"), toy().test)
    assert report.document_accuracy == 1.0


def test_masked_words_are_guessed_better_for_it(tiny_encoder, tmp_path):
    texts = tuple(f"{name} {verb} today, say {other}" for name in NAMES for verb, _ in VERBS for other in NAMES)
    data = dataclasses.replace(toy(), dev=toy().dev[:1], test=(), adaptation_texts=texts)
    adaptation = Adaptation(texts={"t": 1.0}, n_epochs=20, learning_rate=1e-2)
    told = recipe(tiny_encoder, n_epochs=1, adapters=None, adaptation=adaptation)
    train(told, data, tmp_path, device="cpu")
    losses = [
        json.loads(line)["dev"]["masked_loss"]
        for line in (tmp_path / "adaptation" / "metrics.jsonl").read_text().splitlines()
    ]
    # guessing evenly among the vocabulary's 30,522 pieces costs ln 30,522 = 10.3; among the 12 words, ln 12 = 2.5
    assert losses[0] > 5
    assert losses[-1] < 2.5


def test_a_pupil_learns_from_its_teachers_without_labels(tiny_encoder, tmp_path):
    train(recipe(tiny_encoder), toy(), tmp_path / "teacher", device="cpu")
    texts = tuple(example.text for example in toy().train)
    unlabelled = (Example("Acme", source="toy"),)
    dev = tuple(Example(f"Vandelay {verb} today", sentiment=label) for verb, label in VERBS)
    data = TrainSet(train=unlabelled, dev=dev, test=(), unlabelled_texts=texts)
    told = recipe(
        tiny_encoder, distillation=Distillation(teachers=(str(tmp_path / "teacher" / "policy"),), weight=1.0)
    )
    train(told, data, tmp_path / "pupil", device="cpu")
    report = evaluate(Policy.load(tmp_path / "pupil" / "policy", device="cpu"), toy().test)
    assert report.document_accuracy == 1.0


def tagged() -> TaggedSet:
    """Return documents of two sentences, in which names are people or places by the word before."""
    people = tuple(Sentence(("Mr", name, "spoke"), ("O", "B-PER", "O"), n) for n, name in enumerate(NAMES))
    places = tuple(Sentence(("in", name, "Bay"), ("O", "B-LOC", "I-LOC"), n) for n, name in enumerate(NAMES))
    sentences = tuple(sorted(people + places, key=lambda sentence: sentence.document))
    return TaggedSet(train=sentences, dev=sentences, test=sentences)


def test_any_tag_set_is_learned_by_heart(tiny_encoder, tmp_path):
    told = recipe(tiny_encoder, learns="tags", n_epochs=60)
    manifest = train_tagger(told, tagged(), tmp_path, device="cpu")
    assert manifest.is_tagger
    assert manifest.tags == ("O", "B-LOC", "I-LOC", "B-PER")
    assert manifest.metrics["test.entity_f1"] == 1.0
    tagger = Tagger.load(tmp_path / "policy", device="cpu")
    assert tagger.tags_of([["Mr", "Acme", "spoke"]], [0]) == [["O", "B-PER", "O"]]
    with pytest.raises(CheckpointMismatch, match="is a tagger, not a policy"):
        Policy.load(tmp_path / "policy", device="cpu")
