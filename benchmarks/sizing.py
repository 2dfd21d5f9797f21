"""The tables of docs/sizing.md, by arithmetic from the measured figures in sizing.yaml, and a simulation of bursts.

    python benchmarks/sizing.py            # all tables, as they stand in docs/sizing.md

Nothing is measured here: costs.py, record_bytes.py and stream.py do that. What is assumed is in sizing.yaml as well,
apart from what was measured.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FIGURES = Path(__file__).with_suffix(".yaml")
US = 1e-6
GB = 1e9
DAY_S = 86_400
BIN_S = 300

LOADS = (10, 100, 1_000, 10_000)
"""Documents a second."""
PARTITIONS = (12, 100, 400, 1_000)
HEADROOMS = (1.67, 2.0, 3.0, 5.0, 10.0)
"""What a flow can do, in times its usual load; 1.67 is a utilisation of 60 %."""


@dataclass(frozen=True)
class Figures:
    """What was measured and what is assumed, by name."""

    measured: Mapping[str, Any]
    assumed: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path = FIGURES) -> Figures:
        """Return those of a file."""
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls(held["measured"], held["assumed"])

    def cpu_s(self, part: str) -> float:
        """Return the CPU seconds that a part spends on one record."""
        return float(self.measured["cpu_us"][part]) * US

    @property
    def n_mentions(self) -> float:
        """Mentions a document."""
        return float(self.measured["mentions_a_document"])


@dataclass(frozen=True)
class Cores:
    """What a load keeps busy, in cores."""

    read: float
    link: float
    trends: float

    @property
    def total(self) -> float:
        """All of them."""
        return self.read + self.link + self.trends


def cores_of(figures: Figures, documents_per_s: float, kind: str = "read_post") -> Cores:
    """Return the cores that a steady load keeps busy."""
    return Cores(
        documents_per_s * figures.cpu_s(kind),
        documents_per_s * figures.cpu_s("link"),
        documents_per_s * figures.n_mentions * figures.cpu_s("trends"),
    )


def processes(cores: float, utilisation: float) -> int:
    """Return the processes of one core each that are that busy."""
    return max(1, math.ceil(cores / utilisation))


def partitions_for(n_processes: int) -> int:
    """Return the least usual number of partitions that feeds so many processes."""
    return next(n for n in (12, 24, 48, 96, 192, 384, 768) if n >= n_processes)


@dataclass(frozen=True)
class Burst:
    """What a burst does to a flow that can take so many times its usual load."""

    headroom: float
    peak_backlog_s: float  # of documents waiting, in seconds of the usual load
    worst_delay_s: float  # that a document waits for, at most
    catching_up_s: float  # after the burst


def simulate(headroom: float, factor: float, burst_s: int) -> Burst:
    """Return what happens, second by second, to stages in a row that can do `headroom` times the usual load.

    The load is one a second, and `factor` for `burst_s` seconds. `read` is the slowest; the stages behind it can do
    twice as much, as cores are given out by the tables here.
    """
    capacities = (headroom, 2 * headroom, 2 * headroom)
    waiting = [0.0] * len(capacities)
    arrived, done = 0.0, 0.0
    entered: list[float] = []  # arrivals until each second
    peak, worst_s, second = 0.0, 0.0, 0
    oldest = 0
    while True:
        load = factor if second < burst_s else 1.0
        arrived += load
        entered.append(arrived)
        flow = load
        for stage, capacity in enumerate(capacities):
            waiting[stage] += flow
            flow = min(waiting[stage], capacity)
            waiting[stage] -= flow
        done += flow
        while entered[oldest] < done - 1e-9:
            oldest += 1
        worst_s = max(worst_s, float(second - oldest))
        peak = max(peak, arrived - done)
        second += 1
        if second >= burst_s and arrived - done < 1e-6:
            return Burst(headroom, peak, worst_s, float(second - burst_s))
        if second > 30 * DAY_S:
            return Burst(headroom, math.inf, math.inf, math.inf)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose first column is text, and the others numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def number(value: float, digits: int = 0) -> str:
    if math.isinf(value):
        return "never"
    return f"{value:,.{digits}f}"


def span(seconds: float) -> str:
    """Return a time as people say it."""
    if math.isinf(seconds):
        return "never"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3600:.1f} h"


def loads(figures: Figures) -> str:
    """The roles' cores and processes for each load."""
    utilisation = figures.assumed["utilisation"]
    rows = []
    for load in LOADS:
        cores = cores_of(figures, load)
        n_read = processes(cores.read, utilisation)
        n_link, n_trends = (processes(each, utilisation) for each in (cores.link, cores.trends))
        articles = processes(cores_of(figures, load, "read_article").read, utilisation)
        n_partitions = partitions_for(max(n_read, n_link, n_trends))
        rows.append(
            [
                number(load),
                number(n_read),
                number(articles),
                number(n_link),
                number(n_trends),
                "1",
                number(n_partitions),
            ]
        )
    head = (
        "documents/s",
        "`read`, posts",
        "`read`, articles",
        "`link`",
        "`trends`",
        "`surges`",
        "partitions (posts)",
    )
    return table(head, rows)


