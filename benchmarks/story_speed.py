"""Measures what it costs to find a document's story in a busy topic, beside comparing it with every story.

`python benchmarks/story_speed.py [--json] [--data ../shared/data]`. Both in one run and on the same
documents, in turns; both find the same stories, or it fails. Invented headlines with words drawn by Zipf's law; with
the data folder, the crypto stream's headlines on Bitcoin too.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

from alerts.observation import Observation
from alerts.stories.likeness import Facets, likest
from alerts.stories.sketches import TextSketch
from alerts.stories.stories import Stories, StoryConfig
from models.topics.english import common_words
from models.topics.sketch import sketch

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
N_DOCUMENTS = 3_000
P_COPY = 0.3


def invented(draw: Random) -> list[str]:
    """Return headlines on one topic, some of them told again with a word less or more."""
    vocabulary = sorted(word for word in common_words() if len(word) > 3)
    draw.shuffle(vocabulary)
    weights = [1 / rank for rank in range(10, len(vocabulary) + 10)]
    texts: list[str] = []
    for _ in range(N_DOCUMENTS):
        if texts and draw.random() < P_COPY:
            words = draw.choice(texts[-50:]).split()
            words.insert(draw.randrange(1, len(words)), draw.choice(vocabulary))
        else:
            words = ["Orvane", *draw.choices(vocabulary, weights, k=draw.randint(6, 11))]
        texts.append(" ".join(words))
    return texts


def real(data: Path) -> list[str]:
    rows = (data / "streams" / "crypto_news_2022_2023.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(row)["text"] for row in rows]
    return [text for text in texts if "bitcoin" in text.lower()][:N_DOCUMENTS]


def observation(text: str, number: int) -> Observation:
    made = sketch(text)
    return Observation(
        document_id=str(number),
        published_at=NOON + timedelta(seconds=10 * number),
        source=str(number % 40),
        sentiment=(0.8, 0.1, 0.1),
        sketch=TextSketch(*(getattr(made, name) for name in TextSketch.__struct_fields__)),
    )


def measure(name: str, texts: Sequence[str]) -> dict[str, Any]:
    """Print and return the seconds that a document takes, once the topic remembers as many stories as it may."""
    config = StoryConfig()
    stories = Stories(config)
    known: dict[int, Facets] = {}
    indexed_s = exhaustive_s = 0.0
    n_measured = n_joined = 0
    for document in (observation(text, number) for number, text in enumerate(texts)):
        is_full = len(stories.state.stories) >= config.max_stories - 1
        facets = Facets(document.sketch)
        # the oldest one is forgotten before a document is compared
        remembered = [(story.number, known[story.number]) for story in stories.state.stories][
            1 - config.max_stories :
        ]
        start = process_time()
        expected = likest(config.likeness, facets, remembered)
        middle = process_time()
        assignment = stories.update(document, tick=0)
        end = process_time()
        known.setdefault(assignment.story.number, facets)
        if (None if assignment.is_novel else assignment.story.number) != expected:
            sys.exit(f"document {document.document_id} went elsewhere than to the story it is likest")
        if is_full:
            exhaustive_s += middle - start
            indexed_s += end - middle
            n_measured += 1
            n_joined += not assignment.is_novel
    indexed_s, exhaustive_s = indexed_s / n_measured, exhaustive_s / n_measured
    print(
        f"{name:10}{n_measured:8}{n_joined / n_measured:9.0%}{exhaustive_s * 1e6:14.1f}{indexed_s * 1e6:14.1f}"
        f"{exhaustive_s / indexed_s:9.1f}"
    )
    return {"texts": name, "documents": n_measured, "exhaustive_s": exhaustive_s, "indexed_s": indexed_s}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON after the table")
    parser.add_argument("--data", type=Path, help="data folder: measure on real headlines as well")
    asked = parser.parse_args()
    print(f"{'texts':10}{'measured':>8}{'copies':>9}{'each, µs':>14}{'index, µs':>14}{'ratio':>9}")
    table = [measure("invented", invented(Random(5)))]
    if asked.data:
        table.append(measure("real", real(asked.data)))
    if asked.json:
        print(json.dumps(table))


if __name__ == "__main__":
    main()
