"""Measures linking: right and wrong links on labelled hard cases by kind of trap, and microseconds a document.

`python benchmarks/linking.py [--json] [--policy FOLDER] [--data FOLDER]`. The cases are scored with the spans of a
faultless policy (linking alone) and with those of a real one; the speed needs the data folder.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.action import Span
from models.policy import Policy
from models.topics.evaluation import NEUTRAL, LinkingCase, LinkingScore, read_cases, score_cases
from models.topics.linking import Linker
from models.topics.sketch import sketch
from models.topics.watchlist import bundled_watchlist, load_watchlist

CASES = Path(__file__).parents[1] / "tests/models/topics/linking_cases.jsonl"
PARTS = ("development", "held-out", "last")
TEXTS = {
    "sentiment/sentfin.jsonl": "default",
    "streams/stocknet_tweets_2014_2016.jsonl": "default",
    "streams/crypto_news_2022_2023.jsonl": "crypto",
}
N_RUNS = 3  # the best counts: what else runs on the machine only slows
BATCH = 32

Spans = Callable[[LinkingCase], Sequence[Span]]


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def spans_of(policy: Policy, cases: Sequence[LinkingCase]) -> Spans:
    """Return what gives a case the spans that the policy marks in it."""
    marked: dict[str, Sequence[Span]] = {}
    for start in range(0, len(cases), BATCH):
        texts = [case.text for case in cases[start : start + BATCH]]
        actions = policy.decide(policy.tokenize(texts))
        marked |= {text: action.spans for text, action in zip(texts, actions, strict=True)}
    return lambda case: marked[case.text]


def told(score: LinkingScore) -> dict[str, float]:
    return asdict(score) | {"precision": score.precision, "recall": score.recall, "f1": score.f1}


def line(score: LinkingScore) -> str:
    right = score.n_right / score.n_cases
    if score.n_expected == 0:  # all links there are were wrong
        return f"{'-':>9}{'-':>7}{'-':>6}{right:7.3f}"
    return f"{score.precision:9.3f}{score.recall:7.3f}{score.f1:6.3f}{right:7.3f}"


def quality(cases: Sequence[LinkingCase], linkers: dict[str, Linker], by_policy: Spans) -> list[dict[str, Any]]:
    """Print a row for each part and each kind of trap, and return them."""
    groups = [("all", list(cases))]
    groups += [(part, [case for case in cases if case.part == part]) for part in PARTS]
    groups += [(trap, [case for case in cases if case.trap == trap]) for trap in sorted({c.trap for c in cases})]
    print(f"{'':14}{'cases':>6}   {'linking alone':28}   policy and linking")
    print(f"{'':23}" + f"{'precision':>9}{'recall':>7}{'F1':>6}{'right':>7}  " * 2)
    table = []
    for name, group in groups:
        ideal, real = (score_cases(group, linkers, spans) for spans in (LinkingCase.ideal_spans, by_policy))
        figures = "  ".join(line(score) for score in (ideal, real))
        print(f"{name:14}{len(group):6}   {figures}")
        table.append({"cases": name, "linking": told(ideal), "policy_and_linking": told(real)})
    return table


def seconds_each(work: Callable[[str], object], texts: Sequence[str]) -> float:
    best = float("inf")
    for _ in range(N_RUNS):
        start = time.process_time()
        for text in texts:
            work(text)
        best = min(best, time.process_time() - start)
    return best / len(texts)


def speed(data: Path, linkers: dict[str, Linker]) -> list[dict[str, Any]]:
    """Print what a link and a sketch cost on real texts, and return it."""
    print(f"\n{'texts':42}{'rows':>8}{'link µs':>10}{'sketch µs':>11}{'with a link':>13}")
    table = []
    for name, watchlist in TEXTS.items():
        linker = linkers[watchlist]
        texts = [row["text"] for row in rows(data / name)]
        link_s = seconds_each(lambda text, linker=linker: linker.link(text, (), NEUTRAL), texts)  # type: ignore[misc]
        sketch_s = seconds_each(sketch, texts)
        share = sum(bool(linker.link(text, (), NEUTRAL)) for text in texts) / len(texts)
        print(f"{name:42}{len(texts):8}{link_s * 1e6:10.1f}{sketch_s * 1e6:11.1f}{share:13.1%}")
        table.append({"texts": name, "rows": len(texts), "link_s": link_s, "sketch_s": sketch_s, "share": share})
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON after the tables")
    parser.add_argument("--policy", type=Path, help="folder of a trained policy; the shipped one by default")
    parser.add_argument("--data", type=Path, help="data folder: measure the speed as well")
    asked = parser.parse_args()
    linkers = {name: Linker(load_watchlist(bundled_watchlist(name))) for name in ("default", "crypto")}
    cases = read_cases(CASES)
    policy = Policy.load(asked.policy) if asked.policy else Policy.load()
    result: dict[str, Any] = {
        "policy": policy.version,
        "quality": quality(cases, linkers, spans_of(policy, cases)),
        "speed": speed(asked.data, linkers) if asked.data else [],
    }
    if asked.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
