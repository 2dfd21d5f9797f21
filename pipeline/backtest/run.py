"""Runs decisions through link and trends once, and through surges once for each rule set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry

from alerts.rules.book import RuleBook
from alerts.rules.parse import load_rules
from models.topics.watchlist import Watchlist
from pipeline import wiring
from pipeline.backtest.decisions import DecisionLog
from pipeline.backtest.episode import Episode, episodes_of
from pipeline.backtest.series import Series
from pipeline.candidates import EvidenceRecord, TickMark
from pipeline.metrics import Metrics
from pipeline.records import AlertRecord, TrendRecord
from pipeline.replay.counting import Counted, Counting
from pipeline.replay.judging import Judging
from pipeline.settings import Settings

BUILT_IN = "default"
"""What the rules are called that hold without any."""

OnProgress = Callable[[int], None]
"""Told how many bytes of decisions are through."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules by name; without a file those that are built in."""

    name: str
    file: Path | None
    book: RuleBook


@dataclass
class Stream:
    """What a back-test went through."""

    n_documents: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    policy_versions: set[str] = field(default_factory=set)
    n_late: int = 0  # mentions


@dataclass(frozen=True, slots=True)
class Trial:
    """What one rule set made of the stream."""

    rules: RuleSet
    episodes: tuple[Episode, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a back-test came to."""

    stream: Stream
    series: Series
    trials: tuple[Trial, ...]


def rule_sets(names: Sequence[str]) -> tuple[RuleSet, ...]:
    """Return the rule sets that names stand for: files, or `default` for what is built in, as is no name.

    >>> [each.name for each in rule_sets(["default", "default"])]
    ['default', 'default-2']

    Raises:
        RulesInvalid: one has a mistake.
    """
    found: list[RuleSet] = []
    taken: set[str] = set()
    for said in names or [BUILT_IN]:
        stem = said if said == BUILT_IN else Path(said).stem
        numbered = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(names) + 2))
        name = next(each for each in numbered if each not in taken)
        taken.add(name)
        file = None if said == BUILT_IN else Path(said)
        found.append(RuleSet(name, file, RuleBook() if file is None else load_rules(file)))
    return tuple(found)


def run(
    settings: Settings,
    watchlist: Watchlist,
    sets: Sequence[RuleSet],
    log: DecisionLog,
    on_progress: OnProgress = lambda _: None,
) -> Outcome:
    """Return what each rule set makes of the decisions.

    Args:
        settings: of the flow; which rules hold is said by `sets`.
        watchlist: the topics.
        sets: the rules to compare.
        log: the decisions.
        on_progress: told as it goes on.

    Raises:
        CommandFailed: the decisions cannot be read.
    """
    settings = wiring.with_partitions(settings, log.n_sources())
    counting = Counting(settings, watchlist, Metrics(CollectorRegistry()))
    judgings = [Judging(replace(settings, rules=each.file), watchlist, Metrics(CollectorRegistry())) for each in sets]
    alerts: list[list[AlertRecord]] = [[] for _ in sets]
    stream, series = Stream(), Series(settings.bin_s)

    def take(counted: Iterable[Counted]) -> None:
        for each in counted:
            if isinstance(each, TrendRecord):
                series.add_window(each)
            elif isinstance(each, EvidenceRecord | TickMark):
                for told, judging in zip(alerts, judgings, strict=True):
                    told += judging.feed(each)
                if isinstance(each, EvidenceRecord):
                    series.add_evidence(each.evidence)
            else:
                stream.n_late += 1

    n_bytes = 0
    for decision, length in log.decisions():
        stream.n_documents += 1
        stream.first_at = min(decision.published_at, stream.first_at or decision.published_at)
        stream.last_at = max(decision.published_at, stream.last_at or decision.published_at)
        stream.policy_versions.add(decision.policy_version)
        take(counting.feed(decision, decision.origin.partition))
        n_bytes += length
        on_progress(n_bytes)
    take(counting.close())
    trials = [Trial(each, _episodes(watchlist, each.book, told)) for each, told in zip(sets, alerts, strict=True)]
    return Outcome(stream, series, tuple(trials))


def _episodes(watchlist: Watchlist, book: RuleBook, alerts: Sequence[AlertRecord]) -> tuple[Episode, ...]:
    return episodes_of(alerts, lambda topic: book.rule_of(topic, watchlist.ancestors(topic)).quiet)
