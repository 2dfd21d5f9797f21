"""Measures how many short texts a second one core links and sketches, and what share of named entities is linked.

Run with the data folder as its argument: `python benchmarks/linking.py DATA`. Prints a table, then JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from models.action import Span
from models.labels import Sentiment
from models.topics.linking import Linker
from models.topics.sketch import sketch
from models.topics.surface import name_words
from models.topics.watchlist import bundled_watchlist, load_watchlist

CALM: Sentiment = (0.1, 0.8, 0.1)
TEXTS = {
    "sentiment/sentfin.jsonl": "default",
    "streams/stocknet_tweets_2014_2016.jsonl": "default",
    "streams/crypto_news_2022_2023.jsonl": "crypto",
}
N_RUNS = 3  # the best counts: what else runs on the machine only slows


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def per_second(work: Callable[[str], object], texts: list[str]) -> float:
    best = float("inf")
    for _ in range(N_RUNS):
        start = time.process_time()
        for text in texts:
            work(text)
        best = min(best, time.process_time() - start)
    return len(texts) / best


def share_linked(data: Path) -> tuple[int, int]:
    """Count the annotated entities that bear a name of the default watchlist, and those that were linked."""
    watchlist = load_watchlist(bundled_watchlist())
    linker = Linker(watchlist)
    topics = {name_words(name): t.id for t in watchlist.topics for name in (t.name, *t.aliases, *t.ambiguous)}
    n_named = n_linked = 0
    for row in rows(data / "sentiment/sentfin.jsonl"):
        text = row["text"]
        spans = [Span(*e["span"], text[slice(*e["span"])], CALM) for e in row["entities"] if e["span"]]
        linked = {link.topic_id for link in linker.link(text, spans, CALM)}
        named = [topics[words] for span in spans if (words := name_words(span.surface)) in topics]
        n_named += len(named)
        n_linked += sum(topic_id in linked for topic_id in named)
    return n_named, n_linked


def main() -> None:
    data = Path(sys.argv[1])
    results: list[dict[str, object]] = []
    print(f"{'texts':42}{'rows':>8}{'links/s':>10}{'sketches/s':>12}{'with a link':>13}")
    for name, watchlist in TEXTS.items():
        linker = Linker(load_watchlist(bundled_watchlist(watchlist)))
        texts = [row["text"] for row in rows(data / name)]
        link_rate = per_second(lambda text, linker=linker: linker.link(text, (), CALM), texts)  # type: ignore[misc]
        sketch_rate = per_second(sketch, texts)
        share = sum(bool(linker.link(text, (), CALM)) for text in texts) / len(texts)
        print(f"{name:42}{len(texts):8}{link_rate:10.0f}{sketch_rate:12.0f}{share:13.1%}")
        results.append(
            {"texts": name, "rows": len(texts), "links_s": link_rate, "sketches_s": sketch_rate, "share": share}
        )
    n_named, n_linked = share_linked(data)
    print(f"entities that bear a name of the default watchlist: {n_named}, linked to it: {n_linked}")
    print(json.dumps({"speed": results, "n_named": n_named, "n_linked": n_linked}))


if __name__ == "__main__":
    main()
