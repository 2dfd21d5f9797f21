"""How many documents a second the policy decides, by numeric type, and what rounding changes.

    python benchmarks/policy.py --data ../shared/data --threads 2

Prints a table and JSON. Tokenizing is timed apart: it runs while the batch before is on the device.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from models.action import Action
from models.batching import BatchLimits, padding_waste, plan_batches
from models.labelled.datasets import read_examples
from models.labelled.example import part_of
from models.policy import Policy

FILE = "sentiment/sentfin.jsonl"
"""Headlines: the short documents that most of a stream is made of."""


def headlines(folder: Path, n_documents: int) -> list[str]:
    texts = [example.text for example in read_examples(folder / FILE) if part_of(example.text) == "test"]
    return (texts * (n_documents // len(texts) + 1))[:n_documents]


def measure(policy: Policy, texts: list[str], limits: BatchLimits) -> tuple[dict[str, float], list[Action]]:
    started = time.perf_counter()
    tokens = policy.tokenize(texts)
    tokenize_s = time.perf_counter() - started
    lengths = [len(of_text) for of_text in tokens]
    plan = plan_batches(lengths, limits.max_padded_tokens, limits.max_documents)
    policy.decide([tokens[index] for index in plan[0]])  # the first forward allocates
    actions: dict[int, Action] = {}
    started = time.perf_counter()
    for batch in plan:
        actions.update(zip(batch, policy.decide([tokens[index] for index in batch]), strict=True))
    decide_s = time.perf_counter() - started
    figures = {
        "decided_per_s": len(texts) / decide_s,
        "tokenized_per_s": len(texts) / tokenize_s,
        "mean_pieces": float(np.mean(lengths)),
        "padding_waste": padding_waste(lengths, plan),
    }
    return figures, [actions[index] for index in range(len(texts))]


def difference(left: list[Action], right: list[Action]) -> dict[str, float]:
    labels = [(np.argmax(a.sentiment), np.argmax(b.sentiment)) for a, b in zip(left, right, strict=True)]
    spans = [
        [(s.start, s.end) for s in a.spans] == [(s.start, s.end) for s in b.spans]
        for a, b in zip(left, right, strict=True)
    ]
    gaps = [np.abs(np.subtract(a.sentiment, b.sentiment)).max() for a, b in zip(left, right, strict=True)]
    return {
        "same_label": float(np.mean([a == b for a, b in labels])),
        "same_spans": float(np.mean(spans)),
        "greatest_probability_gap": float(max(gaps)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    texts = headlines(arguments.data, arguments.documents)
    exact: list[Action] = []
    rows = []
    for dtype in (torch.float32, torch.bfloat16):
        policy = Policy.load(dtype=dtype)
        for max_padded_tokens in (1024, 4096):
            limits = BatchLimits(max_padded_tokens=max_padded_tokens)
            runs = [measure(policy, texts, limits) for _ in range(arguments.repeats)]
            figures, actions = max(runs, key=lambda run: run[0]["decided_per_s"])
            exact = exact or actions
            rows.append(
                {"dtype": str(dtype), "device": policy.device, "max_padded_tokens": max_padded_tokens}
                | figures
                | difference(exact, actions)
            )
    print(f"{'type':>15} {'budget':>7} {'decided/s':>10} {'tokenized/s':>12} {'same label':>11} {'same spans':>11}")
    for row in rows:
        print(
            f"{row['dtype']:>15} {row['max_padded_tokens']:>7} {row['decided_per_s']:>10.0f} "
            f"{row['tokenized_per_s']:>12.0f} {row['same_label']:>11.4f} {row['same_spans']:>11.4f}"
        )
    print(json.dumps({"policy": policy.version, "threads": arguments.threads, "rows": rows}))


if __name__ == "__main__":
    main()