def disk(figures: Figures, documents_per_s: int = 1_000) -> str:
    """Bytes a document, retention and disk for each Kafka topic."""
    replicas = figures.assumed["replicas"]
    rows, totals = [], [0.0, 0.0]
    for name, of_topic in figures.measured["bytes_a_document"].items():
        days = figures.assumed["retention_days"].get(name)
        sizes = [of_topic["plain"], of_topic["zstd"]]
        row = [f"`{name}`", number(sizes[0]), number(sizes[1]), "compacted" if days is None else f"{days} days"]
        if days is None:
            rows.append([*row, "", ""])
            continue
        kept = [size * documents_per_s * DAY_S * days * replicas / GB for size in sizes]
        totals = [total + each for total, each in zip(totals, kept, strict=True)]
        rows.append([*row, number(kept[0]), number(kept[1])])
    rows.append(["all", "", "", "", number(totals[0]), number(totals[1])])
    head = ("Kafka topic", "B a document", "with zstd", "kept", "GB on disk", "with zstd")
    return table(head, rows)


def windows(figures: Figures) -> str:
    """What windows of five minutes, hours and days are on `trends`, if every topic has stories in each."""
    of_day = DAY_S / BIN_S + 24 + 1
    rows = []
    for n_topics in (284, 10_000):
        n_records = n_topics * of_day * figures.assumed["records_a_window"]
        sizes = [n_records * size / GB for size in figures.measured["window_bytes"].values()]
        rows.append([number(n_topics), number(n_records), *(number(size, 2) for size in sizes)])
    return table(("topics", "records a day at most", "GB a day", "with zstd"), rows)


def memory(figures: Figures) -> str:
    """Memory and changelog of `trends` for 10,000 topics."""
    rows = []
    for of_topics in figures.measured["topics"]:
        stories = of_topics["stories_a_day"]
        memory_gb, changelog_gb = (10_000 * of_topics[name] / GB for name in ("memory_bytes", "changelog_bytes"))
        n_written = min(stories, DAY_S / BIN_S)
        mb_per_s = 10_000 * n_written * of_topics["changelog_bytes"] / DAY_S / 1e6
        cores = 10_000 * stories / DAY_S * of_topics["cpu_us_a_mention"] * US
        rows.append(
            [number(stories), number(memory_gb, 1), number(changelog_gb, 2), number(mb_per_s, 2), number(cores, 3)]
        )
    head = (
        "stories a day, each topic",
        "memory, GB",
        "changelog compacted, GB",
        "written, MB/s",
        "cores of `trends`",
    )
    return table(head, rows)


