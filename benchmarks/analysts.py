"""What the guard does about analysts who err and analysts who push one company, on simulated rounds of 60 days.

    python benchmarks/analysts.py [--runs 20] [--json] [--rounds 100000]

Ten analysts answer 60 reviews a day about 40 companies of unequal fame; the policy is right on 85 % of labels, honest
analysts on 95 %, one in ten (the careless one) on 80 %. Scenarios: nobody is hostile; a true crisis, of which the
policy reads nothing, in one company for a week; two in ten push one company, from the first day, or after 30 honest
days, to either side, on drawn documents or on ones that they find, of which one in two is put before somebody else;
four honest ones find documents in a crisis. Polarity moved: of the company's reviewed documents, what the rounds say
less what is true, weighted by the guard, beside the same without a guard and what honest errors alone make of it.
Whom the guard holds is looked at after each push, and after every fourth other round. Time is of `weigh` on
so many rounds at once, after `update` of each.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from models.labelled.example import Example, LabelledSpan
from rl.analysts.guard import AnalystGuard, GuardReason
from rl.review import ReviewConfig
from rl.rounds.round import ReviewReason, Round, ShownUnit, Verdict
from rl.rounds.unit import Unit

START = datetime(2026, 1, 1, tzinfo=UTC)
N_DAYS, N_A_DAY, N_TOPICS = 60, 60, 40
CRISIS = range(30, 37)
LOOKED_AT_EVERY = 4
P_SECOND = ReviewConfig().second
TEXT = "Acme said on Monday"
SPAN = (0, 4)


@dataclass(frozen=True)
class Scenario:
    """Who answers, and what happens."""

    name: str
    n_analysts: int = 10
    n_hostile: int = 0
    pushed: int = 2
    begins_day: int = 0
    finds: int = 0  # documents a day about the company that each hostile analyst finds, beside reviews
    finds_crisis: int = 0  # that each of four honest ones finds while there is a crisis
    has_crisis: bool = False
    target: int = 3  # by fame


SCENARIOS = (
    Scenario("honest"),
    Scenario("true crisis", has_crisis=True, target=3),
    Scenario("true crisis, small company", has_crisis=True, target=25),
    Scenario("true crisis, 4 of 10 find 2 a day", has_crisis=True, finds_crisis=2),
    Scenario("true crisis, small, 4 of 10 find", has_crisis=True, target=25, finds_crisis=2),
    Scenario("2 of 10 push up", n_hostile=2),
    Scenario("2 of 10 push down", n_hostile=2, pushed=0),
    Scenario("2 of 10 push up, small company", n_hostile=2, target=25),
    Scenario("2 of 10 push up after 30 days", n_hostile=2, begins_day=30),
    Scenario("2 of 10 find 3 a day, push up", n_hostile=2, finds=3),
    Scenario("2 of 10 find 1 a day, small company", n_hostile=2, finds=1, target=25),
    Scenario("1 of 5 pushes up", n_analysts=5, n_hostile=1),
    Scenario("4 of 20 push up", n_analysts=20, n_hostile=4),
)


@dataclass(frozen=True)
class Judged:
    """A round, with what is true of its mention and who gave it."""

    round: Round
    topic: int
    truth: int
    is_pushed: bool


def other(label: int, draw: Random) -> int:
    return (label + draw.choice((1, 2))) % 3


def judged(n: int, day: float, topic: int, analyst: str, scenario: Scenario, draw: Random, is_found: bool) -> Judged:
    is_hostile = analyst.startswith("hostile")
    in_crisis = scenario.has_crisis and topic == scenario.target and int(day) in CRISIS
    truth = draw.choices((0, 1, 2), (0.9, 0.1, 0.0) if in_crisis else (0.25, 0.45, 0.3))[0]
    # of a crisis, the policy reads nothing
    served = 1 if in_crisis else truth if draw.random() < 0.85 else other(truth, draw)
    p_error = 0.2 if analyst == "careless" else 0.05
    said = other(truth, draw) if draw.random() < p_error else truth
    is_pushed = is_hostile and topic == scenario.target and day >= scenario.begins_day
    said = scenario.pushed if is_pushed else said
    at = START + timedelta(days=day)
    right = Example(TEXT, said, (LabelledSpan(*SPAN, said),), are_spans_complete=True)
    units = (Unit(served), Unit(served, SPAN))
    answered = Round(
        id=f"r{n}",
        document_id=f"d{n}",
        story=f"s{n}",
        topics=(f"t{topic}",),
        text=TEXT,
        kind="news",
        source="Wire",
        published_at=at,
        decided_at=at,
        policy_version="p-1",
        served=units,
        shown=None if is_found else tuple(ShownUnit(unit, 1.0) for unit in units),
        p_review=None if is_found else 0.02,
        review_reason=ReviewReason.FOUND if is_found else ReviewReason.UNIFORM,
        analyst=analyst,
        verdict=Verdict.CORRECT,
        right=right,
        corrected_at=at,
    )
    return Judged(answered, topic, truth, is_pushed)


def answered(scenario: Scenario, seed: int, n_a_day: int = N_A_DAY, n_doubled: float = 0.05) -> list[Judged]:
    """Return the rounds of 60 days in order of time; one document in twenty is given to two analysts."""
    draw = Random(seed)
    honest = [f"honest-{n}" for n in range(scenario.n_analysts - scenario.n_hostile - 1)]
    hostile = [f"hostile-{n}" for n in range(scenario.n_hostile)]
    team = [*honest, "careless", *hostile]
    fame = [1.0 / (n + 2) for n in range(N_TOPICS)]
    rounds: list[Judged] = []
    for day in range(N_DAYS):
        # a crisis is talked about
        weights = [
            share * (5 if scenario.has_crisis and n == scenario.target and day in CRISIS else 1)
            for n, share in enumerate(fame)
        ]
        for moment in sorted(draw.random() for _ in range(n_a_day)):
            topic = draw.choices(range(N_TOPICS), weights)[0]
            analyst = draw.choice(team)
            first = judged(len(rounds), day + moment, topic, analyst, scenario, draw, is_found=False)
            rounds.append(first)
            if draw.random() < n_doubled:
                rounds.append(
                    seconded(first, draw.choice([name for name in team if name != analyst]), scenario, draw)
                )
        finders = dict.fromkeys(hostile, scenario.finds if day >= scenario.begins_day else 0)
        if scenario.has_crisis and day in CRISIS:
            finders |= dict.fromkeys(honest[:4], scenario.finds_crisis)
        for name, n_found in finders.items():
            for _ in range(n_found):
                first = judged(len(rounds), day + 0.99, scenario.target, name, scenario, draw, is_found=True)
                rounds.append(first)
                if draw.random() < P_SECOND:
                    another = draw.choice([each for each in team if each != name])
                    rounds.append(seconded(first, another, scenario, draw))
    return rounds


def seconded(first: Judged, analyst: str, scenario: Scenario, draw: Random) -> Judged:
    """Return another analyst's round on the same document."""
    is_pushed = analyst.startswith("hostile") and first.topic == scenario.target
    is_pushed = is_pushed and (first.round.corrected_at - START).days >= scenario.begins_day
    said = other(first.truth, draw) if draw.random() < (0.2 if analyst == "careless" else 0.05) else first.truth
    said = scenario.pushed if is_pushed else said
    right = Example(TEXT, said, (LabelledSpan(*SPAN, said),), are_spans_complete=True)
    fields = {field: getattr(first.round, field) for field in Round.__slots__}
    fields |= {"id": f"{first.round.id}-b", "analyst": analyst, "right": right}
    if first.round.review_reason is ReviewReason.FOUND:
        fields["review_reason"] = ReviewReason.SECOND
    return Judged(Round(**fields), first.topic, first.truth, is_pushed)


