"""Whether tuning the shipped policy by reward makes it better than supervised tuning, on equal data and compute.

    python benchmarks/tuning.py --data ../shared/data --out runs/tuning --seeds 11 12 13
    python benchmarks/tuning.py --arms supervised rloo --seeds 11 --steps 1600

Every arm starts from the same policy, reads the same train parts, and takes as much compute (padded tokens through
a network, a backward counting two). Temperatures are fitted to the dev parts. "Decoded" arms decide the label that
earns most by their probabilities, which is what the reward's costs ask of a policy that knows what is likely. The arm
"averaged" has three quarters of the weights of the yardstick and a quarter of RLOO's, seed by seed.
Prints a table and JSON: the mean over seeds, and 95 % intervals of paired differences by bootstrap over stories.
What is done is kept in --out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.checkpoint import SHIPPED, Manifest, load_network, read_manifest, save_checkpoint, write_manifest
from models.encoder import load_tokenizer, sha256_of
from models.evaluation.judgement import Judgement, judge
from models.evaluation.report import span_counts
from models.evaluation.slices import SLICES
from models.labelled.datasets import read_examples
from models.labelled.example import Example, examples_of
from models.network import PolicyNetwork
from models.policy import Policy
from models.tokens import tokenize
from models.training.calibration import fit_temperatures
from rl.algorithms.dqn import DqnConfig
from rl.algorithms.feedback import Feedback
from rl.algorithms.ppo import PpoConfig
from rl.algorithms.q_learning import QLearningConfig
from rl.algorithms.rloo import RlooConfig
from rl.algorithms.supervised import SupervisedConfig
from rl.gate.stories import stories_of
from rl.reward import LABEL_COSTS, reward_of
from rl.rounds.unit import Unit, units_of
from rl.tuning import TuningConfig, tune

Floats = NDArray[np.float64]

FILES = ("sentiment/sentfin.jsonl", "sentiment/finentity.jsonl", "sentiment/twitter_financial_news.jsonl")
N_LABELS, N_BINS = 3, 15
START, YARDSTICK, DECODED = "start", "supervised", "_decoded"
AVERAGED, SHARES = "averaged", {YARDSTICK: 0.75, "rloo": 0.25}
OTHERS = (START, YARDSTICK, YARDSTICK + DECODED)

ARMS = {
    YARDSTICK: TuningConfig(algorithm="supervised", options=SupervisedConfig(), learning_rate=1e-4, n_steps=1),
    "rloo": TuningConfig(algorithm="rloo", options=RlooConfig(has_dropout=True), learning_rate=2e-4, n_steps=1),
    "ppo": TuningConfig(algorithm="ppo", options=PpoConfig(), learning_rate=1e-4, n_steps=1),
    "q_learning": TuningConfig(algorithm="q_learning", options=QLearningConfig(), learning_rate=1e-4, n_steps=1),
    "dqn": TuningConfig(algorithm="dqn", options=DqnConfig(), learning_rate=1e-4, n_steps=1),
}
"""As development seeds chose them on dev parts; the yardstick's rate as well. RLOO's is for 1,000 steps and more."""


def examples_in(folder: Path, part: str) -> list[Example]:
    return [example for file in FILES for example in examples_of(read_examples(folder / file), part)]  # type: ignore[arg-type]


def tuned(
    config: TuningConfig, start: Path, train: Sequence[Example], dev: Sequence[Example], data: Path, folder: Path
) -> Policy:
    """Return the policy of a run, which is made unless it lies there; saved weights are rounded, as shipped ones."""
    if not (folder / "policy" / "whole").is_file():
        network, manifest, encoder = load_network(start)
        tokens = tokenize([example.text for example in train], load_tokenizer(encoder))
        feedback = [Feedback(of_text, right=example) for of_text, example in zip(tokens, train, strict=True)]
        tune(network, feedback, config, None, folder / "run", shown(folder.name))
        save(network, manifest, dev, data, folder / "policy")
    return Policy.load(folder / "policy")


def averaged(networks: Sequence[PolicyNetwork], shares: Sequence[float]) -> PolicyNetwork:
    """Return the first network with the mean, by shares, of all weights that training changes.

    See "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing inference
    time" by Wortsman et al. The means of two factors of an adapter are not the factors of the mean: nothing is
    promised of networks that are far apart.
    """
    parts = [network.trained() for network in networks]
    mean = {
        name: torch.stack([share * of[name].float() for share, of in zip(shares, parts, strict=True)]).sum(0)
        for name in parts[0]
    }
    networks[0].restore(mean)
    return networks[0]


def mean_of(folders: Sequence[Path], start: Path, dev: Sequence[Example], data: Path, folder: Path) -> Policy:
    """Return the policy with the mean of the weights of others, made unless it lies there."""
    if not (folder / "policy" / "whole").is_file():
        network = averaged([load_network(each / "policy")[0] for each in folders], list(SHARES.values()))
        save(network, read_manifest(start), dev, data, folder / "policy")
    return Policy.load(folder / "policy")


def save(network: PolicyNetwork, start: Manifest, dev: Sequence[Example], data: Path, folder: Path) -> None:
    """Leave a calibrated checkpoint in a folder."""
    made = replace(
        start,
        parent_version=start.version,
        document_temperature=1.0,
        tag_temperature=1.0,
        data_sha256=start.data_sha256 | {file: sha256_of(data / file) for file in FILES},
        metrics={},
        version="",
    )
    saved = save_checkpoint(folder, network, made)
    document, tag = fit_temperatures(Policy.load(folder), dev)
    write_manifest(folder, replace(saved, document_temperature=document, tag_temperature=tag, version=""))
    (folder / "whole").touch()


def shown(name: str) -> Callable[..., None]:
    def on_progress(progress) -> None:  # type: ignore[no-untyped-def]
        if progress.step % 50 == 0:
            print(f"{name}: step {progress.step} of {progress.n_steps}, reward {progress.figures.reward}", flush=True)

    return on_progress


def counts(judgement: Judgement, *, is_decoded: bool) -> list[float]:
    """Return what figures are sums of: reward, labels by decided ones, spans, and gaps of confidence by bin.

    Decoded, the label is the one of greatest expected reward by the policy's probabilities, not the likeliest.
    """
    label = judgement.label
    if is_decoded:
        label = int(np.argmax(np.array(judgement.action.sentiment) @ (1 - np.array(LABEL_COSTS))))
    reward = reward_of((Unit(label), *units_of(judgement.action)[1:]), judgement.example)
    confusion, gaps = [0.0] * N_LABELS**2, [0.0] * N_BINS
    if judgement.example.sentiment is not None:
        confidence = max(judgement.action.sentiment)
        is_right = judgement.example.sentiment == judgement.label
        confusion[judgement.example.sentiment * N_LABELS + label] = 1.0
        gaps[min(int(confidence * N_BINS), N_BINS - 1)] = confidence - is_right
    joint = span_counts(judgement, with_sentiment=True) if judgement.can_judge_joint else (0, 0, 0)
    return [reward or 0.0, float(reward is not None), *confusion, *map(float, joint), *gaps]


def figures(sums: Floats) -> dict[str, Floats]:
    """Return the figures of sums of counts, (..., C); nan without evidence."""
    confusion = sums[..., 2:11].reshape(*sums.shape[:-1], N_LABELS, N_LABELS)
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    labelled, decided = confusion.sum(-1), confusion.sum(-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "reward": sums[..., 0] / sums[..., 1],
            "joint_f1": 2 * sums[..., 11] / (sums[..., 12] + sums[..., 13]),
            "document_macro_f1": (2 * right / (labelled + decided)).mean(-1),
            "document_ece": np.abs(sums[..., 14:]).sum(-1) / labelled.sum(-1),
        }


class Comparison:
    """Every arm's counts on the same examples, resampled by story."""

    def __init__(self, judged: dict[str, list[list[Judgement]]], n_resamples: int = 2000) -> None:
        self._examples = [judgement.example for judgement in next(iter(judged.values()))[0]]
        self._stories = stories_of(self._examples)
        self._rows = {
            arm + (DECODED if is_decoded else ""): np.array(
                [[counts(judgement, is_decoded=is_decoded) for judgement in of_seed] for of_seed in of_arm]
            )  # (seeds, N, C)
            for arm, of_arm in judged.items()
            for is_decoded in ((False, True) if arm in (START, YARDSTICK) else (False,))
        }
        self._n_resamples = n_resamples

    def of(self, members: NDArray[np.bool_]) -> dict[str, dict[str, object]]:
        """Return each arm's figures on some examples, less the start's and the yardstick's, with intervals."""
        _, place = np.unique(self._stories[members], return_inverse=True)
        n_stories = int(place.max()) + 1 if len(place) else 0
        drawn = np.random.default_rng(0).multinomial(n_stories, [1 / n_stories] * n_stories, size=self._n_resamples)
        whole, resampled = {}, {}
        for arm, rows in self._rows.items():
            by_story = np.zeros((len(rows), n_stories, rows.shape[-1]))
            np.add.at(by_story, (slice(None), place), rows[:, members])
            whole[arm] = {name: float(value.mean()) for name, value in figures(by_story.sum(1)).items()}
            resampled[arm] = {name: v.mean(0) for name, v in figures(drawn.astype(np.float64) @ by_story).items()}
        told: dict[str, dict[str, object]] = {}
        for arm in self._rows:
            told[arm] = {"n": int(members.sum()), **whole[arm]}
            for other in OTHERS:
                if other != arm and other in self._rows:
                    told[arm][f"over_{other}"] = {
                        name: [value - whole[other][name], *interval(resampled[arm][name] - resampled[other][name])]
                        for name, value in whole[arm].items()
                        if not np.isnan(value)
                    }
        return told

    def by_slice(self) -> dict[str, dict[str, dict[str, object]]]:
        """Return the same for all, for each source, and for each slice with an example."""
        sources = sorted({example.source for example in self._examples})
        kinds: dict[str, Callable[[Example], bool]] = {"all": lambda _: True}
        kinds |= {source: lambda example, source=source: example.source == source for source in sources}
        masks = {
            name: np.array([is_in(example) for example in self._examples])
            for name, is_in in {**kinds, **SLICES}.items()
        }
        return {name: self.of(members) for name, members in masks.items() if members.any()}