def marks(figures: Figures) -> str:
    """What marks cost, which go from every partition to every partition."""
    rows = []
    for n_partitions in PARTITIONS:
        n_marks = n_partitions**2
        each_us = figures.measured["mark_us"][n_partitions] + figures.measured["cpu_us"]["kafka"]
        cores = n_marks * each_us * US / BIN_S
        rows.append([number(n_partitions), number(n_marks), number(n_marks / BIN_S, 1), number(cores, 3)])
    head = ("partitions", "marks a window", "marks/s", "cores of `trends`")
    return table(head, rows)


def surges(figures: Figures) -> str:
    """What a tick costs the one process of `surges`."""
    rows = []
    for of_tick in figures.measured["surges"]:
        share = of_tick["ms_per_tick"] / 1000 / BIN_S
        n_most = of_tick["n_active"] * figures.assumed["record_bytes"] / of_tick["mark_bytes"]
        rows.append(
            [
                number(of_tick["n_active"]),
                number(of_tick["ms_per_tick"]),
                f"{share:.4%}",
                number(of_tick["mark_bytes"]),
                number(n_most),
            ]
        )
    head = ("topics with stories in a window", "CPU ms", "of a core", "largest mark, B", "topics at 1 MiB a mark")
    return table(head, rows)


def bursts(figures: Figures) -> str:
    """What ten times the load does for an hour."""
    factor, burst_s = figures.assumed["burst_factor"], figures.assumed["burst_s"]
    rows = []
    for headroom in HEADROOMS:
        burst = simulate(headroom, factor, burst_s)
        rows.append(
            [f"{headroom:g}", span(burst.peak_backlog_s), span(burst.worst_delay_s), span(burst.catching_up_s)]
        )
    head = ("can do, × usual", "waits at most, of usual load", "a document waits at most", "catching up after it")
    return table(head, rows)


def world(figures: Figures) -> str:
    """The whole world's posts and news, with and without the pre-filter."""
    posts_per_s = figures.assumed["world_posts_a_day"] / DAY_S
    news_per_s = figures.assumed["world_articles_a_day"] / DAY_S
    peak = figures.assumed["peak_factor"]
    before = figures.measured["prefilter"]["general"]
    language_s = before["language_us"] * before["p_named"]
    filter_s = (before["parse_us"] + before["names_us"] + language_s + figures.measured["bare_us"]) * US
    named_per_s = posts_per_s * before["p_named"]
    relevant_per_s = posts_per_s * figures.assumed["p_relevant"]
    rows = [
        [
            "pre-filter: every post",
            number(posts_per_s),
            number(posts_per_s * filter_s, 2),
            number(posts_per_s * filter_s * peak, 1),
        ],
    ]
    for name, per_s, kind in (
        ("`read`: posts that name a topic", named_per_s, "read_post"),
        ("`read`: news, articles", news_per_s, "read_article"),
        ("`read`: every post, without the pre-filter", posts_per_s, "read_post"),
        ("`read`: only what matters, if it could be known", relevant_per_s, "read_post"),
    ):
        cores = per_s * figures.cpu_s(kind)
        rows.append([name, number(per_s, 1), number(cores, 2), number(cores * peak, 1)])
    behind = cores_of(figures, named_per_s + news_per_s)
    cores = behind.link + behind.trends
    rows.append(
        [
            "`link` and `trends`: what was read",
            number(named_per_s + news_per_s, 1),
            number(cores, 2),
            number(cores * peak, 1),
        ]
    )
    return table(("what", "a second", "cores", f"cores at {peak:g}×"), rows)


def tables(figures: Figures) -> Iterator[tuple[str, str]]:
    """Yield every table by name."""
    for make in (loads, disk, windows, memory, marks, surges, bursts, world):
        yield make.__name__, make(figures)


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    for name, text in tables(Figures.read()):
        print(f"{name}\n\n{text}\n")


if __name__ == "__main__":
    main()