def bias(rounds: Sequence[Judged], weights: Sequence[float]) -> float:
    """Return how far the polarity that rounds give lies above the true one, weighted."""
    total = sum(weights)
    said = [entry.round.right.sentiment for entry in rounds if entry.round.right is not None]
    return (
        sum(weight * ((label or 0) - entry.truth) for label, entry, weight in zip(said, rounds, weights, strict=True))
        / total
        if total
        else 0.0
    )


def run(scenario: Scenario, seed: int) -> dict[str, float]:
    """Return what the guard made of one simulation: the last word, and what it knew day by day."""
    rounds = answered(scenario, seed)
    guard = AnalystGuard()
    caught_after: dict[str, int] = {}
    pushed_by: defaultdict[str, int] = defaultdict(int)
    false_pairs: set[tuple[str, str]] = set()
    for number, entry in enumerate(rounds):
        guard.update(entry.round)
        analyst = entry.round.analyst
        pushed_by[analyst] += entry.is_pushed
        topic = entry.round.topics[0]
        is_looked_at = entry.is_pushed or number % LOOKED_AT_EVERY == 0
        for held in guard.held_on(topic) if is_looked_at else []:
            if not held.analyst.startswith("hostile"):
                false_pairs.add((held.analyst, held.topic))
            elif held.topic == f"t{scenario.target}":
                caught_after.setdefault(held.analyst, pushed_by[held.analyst])
    weighed = guard.weigh([entry.round for entry in rounds])
    hostile = {entry.round.analyst for entry in rounds if entry.is_pushed}
    pairs = {(entry.round.analyst, topic) for entry in rounds for topic in entry.round.topics}
    honest_held = sum(
        weight.reason is GuardReason.QUARANTINED and not entry.round.analyst.startswith("hostile")
        for entry, weight in zip(rounds, weighed, strict=True)
    )
    pushed = [weight.weight for entry, weight in zip(rounds, weighed, strict=True) if entry.is_pushed]
    about = [n for n, entry in enumerate(rounds) if entry.topic == scenario.target]
    of_target = [rounds[n] for n in about]
    final_false = {
        (held.analyst, held.topic) for held in guard.quarantines() if not held.analyst.startswith("hostile")
    }
    return {
        "n_pushers": len(hostile),
        "n_caught": len(caught_after),
        "rounds_until": sum(caught_after.values()) / len(caught_after) if caught_after else 0.0,
        "pushes_held": sum(weight == 0 for weight in pushed) / len(pushed) if pushed else 0.0,
        "false_ever": len(false_pairs) / len(pairs),
        "false_final": len(final_false) / len(pairs),
        "honest_rounds_held": honest_held / len(rounds),
        "bias_unguarded": bias(of_target, [1.0] * len(about)),
        "bias_guarded": bias(of_target, [weighed[n].weight for n in about]),
        "bias_honest": bias(of_target, [float(not entry.is_pushed) for entry in of_target]),
        "careless_accuracy": guard.reliabilities()["careless"].accuracy,
        "honest_accuracy": sum(
            known.accuracy for name, known in guard.reliabilities().items() if name.startswith("honest")
        )
        / (scenario.n_analysts - scenario.n_hostile - 1),
    }


