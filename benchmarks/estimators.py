"""Do the estimators' 95 % intervals hold the truth? Simulated logs of many kinds, whose truth is known.

    python benchmarks/estimators.py --replications 1000 --processes 2

Documents are drawn from kinds; of each kind the right label's probabilities and two policies are known, and with them
every policy's mean reward. A behaviour policy shows labels, a coin of known probability draws reviews, copies of a
story share their label. Prints, for each regime and estimator: bias and root mean squared error in points, coverage
of the intervals that were given, the share of all replications with a wrong interval, and the share that was refused
with its commonest reason; --json adds the figures.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl.estimators.doubly_robust import direct, doubly_robust, self_normalised_doubly_robust
from rl.estimators.estimate import Estimate, Refused
from rl.estimators.inverse_propensity import inverse_propensity, self_normalised
from rl.estimators.judging import estimate
from rl.estimators.log import KnownRewards, Target, UnitLog
from rl.estimators.review_weighted import review_weighted
from rl.estimators.terms import Terms

Floats = NDArray[np.float64]

N_KINDS = 500

MIN_GIVEN = 100
"""Of fewer intervals the coverage itself is not known to 2 %: the row counts as refused."""


@dataclass(frozen=True)
class Regime:
    """How a log comes about."""

    name: str
    n_stories: int = 12_000
    min_p_review: float = 0.02
    max_p_review: float = 0.3  # where the serving policy is least certain
    story_tail: float = 0.0  # Pareto index of copies a story; 0: every document is a story of its own
    epsilon: float = 0.3
    temperature: float = 1.5  # of what is explored
    n_units: int = 1  # a document: its label, or so many tokens
    is_product: bool = False  # ratios multiplied over a document's units, as this project never does
    sharpness: float = 0.35  # of the right labels: the smaller, the surer
    difference: float = 0.5  # of the candidate from the serving policy
    model_error: float = 0.5  # of the reward model


REGIMES = (
    Regime("uniform review 0.05", min_p_review=0.05, max_p_review=0.05),
    Regime("review 0.01 to 0.5", n_stories=20_000, min_p_review=0.01, max_p_review=0.5),
    Regime("copies, tail 2", n_stories=8_000, story_tail=2.0),
    Regime("copies, tail 1.2", n_stories=8_000, story_tail=1.2),
    Regime("epsilon 0.1", epsilon=0.1, n_stories=40_000),
    Regime("epsilon 0.05", epsilon=0.05, n_stories=40_000),
    Regime("epsilon 0.01", epsilon=0.01),
    Regime("skewed propensities", epsilon=1.0, temperature=0.7),
    Regime("few rounds", n_stories=2_000),
    Regime("very few rounds", n_stories=700),
    Regime("nearly always right", sharpness=0.05),
    Regime("a bad reward model", model_error=3.0),
    Regime("20 tokens, each a unit", n_stories=4_000, n_units=20, epsilon=1.0, temperature=1.0),
    Regime("20 tokens, copies", n_stories=3_000, n_units=20, epsilon=1.0, temperature=1.0, story_tail=2.0),
    Regime(
        "20 tokens, ratios multiplied", n_stories=4_000, n_units=20, epsilon=1.0, temperature=1.0, is_product=True
    ),
)


@dataclass(frozen=True)
class World:
    """What is true of each kind of unit: shapes (K, 3)."""

    right: Floats  # probability that a label is right
    serving: Floats  # the serving policy's probabilities
    candidate: Floats
    model: Floats  # predicted probability that a label is right
    behaviour: Floats
    p_review: Floats  # (K,) of a document whose first unit is of the kind
    copies: Floats  # (K,) how much more a kind is copied

    @classmethod
    def of(cls, regime: Regime) -> World:
        """Return the world of a regime; the same each time."""
        rng = np.random.default_rng(7)
        right = rng.dirichlet([regime.sharpness] * 3, N_KINDS)
        right = np.clip(right, 1e-4, None) / np.clip(right, 1e-4, None).sum(axis=1, keepdims=True)
        serving = _noisy(right, 1.0, rng)
        candidate = _noisy(serving, regime.difference, rng)
        model = _noisy(right, regime.model_error, rng)
        explored = serving ** (1 / regime.temperature)
        explored /= explored.sum(axis=1, keepdims=True)
        behaviour = (1 - regime.epsilon) * _greedy(serving) + regime.epsilon * explored
        doubt = 1.5 * (1 - serving.max(axis=1))
        p_review = regime.min_p_review + (regime.max_p_review - regime.min_p_review) * doubt.clip(0, 1)
        return cls(right, serving, candidate, model, behaviour, p_review, 1 + doubt)

    def value(self, policy: Floats, has_copies: bool, n_units: int) -> float:
        """Return a policy's true mean reward a unit, when it decides its likeliest label."""
        rewards = (_greedy(policy) * self.right).sum(axis=1)
        if not has_copies:
            return float(rewards.mean())
        # the first unit of a document sets how often it is copied, the others are drawn apart
        first = float(np.average(rewards, weights=self.copies))
        return (first + (n_units - 1) * float(rewards.mean())) / n_units


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=1_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--regime", help="one regime only, by a part of its name")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    regimes = [regime for regime in REGIMES if not arguments.regime or arguments.regime in regime.name]
    rows = []
    print(
        f"{'regime':>30} {'estimator':>30} {'bias':>7} {'rmse':>6} {'coverage':>9} {'wrong':>6} {'refused':>8}  why"
    )
    with ProcessPoolExecutor(arguments.processes) as pool:
        for regime in regimes:
            share = -(-arguments.replications // arguments.processes)
            seeds = range(arguments.processes)
            parts = pool.map(replications, [regime] * len(seeds), seeds, [share] * len(seeds))
            answers: dict[str, list[tuple[float, Estimate | Refused]]] = {}
            for part in parts:
                for name, got in part.items():
                    answers.setdefault(name, []).extend(got)
            for name, got in answers.items():
                rows.append({"regime": regime.name, "estimator": name} | figures(got))
                print(line(rows[-1]), flush=True)
    judged = [row for row in rows if row["n_given"] >= MIN_GIVEN and row["estimator"] != "direct"]
    outside = [row for row in judged if not 0.92 <= row["coverage"] <= 0.98]
    print(
        f"direct method left out: of {len(judged)} rows with {MIN_GIVEN} intervals or more {len(outside)} cover less "
        f"than 92 or more than 98 %; of all rows the greatest share of replications with a wrong interval is "
        f"{max(row['wrong'] for row in rows if row['estimator'] != 'direct'):.1%}"
    )
    if arguments.json:
        print(json.dumps({"replications": arguments.replications, "rows": rows}))


def replications(regime: Regime, seed: int, n: int) -> dict[str, list[tuple[float, Estimate | Refused]]]:
    rng = np.random.default_rng([seed, 11])
    world = World.of(regime)
    truths = [
        world.value(policy, regime.story_tail > 0, regime.n_units) for policy in (world.candidate, world.serving)
    ]
    answers: dict[str, list[tuple[float, Estimate | Refused]]] = {}
    for _ in range(n):
        for name, (is_difference, terms) in estimates(*draw(world, regime, rng)).items():
            truth = truths[0] - truths[1] if is_difference else truths[0]
            answers.setdefault(name, []).append((truth, estimate(terms)))
    return answers


def draw(
    world: World, regime: Regime, rng: np.random.Generator
) -> tuple[UnitLog, Target, Target, KnownRewards, KnownRewards]:
    first = rng.integers(N_KINDS, size=regime.n_stories)
    sizes = np.ones(regime.n_stories, dtype=np.int64)
    if regime.story_tail:
        wanted = np.minimum(rng.pareto(regime.story_tail, regime.n_stories) + 0.5, 200.0) * world.copies[first]
        sizes = np.floor(wanted + rng.random(regime.n_stories)).astype(np.int64)  # unbiased rounding
    story = np.repeat(np.arange(regime.n_stories), sizes)
    reviewed = rng.random(len(story)) < world.p_review[first[story]]
    story = story[reviewed]
    kinds = rng.integers(N_KINDS, size=(regime.n_stories, regime.n_units))
    kinds[:, 0] = first
    right = _drawn(world.right, kinds, rng)  # copies share their right labels
    kind, of_unit = kinds[story], right[story]  # (N, T)
    shown = _drawn(world.behaviour, kind, rng)
    p_review = np.broadcast_to(world.p_review[first[story], None], kind.shape)
    cluster = np.broadcast_to(story[:, None], kind.shape)
    log = UnitLog(
        reward=(shown == of_unit).astype(np.float64).ravel(),
        propensity=world.behaviour[kind, shown].ravel(),
        p_review=p_review.ravel(),
        cluster=cluster.ravel(),
    )
    targets = [_target(world, policy, kind, shown) for policy in (world.candidate, world.serving)]
    known = [
        KnownRewards((policy.argmax(axis=1)[kind] == of_unit).mean(axis=1), p_review[:, 0].copy(), story)
        for policy in (world.candidate, world.serving)
    ]
    if regime.is_product:
        shape = kind.shape
        log = UnitLog(
            reward=log.reward.reshape(shape).mean(axis=1),
            propensity=log.propensity.reshape(shape).prod(axis=1),
            p_review=p_review[:, 0].copy(),
            cluster=story,
        )
        targets = [_product(target, shape) for target in targets]
    return log, targets[0], targets[1], known[0], known[1]


def estimates(
    log: UnitLog, candidate: Target, serving: Target, known: KnownRewards, known_serving: KnownRewards
) -> dict[str, tuple[bool, Terms]]:
    weighted = review_weighted(known)
    found = {
        "review-weighted": (False, weighted),
        "review-weighted, difference": (True, weighted.minus(review_weighted(known_serving))),
    }
    named: dict[str, Callable[[UnitLog, Target], Terms]] = {
        "IPS": inverse_propensity,
        "self-normalised IPS": self_normalised,
        "direct": direct,
        "doubly robust": doubly_robust,
        "self-normalised DR": self_normalised_doubly_robust,
    }
    for name, of in named.items():
        terms = of(log, candidate)
        found[name] = (False, terms)
        if name != "direct":
            found[f"{name}, difference"] = (True, terms.minus(of(log, serving)))
    return found


def figures(got: list[tuple[float, Estimate | Refused]]) -> dict[str, Any]:
    given = [(truth, answer) for truth, answer in got if isinstance(answer, Estimate)]
    refusals = Counter(answer.reason.value for _, answer in got if isinstance(answer, Refused))
    errors = np.array([answer.value - truth for truth, answer in given])
    covered = [answer.contains(truth) for truth, answer in given]
    return {
        "n": len(got),
        "truth": got[0][0],
        "bias": float(errors.mean()) if given else None,
        "rmse": float(np.sqrt((errors**2).mean())) if given else None,
        "coverage": float(np.mean(covered)) if given else None,
        "n_given": len(given),
        "wrong": (len(given) - sum(covered)) / len(got),
        "refused": 1 - len(given) / len(got),
        "why": refusals.most_common(1)[0][0] if refusals else "",
    }


def line(row: dict[str, Any]) -> str:
    numbers = "      –      –         –"
    if row["bias"] is not None:
        numbers = f"{row['bias'] * 100:+7.2f} {row['rmse'] * 100:6.2f} {row['coverage']:9.3f}"
    shares = f"{row['wrong']:6.1%} {row['refused']:8.1%}  {row['why']}"
    return f"{row['regime']:>30} {row['estimator']:>30} {numbers} {shares}"


def _noisy(p: Floats, spread: float, rng: np.random.Generator) -> Floats:
    logits = np.log(p) + spread * rng.standard_normal(p.shape)
    noisy: Floats = np.exp(logits - logits.max(axis=1, keepdims=True))
    noisy /= noisy.sum(axis=1, keepdims=True)
    return noisy


def _greedy(p: Floats) -> Floats:
    greedy: Floats = np.eye(p.shape[1])[p.argmax(axis=1)]
    return greedy


def _drawn(p: Floats, kinds: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    sums = p.cumsum(axis=1)[kinds]  # (N, T, 3)
    drawn: NDArray[np.int64] = np.minimum((rng.random(kinds.shape)[..., None] > sums).sum(axis=-1), p.shape[1] - 1)
    return drawn


def _target(world: World, policy: Floats, kind: NDArray[np.int64], shown: NDArray[np.int64]) -> Target:
    own = policy.argmax(axis=1)
    return Target(
        p_shown=(own[kind] == shown).astype(np.float64).ravel(),
        baseline=world.model[kind, shown].ravel(),
        baseline_own=world.model[np.arange(N_KINDS), own][kind].ravel(),
    )


def _product(target: Target, shape: tuple[int, ...]) -> Target:
    if target.baseline is None or target.baseline_own is None:
        raise ValueError("baseline must be given, got None")
    means = [values.reshape(shape).mean(axis=1) for values in (target.baseline, target.baseline_own)]
    return replace(
        target, p_shown=target.p_shown.reshape(shape).prod(axis=1), baseline=means[0], baseline_own=means[1]
    )


if __name__ == "__main__":
    main()
