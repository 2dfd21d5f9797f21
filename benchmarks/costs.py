"""What each part costs by itself, in CPU time of this process: reading, the pre-filter, marks, ticks, memory.

    python benchmarks/costs.py --data ../shared/data [--parts read prefilter marks surges topics] [--json]

CPU time, not wall time, so that what else runs on the machine matters little. The figures that docs/sizing.md
calculates with are kept in benchmarks/sizing.yaml; benchmarks/record_bytes.py measures what goes through Kafka.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from made_mention import made_mention
from prometheus_client import CollectorRegistry

from alerts.surges.evidence import Pulse
from models.language import ENGLISH, UNDETERMINED, language_of
from models.topics.linking import Linker
from pipeline import wiring
from pipeline.candidates import TickMark
from pipeline.documents import RawDocument
from pipeline.metrics import Metrics
from pipeline.records import Document, Mark, Mention, Origin, decode, encode
from pipeline.settings import Settings
from pipeline.stage import MemoryStates

NEUTRAL = (0.0, 1.0, 0.0)
START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 2, 1, tzinfo=UTC)
GENERAL = ("entities/broad_twitter_ner.jsonl", "entities/wnut17.jsonl")
"""Posts about anything, as the pre-filter would see them."""
FINANCE = ("sentiment/twitter_financial_news.jsonl", "streams/stocknet_tweets_2014_2016.jsonl")
BIN_S = 300


def cpu_us(work: Callable[[], object], n_items: int) -> float:
    """Return the CPU time of all threads for each item, in microseconds."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e6 / n_items


def texts_of(path: Path, n_texts: int) -> list[str]:
    """Return the first texts of a file of JSON lines; of tagged words, joined by blanks."""
    texts = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            texts.append(row.get("text") or " ".join(row["tokens"]))
            if len(texts) == n_texts:
                break
    return texts


def document_of(number: int, text: str) -> Document:
    at = START + timedelta(seconds=number / 5)
    source = f"account-{number % 500}"
    return Document(schema=1, id=f"d{number}", kind="social", source=source, published_at=at, text=text)


def reading(data: Path) -> Iterator[tuple[str, float, float]]:
    """Yield name, mean characters and CPU microseconds a document of the shipped policy, with parsing and sketch."""
    import torch

    from models.batching import BatchLimits
    from models.checkpoint import SHIPPED
    from models.policy import Policy
    from pipeline.reading.reader import Reader

    settings = Settings()
    torch.set_num_threads(1)  # several wait for each other by spinning, which counts as work on a busy machine
    limits = BatchLimits(settings.max_padded_tokens, settings.max_batch_documents)
    reader = Reader(Policy.load(SHIPPED), limits, now=lambda raw: raw.ingested_at)
    news = texts_of(data / "sentiment/finentity.jsonl", 784)
    kinds = {
        "posts": texts_of(data / "streams/stocknet_tweets_2014_2016.jsonl", 500)[200:],
        "headlines": texts_of(data / "sentiment/sentfin.jsonl", 500)[200:],
        "paragraphs of news": news[:100],
        "articles of ten paragraphs": [" ".join(news[n : n + 10]) for n in range(300, 500, 10)],
    }
    for name, texts in kinds.items():
        raws = [RawDocument(encode(document_of(n, text)), Origin(0, n), END) for n, text in enumerate(texts)]
        chunks = [raws[start : start + 256] for start in range(0, len(raws), 256)]
        reader.read(chunks[0][:16])
        spent = cpu_us(lambda chunks=chunks: [reader.read(chunk) for chunk in chunks], len(raws))
        yield name, statistics.fmean(map(len, texts)), spent


def prefilter(data: Path) -> Iterator[dict[str, Any]]:
    """Yield what parsing, names and language cost for a post, and how many each lets pass."""
    linker = Linker(wiring.open_watchlist(Settings()))
    for name, files in (("general", GENERAL), ("finance", FINANCE)):
        texts = [text for file in files for text in texts_of(data / file, 5000)]
        values = [encode(document_of(n, text)) for n, text in enumerate(texts)]
        linker.link(texts[0], (), NEUTRAL)
        language_of(texts[0])
        yield {
            "posts": name,
            "n_posts": len(texts),
            "mean_characters": statistics.fmean(map(len, texts)),
            "parse_us": cpu_us(lambda values=values: [decode(Document, value) for value in values], len(texts)),
            "names_us": cpu_us(lambda texts=texts: [linker.link(text, (), NEUTRAL) for text in texts], len(texts)),
            "language_us": cpu_us(lambda texts=texts: [language_of(text) for text in texts], len(texts)),
            "p_named": statistics.fmean(bool(linker.link(text, (), NEUTRAL)) for text in texts),
            "p_english": statistics.fmean(language_of(text) in (ENGLISH, UNDETERMINED) for text in texts),
        }