def interval(differences: Floats) -> list[float]:
    if np.isnan(differences).all():
        return [float("nan")] * 2
    low, high = np.nanpercentile(differences, [2.5, 97.5]).tolist()
    return [low, high]


def show(found: dict[str, dict[str, dict[str, object]]]) -> None:
    names = ("reward", "joint_f1", "document_macro_f1", "document_ece")
    for part, arms in found.items():
        print(f"\n{part} ({next(iter(arms.values()))['n']} documents)")
        for arm, told in arms.items():
            values = "  ".join(f"{name} {told[name]:.4f}" for name in names if not np.isnan(told[name]))  # type: ignore[call-overload]
            print(f"  {arm:>18}  {values}")
            for other in OTHERS:
                for name, (value, low, high) in told.get(f"over_{other}", {}).items():  # type: ignore[attr-defined]
                    if part == "all" or name == "reward":
                        print(f"{'':>22}over {other}: {name} {value:+.4f} [{low:+.4f}, {high:+.4f}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/tuning"))
    parser.add_argument("--start", type=Path, default=SHIPPED, help="folder of the policy that is tuned")
    parser.add_argument("--part", choices=("dev", "test"), default="test", help="dev to choose by, test to report")
    parser.add_argument("--arms", nargs="+", choices=tuple(ARMS), default=list(ARMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[11, 12, 13])
    parser.add_argument("--steps", type=int, default=400, help="of the yardstick; the others take as much compute")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    train, dev = examples_in(arguments.data, "train"), examples_in(arguments.data, "dev")
    judged_on = examples_in(arguments.data, arguments.part)
    judged = {START: [judge(Policy.load(arguments.start), judged_on)]}
    yardstick = replace(ARMS[YARDSTICK], n_steps=arguments.steps)
    for arm in arguments.arms:
        judged[arm] = []
        for seed in arguments.seeds:
            config = replace(ARMS[arm].at_compute_of(yardstick), seed=seed)
            folder = arguments.out / f"{arm}-{seed}"
            judged[arm].append(judge(tuned(config, arguments.start, train, dev, arguments.data, folder), judged_on))
    if set(SHARES) <= set(arguments.arms):
        judged[AVERAGED] = []
        for seed in arguments.seeds:
            parts = [arguments.out / f"{arm}-{seed}" for arm in SHARES]
            policy = mean_of(parts, arguments.start, dev, arguments.data, arguments.out / f"{AVERAGED}-{seed}")
            judged[AVERAGED].append(judge(policy, judged_on))
    found = Comparison(judged).by_slice()
    show(found)
    if arguments.json:
        print(json.dumps({"start": Policy.load(arguments.start).version, "part": arguments.part, "figures": found}))


if __name__ == "__main__":
    main()
