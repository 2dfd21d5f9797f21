"""Training a policy or a tagger: from a recipe and data to a measured checkpoint in a run folder.

Owns the order: adapt to the domain, ask teachers, learn, measure. Knows no terminal: progress is a callback.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from models.checkpoint import Manifest, write_manifest
from models.device import device_of
from models.encoder import EncoderFiles, find_encoder, load_encoder, load_tokenizer, mask_of
from models.evaluation.report import evaluate_by_source
from models.evaluation.tag_report import decide_tags, tag_report
from models.labelled.example import Example
from models.network import ReadingNetwork, TaggerNetwork
from models.policy import Policy
from models.tagger import Tagger
from models.tokens import tokenize
from models.training.distillation import SoftTargets, ask_teachers, unlabelled_examples
from models.training.fitting import POLICY_FOLDER, Progress, fit
from models.training.masked import READER_FILE, MaskedTask
from models.training.policy_task import PolicyTask
from models.training.recipe import Adaptation, Recipe
from models.training.start import Start
from models.training.taggedset import TaggedSet
from models.training.tagger_task import TaggerTask
from models.training.trainset import TrainSet

OnStage = Callable[[str, int, int, Progress | None], None]
"""Told the stage's name, how many of how many are done, and in training what the step was like."""


class RunMismatch(Exception):
    """The folder holds a run that was told something else."""


def train(
    recipe: Recipe,
    data: TrainSet,
    folder: Path,
    *,
    start: Start | None = None,
    device: str | None = None,
    on_stage: OnStage = lambda *_: None,
) -> Manifest:
    """Train a policy, and leave the best epoch by the dev part, as it is served, in `folder/policy`.

    A folder with an interrupted run of the same recipe and data goes on. `folder/recipe.json` tells what was
    asked for; `fitting.fit` what else there is.

    Raises:
        CheckpointMismatch: if the encoder or a teacher is missing or another than expected.
        RunMismatch: if the folder holds a run of another recipe or other data.
        ValueError: if there is nothing to train on or to choose by.
    """
    if not data.train or not data.dev:
        raise ValueError(f"train and dev must hold examples, got {len(data.train)} and {len(data.dev)}")
    where = device_of(device)
    claim(folder, recipe, data.data_sha256)
    start = start or Start.of(recipe)
    if recipe.adaptation is not None:
        adapt(start.network, start.encoder, recipe.adaptation, data, folder / "adaptation", where, on_stage)
    soft = _teachers(recipe, data, device, on_stage)
    task = PolicyTask(recipe, data, start, where, soft)
    fit(task, recipe, folder, where, lambda p: on_stage("training", p.step, p.n_steps, p))
    return measure(folder / POLICY_FOLDER, data.test, device)


def train_tagger(
    recipe: Recipe,
    data: TaggedSet,
    folder: Path,
    *,
    device: str | None = None,
    on_stage: OnStage = lambda *_: None,
) -> Manifest:
    """Train a tagger of the data's own tags, and leave the best epoch by the dev part in `folder/policy`.

    A folder with an interrupted run of the same recipe and data goes on.

    Raises:
        CheckpointMismatch: if the encoder is missing or another than expected.
        RunMismatch: if the folder holds a run of another recipe or other data.
        ValueError: if there is nothing to train on or to choose by.
    """
    if not data.train or not data.dev:
        raise ValueError(f"train and dev must hold sentences, got {len(data.train)} and {len(data.dev)}")
    where = device_of(device)
    claim(folder, recipe, data.data_sha256)
    encoder = find_encoder(recipe.encoder)
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        network = TaggerNetwork(load_encoder(encoder), recipe.adapters, len(data.tags))
    task = TaggerTask(recipe, network, encoder, data.tags, data.train, data.dev, where, data.data_sha256)
    fit(task, recipe, folder, where, lambda p: on_stage("training", p.step, p.n_steps, p))
    tagger = Tagger.load(folder / POLICY_FOLDER, device)
    if not data.test:
        return tagger.manifest
    report = tag_report(data.test, decide_tags(tagger, data.test))
    figures = {"token_micro_f1": report.with_o.micro.f1, "token_macro_f1": report.with_o.macro.f1}
    if report.entities is not None:
        figures["entity_f1"] = report.entities.f1
    manifest = replace(tagger.manifest, metrics={f"test.{name}": round(v, 4) for name, v in figures.items()})
    write_manifest(folder / POLICY_FOLDER, manifest)
    return manifest


def claim(folder: Path, recipe: Recipe, data_sha256: dict[str, str]) -> None:
    """Write down what the folder's run is told, or check that an interrupted one was told the same."""
    folder.mkdir(parents=True, exist_ok=True)
    told = json.dumps(asdict(recipe) | {"data_sha256": data_sha256}, indent=2) + "\n"
    path = folder / "recipe.json"
    if path.is_file() and path.read_text(encoding="utf-8") != told:
        raise RunMismatch(f"{folder} holds a run of another recipe, or of other data")
    path.write_text(told, encoding="utf-8")


def adapt(
    network: ReadingNetwork,
    encoder: EncoderFiles,
    adaptation: Adaptation,
    data: TrainSet,
    folder: Path,
    device: torch.device,
    on_stage: OnStage,
) -> None:
    """Let the network read the recipe's unlabelled texts first; done once in a run folder."""
    if not (folder / POLICY_FOLDER / "whole").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        examples = unlabelled_examples(data.adaptation_texts, kept_out=data.dev + data.test)
        tokenizer = load_tokenizer(encoder)
        tokens = tokenize([example.text for example in examples], tokenizer)
        task = MaskedTask(network, tokens, mask_of(encoder), adaptation.p_masked, device)
        fit(task, adaptation, folder, device, lambda p: on_stage("adapting", p.step, p.n_steps, p))
        (folder / POLICY_FOLDER / "whole").touch()
    network.restore(load_file(folder / POLICY_FOLDER / READER_FILE))


def measure(folder: Path, test: Sequence[Example], device: str | None = None) -> Manifest:
    """Write a saved policy's figures on a test part into its manifest, as served, and return that."""
    policy = Policy.load(folder, device)
    reports = evaluate_by_source(policy, test)
    figures = {
        f"{source}.{name}": round(value, 4)
        for source, report in reports.items()
        for name, value in report.to_dict().items()
    }
    manifest = replace(policy.manifest, metrics=figures)
    write_manifest(folder, manifest)
    return manifest


def _teachers(recipe: Recipe, data: TrainSet, device: str | None, on_stage: OnStage) -> SoftTargets | None:
    if recipe.distillation is None:
        return None
    unlabelled = unlabelled_examples(data.unlabelled_texts, kept_out=data.dev + data.test)
    return ask_teachers(
        recipe.distillation,
        data.train,
        unlabelled,
        device,
        lambda done, n: on_stage("asking teachers", done, n, None),
    )
