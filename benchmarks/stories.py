"""Measures which documents are taken for the same story: precision and recall on labelled pairs.

`python benchmarks/stories.py [--json] [--part development] [--show]`. Each pair goes the way of two documents that
come one after the other: the text that is read, its sketch, the stories of their topic. Beside it stand plain
measures, each at the threshold that is best on the development half. `--show` lists the wrong pairs of that half.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from scipy.stats import binomtest

from alerts.observation import Observation
from alerts.stories.sketches import TextSketch
from alerts.stories.stories import Stories, StoryConfig
from models.encoder import DEFAULT_ENCODER, find_encoder
from models.topics.sketch import sketch
from pipeline.reading.text import full_text
from pipeline.records import SCHEMA, Document

PAIRS = Path(__file__).parents[1] / "tests" / "golden" / "stories" / "pairs.jsonl"
PARTS = ("development", "reporting")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
N_RESAMPLES = 2_000

Measure = Callable[[str, str], float]


@dataclass(frozen=True)
class Pair:
    """Two documents on one topic, and whether they tell the same story."""

    id: str
    part: str
    why: str
    is_same: bool
    first: str
    second: str


@dataclass(frozen=True)
class Score:
    """How often "the same story" was said, and how often rightly."""

    n_said: int
    n_right: int
    n_same: int

    @property
    def precision(self) -> float:
        """Right ones, of what was said to be the same story."""
        return self.n_right / self.n_said if self.n_said else float("nan")

    @property
    def recall(self) -> float:
        """Right ones, of what is the same story."""
        return self.n_right / self.n_same if self.n_same else float("nan")

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.n_right / (self.n_said + self.n_same) if self.n_said + self.n_same else float("nan")


def read_pairs() -> list[Pair]:
    return [
        Pair(row["id"], row["part"], row["why"], row["same"], text_of(row["first"]), text_of(row["second"]))
        for row in map(json.loads, PAIRS.read_text(encoding="utf-8").splitlines())
    ]


def text_of(document: dict[str, Any]) -> str:
    fields = {"schema": SCHEMA, "id": "", "kind": "news", "source": "", "published_at": NOON}
    return full_text(Document(**fields, title=document["title"], text=document["text"]))


def observation(text: str, document_id: str, minute: int) -> Observation:
    made = sketch(text)
    return Observation(
        document_id=document_id,
        published_at=NOON + timedelta(minutes=minute),
        source=document_id,
        sentiment=(0.8, 0.1, 0.1),
        sketch=TextSketch(*(getattr(made, name) for name in TextSketch.__struct_fields__)),
    )


def is_joined(pair: Pair) -> bool:
    """Return whether the second document joins the story of the first."""
    stories = Stories(StoryConfig())
    stories.update(observation(pair.first, "first", 0), tick=0)
    return not stories.update(observation(pair.second, "second", 10), tick=2).is_novel


def score(pairs: Sequence[Pair], said: dict[str, bool]) -> Score:
    n_right = sum(said[pair.id] and pair.is_same for pair in pairs)
    return Score(sum(said[pair.id] for pair in pairs), n_right, sum(pair.is_same for pair in pairs))


def f1_interval(pairs: Sequence[Pair], said: dict[str, bool]) -> tuple[float, float]:
    """Return the 95 % interval of F1 over resampled pairs (bootstrap percentiles)."""
    draw = Random(5)
    values = sorted(score(draw.choices(pairs, k=len(pairs)), said).f1 for _ in range(N_RESAMPLES))
    return values[N_RESAMPLES // 40], values[-N_RESAMPLES // 40 - 1]


def interval(n: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    if not total:
        return float("nan"), float("nan")
    found = binomtest(n, total).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def shared_words(left: str, right: str) -> float:
    """Return the share of words in common, which MinHash estimates (Broder 1997)."""
    a, b = (set(re.findall(r"\w+", text.lower())) for text in (left, right))
    return len(a & b) / len(a | b) if a | b else 0.0


def tfidf_cosine(texts: Sequence[str]) -> Measure | None:
    """Return the cosine of TF-IDF vectors with the word frequencies of `texts`, where scikit-learn is at hand."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        return None
    vectors = TfidfVectorizer(sublinear_tf=True).fit(texts)

    def cosine(left: str, right: str) -> float:
        a, b = vectors.transform([left, right])
        return float((a @ b.T).sum())

    return cosine