def timed(n_rounds: int) -> dict[str, float]:
    rounds = [entry.round for entry in answered(SCENARIOS[3], 0, n_a_day=round(n_rounds / N_DAYS / 1.05))]
    guard = AnalystGuard()
    started = time.perf_counter()
    for entry in rounds:
        guard.update(entry)
    updated = time.perf_counter()
    guard.weigh(rounds)
    weighed = time.perf_counter()
    guard.weigh(rounds)
    again = time.perf_counter()
    return {
        "n_rounds": len(rounds),
        "update_s": updated - started,
        "first_weigh_s": weighed - updated,
        "next_weigh_s": again - weighed,
        "snapshot_mb": len(guard.snapshot()) / 1e6,
    }


def mean_of(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    summed = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
    summed["caught"] = sum(row["n_caught"] for row in rows) / max(1.0, sum(row["n_pushers"] for row in rows))
    for name in ("bias_unguarded", "bias_guarded", "bias_honest"):
        summed[f"abs_{name}"] = sum(abs(row[name]) for row in rows) / len(rows)
    return summed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the first run; others than 0 and on to choose by")
    parser.add_argument("--rounds", type=int, default=100_000, help="for the time")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON only")
    parser.add_argument("--only", default="", help="scenarios whose name begins so")
    arguments = parser.parse_args()
    chosen = [scenario for scenario in SCENARIOS if scenario.name.startswith(arguments.only)]
    results = {s.name: mean_of([run(s, arguments.seed + n) for n in range(arguments.runs)]) for s in chosen}
    speed = timed(arguments.rounds)
    if not arguments.json:
        print(
            f"{'scenario':<36} {'caught':>7} {'pushes':>7} {'pushes':>7} {'pairs falsely held':>19}"
            f" {'polarity moved':>26} {'accuracy':>14}"
        )
        print(
            f"{'':<36} {'':>7} {'until':>7} {'held':>7} {'ever':>9} {'at end':>9} {'no guard':>9} {'guard':>8}"
            f" {'honest':>7} {'careless':>8} {'others':>6}"
        )
        for name, row in results.items():
            print(
                f"{name:<36} {row['caught']:>7.2f} {row['rounds_until']:>7.1f} {row['pushes_held']:>7.3f} "
                f"{row['false_ever']:>9.5f} {row['false_final']:>9.5f} {row['bias_unguarded']:>9.3f} "
                f"{row['bias_guarded']:>8.3f} {row['bias_honest']:>7.3f} {row['careless_accuracy']:>8.3f} "
                f"{row['honest_accuracy']:>6.3f}"
            )
        print(
            f"{speed['n_rounds']:.0f} rounds: update {speed['update_s']:.2f} s, "
            f"first weigh {speed['first_weigh_s']:.2f} s, next {speed['next_weigh_s']:.2f} s, "
            f"snapshot {speed['snapshot_mb']:.1f} MB"
        )
    print(json.dumps({"scenarios": [asdict(s) for s in chosen], "results": results, "speed": speed}))


if __name__ == "__main__":
    main()