def marks(n_partitions: int) -> float:
    """Return what a mark that closes nothing costs one partition of `trends`, in CPU microseconds."""
    settings = Settings(partitions=n_partitions)
    states: MemoryStates[Any] = MemoryStates()
    stage = wiring.trends_stage(settings, states, Metrics(CollectorRegistry()))

    def one_bin(number: int) -> None:
        at = START + timedelta(seconds=BIN_S * number)
        for source in range(n_partitions):
            mark = Mark(origin=Origin(source, number), watermark=at, began_at=START, n_sources=n_partitions)
            for outbound in stage.step(decode(Mark, encode(mark)), Origin(0, 0)):
                encode(outbound.record)
        (state,) = (held for key, held in states.items() if key == "#0")
        wiring.encode_trends_state(state)

    one_bin(0)
    n_bins = max(1, 2000 // n_partitions)
    return cpu_us(lambda: [one_bin(number) for number in range(1, n_bins + 1)], n_bins * n_partitions)


def surges(n_active: int, n_partitions: int = 12, n_ticks: int = 5) -> dict[str, float]:
    """Return what a tick costs the one partition of `candidates` if so many topics have stories in it."""
    settings = Settings(partitions=n_partitions)
    stage = wiring.surges_stage(
        settings, wiring.open_watchlist(settings), MemoryStates(), Metrics(CollectorRegistry())
    )
    values = []
    for number in range(1, n_ticks + 1):
        at = START + timedelta(seconds=BIN_S * number)
        for partition in range(n_partitions):
            topics = range(partition, n_active, n_partitions)
            pulses = tuple(Pulse(f"company-{topic}", at, 3, 1, 0.4) for topic in topics)
            values.append(encode(TickMark(partition=partition, at=at, n_partitions=n_partitions, pulses=pulses)))

    def work() -> None:
        for value in values:
            stage.step(decode(TickMark, value), Origin(0, 0))

    return {
        "n_active": n_active,
        "ms_per_tick": cpu_us(work, n_ticks) / 1000,
        "mark_bytes": max(map(len, values)),
    }


def mention_of(topic: int, number: int, at: datetime) -> Mention:
    words = ((topic * 7919 + number * 104_729 + n * 15_485_863) % (1 << 32) for n in range(10))
    told = f"company-{topic}", f"d{number}-{topic}"
    made: Mention = made_mention(*told, number, at, words, is_negative=number % 4 == 0)
    return made


def topics(n_topics: int, stories_a_day: int) -> dict[str, float]:
    """Return memory and changelog of `trends` for each topic, after a day and a half of stories, evenly."""
    settings = Settings(partitions=1)
    states: MemoryStates[Any] = MemoryStates()
    stage = wiring.trends_stage(settings, states, Metrics(CollectorRegistry()))
    before = resident_bytes()
    every = max(1, 288 // stories_a_day)
    number = 0
    began = time.process_time()
    n_mentions = 0
    for tick in range(432):
        at = START + timedelta(seconds=BIN_S * tick + 60)
        for topic in range(n_topics):
            if (tick + topic) % every == 0:
                number += 1
                n_mentions += 1
                stage.step(mention_of(topic, number, at), Origin(0, number))
        watermark = START + timedelta(seconds=BIN_S * (tick + 1))
        mark = Mark(origin=Origin(0, number), watermark=watermark, began_at=START, n_sources=1)
        stage.step(mark, Origin(0, number))
    spent_s = time.process_time() - began
    sizes = [len(wiring.encode_trends_state(state)) for key, state in states.items() if key.startswith("company-")]
    return {
        "n_topics": n_topics,
        "stories_a_day": stories_a_day,
        "memory_bytes_a_topic": (resident_bytes() - before) / n_topics,
        "changelog_bytes_a_topic": statistics.fmean(sizes),
        "cpu_us_a_mention": spent_s * 1e6 / n_mentions,
    }


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def measure(parts: Sequence[str], data: Path) -> dict[str, Any]:
    told: dict[str, Any] = {"cores": os.cpu_count(), "load": os.getloadavg()[0]}
    if "topics" in parts:
        # each in a process of its own: memory that the first gave back would be taken by the second unseen
        with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
            told["topics"] = list(processes.map(topics, (2000, 500), (24, 288)))
    if "marks" in parts:
        told["marks_us"] = {n: marks(n) for n in (12, 100, 400, 1000)}
    if "surges" in parts:
        told["surges"] = [surges(n) for n in (250, 10_000, 100_000)]
    if "prefilter" in parts:
        told["prefilter"] = list(prefilter(data))
    if "read" in parts:
        told["read"] = [{"texts": n, "mean_characters": c, "cpu_us": us} for n, c, us in reading(data)]
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--parts", nargs="*", default=["topics", "marks", "surges", "prefilter", "read"])
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.parts, arguments.data), indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