def encoder_cosine() -> Measure | None:
    """Return the cosine of sentence embeddings by the default encoder, where sentence-transformers is at hand."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        return None
    encoder = SentenceTransformer(str(find_encoder(DEFAULT_ENCODER).folder), device="cpu")

    def cosine(left: str, right: str) -> float:
        a, b = encoder.encode([left, right], normalize_embeddings=True, show_progress_bar=False)
        return float(a @ b)

    return cosine


def said_by(measure: Measure, pairs: Sequence[Pair]) -> tuple[dict[str, bool], float]:
    """Return what a measure says at the threshold of the best F1 on the development half, and that threshold."""
    values = {pair.id: measure(pair.first, pair.second) for pair in pairs}
    known = [pair for pair in pairs if pair.part == "development"]

    def said_at(threshold: float) -> dict[str, bool]:
        return {name: value >= threshold for name, value in values.items()}

    best = max(sorted({values[pair.id] for pair in known}), key=lambda at: score(known, said_at(at)).f1)
    return said_at(best), best


def told(pairs: Sequence[Pair], said: dict[str, bool]) -> dict[str, Any]:
    found = score(pairs, said)
    return {
        "pairs": len(pairs),
        "precision": found.precision,
        "precision_interval": interval(found.n_right, found.n_said),
        "recall": found.recall,
        "recall_interval": interval(found.n_right, found.n_same),
        "f1": found.f1,
        "f1_interval": f1_interval(pairs, said),
    }


def print_methods(methods: dict[str, dict[str, bool]], pairs: Sequence[Pair], parts: Sequence[str]) -> list[Any]:
    table = []
    for part in parts:
        group = [pair for pair in pairs if pair.part == part]
        print(f"\n{part}, {len(group)} pairs{'':13}{'precision':>20}{'recall':>20}{'F1':>20}")
        for name, said in methods.items():
            row = told(group, said)
            ends = {key: "{:.2f}..{:.2f}".format(*row[f"{key}_interval"]) for key in ("precision", "recall", "f1")}
            print(f"{name:37}" + "".join(f"{row[key]:8.3f} {ends[key]:>11}" for key in ends))
            table.append({"part": part, "method": name, **row})
    return table


def print_classes(pairs: Sequence[Pair], said: dict[str, bool], parts: Sequence[str]) -> list[Any]:
    print(f"\n{'right, by class':37}" + "".join(f"{part:>14}" for part in parts))
    table = []
    for why, is_same in dict.fromkeys((pair.why, pair.is_same) for pair in pairs):
        line = f"{'same ' if is_same else 'other'} {why:31}"
        for part in parts:
            group = [pair for pair in pairs if (pair.why, pair.part) == (why, part)]
            n_right = sum(said[pair.id] == pair.is_same for pair in group)
            line += f"{f'{n_right} of {len(group)}':>14}"
            table.append({"part": part, "why": why, "same": is_same, "right": n_right, "pairs": len(group)})
        print(line)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON after the tables")
    parser.add_argument("--part", choices=PARTS, help="one half only")
    parser.add_argument("--show", action="store_true", help="list the wrong pairs of the development half")
    asked = parser.parse_args()
    pairs = read_pairs()
    parts = (asked.part,) if asked.part else PARTS
    said = {pair.id: is_joined(pair) for pair in pairs}
    methods = {"finsurge": said}
    known = [text for pair in pairs if pair.part == "development" for text in (pair.first, pair.second)]
    others = {
        "words in common": shared_words,
        "TF-IDF cosine": tfidf_cosine(known),
        "encoder cosine": encoder_cosine(),
    }
    for name, measure in others.items():
        if measure is not None:
            theirs, threshold = said_by(measure, pairs)
            methods[f"{name} from {threshold:.2f}"] = theirs
    result = {"methods": print_methods(methods, pairs, parts), "classes": print_classes(pairs, said, parts)}
    if asked.show:
        for pair in pairs:
            if pair.part == "development" and said[pair.id] != pair.is_same:
                print(f"\n{pair.id}, {'same' if pair.is_same else 'other'}\n  {pair.first!r}\n  {pair.second!r}")
    if asked.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
