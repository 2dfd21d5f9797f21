"""The golden case, decided by the policy that costs nothing, as a log of decisions."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from models.batching import BatchLimits
from models.keyword import KeywordPolicy
from models.topics.watchlist import Watchlist
from pipeline import wiring
from pipeline.backtest.decisions import DecisionLog, DecisionStore
from pipeline.backtest.reading import decide_file, made_of
from pipeline.backtest.run import Outcome, rule_sets, run
from pipeline.ingest.input_file import InputFile
from pipeline.ingest.mapping import FieldMapping
from pipeline.ingest.view import IngestView
from pipeline.reading.reader import Reader
from pipeline.settings import Settings

CASE = Path(__file__).resolve().parents[2] / "golden" / "exchange_failure"
# eight stories of bad news in four hours are there at 16:45, and an absolute rule fires before
STRICT = """
default: {min_negative: 8}
topics:
  ftx:
    absolutes: [{name: sour, negative_share_above: 0.5, for: 0s, window: 4h, min_stories: 3}]
  solana: {is_on: false}
"""


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(watchlist="crypto")


@pytest.fixture(scope="session")
def watchlist(settings: Settings) -> Watchlist:
    return wiring.open_watchlist(settings)


@pytest.fixture(scope="session")
def log(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> DecisionLog:
    file, mapping = InputFile(str(CASE / "documents.jsonl"), None), FieldMapping()
    store = DecisionStore(tmp_path_factory.mktemp("decided"))
    depends_on = made_of(settings, "keyword", file, mapping)
    with IngestView(Console(quiet=True), max_shown=0) as view:
        kept = decide_file(
            file,
            mapping,
            depends_on,
            store,
            view,
            lambda: Reader(KeywordPolicy(), BatchLimits(), now=lambda raw: raw.ingested_at),
        )
    assert (kept.n_decided, kept.n_rejected) == (132, 2)
    return store.log


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rules") / "strict.yaml"
    file.write_text(STRICT)
    return file


@pytest.fixture(scope="session")
def outcome(settings: Settings, watchlist: Watchlist, log: DecisionLog, strict: Path) -> Outcome:
    """What built-in rules and strict ones make of the case."""
    return run(settings, watchlist, rule_sets(["default", str(strict)]), log)
