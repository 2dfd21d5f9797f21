"""Every query of every dashboard, and of every rule, has data once finsurge works; an exporter that starts late, too.

One file, since each process of the tests that needs the deployment starts one.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml
from PIL import Image

from deploy.grafana.drawing.answers import Sources
from deploy.grafana.drawing.asking import Prometheus, Series, Span
from deploy.grafana.drawing.pictures import save_picture
from pipeline.exporter.feed import ExporterFeed
from pipeline.exporter.process import Exporter
from pipeline.exporter.selection import SelectionConfig

if TYPE_CHECKING:
    from tests.deploy.observed.conftest import Observed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
TOPIC = "ftx"
_NOT_METRICS = frozenset({"and", "or", "unless", "bool", "offset", "end", "start", "Inf", "inf", "NaN"})
_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_SELECTOR = re.compile(r"(?<![\w$\]])([a-zA-Z_:][\w:]*+)(\{[^}]*\})?+(?!\s*\()")


def selectors_of(expr: str) -> set[str]:
    """Return the series that a query asks for, without functions, ranges and offsets.

    >>> sorted(selectors_of('sum by (a) (rate(x_total{b="c d"}[5m] offset 1d)) / on (a) y > 0.2'))
    ['x_total{b="c d"}', 'y']
    """
    bare = re.sub(r"\[[^\]]*\]|\boffset\s+\w+|\b\d+[smhdwy]\b", " ", _GROUPING.sub(" ", expr))
    return {name + (labels or "") for name, labels in _SELECTOR.findall(bare) if name not in _NOT_METRICS}


def dashboards() -> dict[str, dict[str, Any]]:
    return {
        file.stem: json.loads(file.read_text()) for file in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
    }


def panel_targets() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                yield f"{name} / {panel['title']} / {target['refId']}", target


def rules() -> list[dict[str, Any]]:
    files = sorted((DEPLOY / "prometheus" / "rules").glob("*.yaml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="module")
def span(observed: Observed) -> Span:
    """Wait until a scrape and an evaluation lie behind the last thing that happened."""
    prometheus, now_s = Prometheus(observed.url), time.time()
    needed = ("finsurge_analyst_weight", "deployment:finsurge_learner_fresh:ratio", "finsurge_topic_open_episodes")
    observed.until(
        lambda: all(
            prometheus.at_end(f"count_over_time({name}[10s]) > 4", Span(now_s, time.time())) for name in needed
        ),
        "what came last was scraped",
    )
    return Span(observed.began_s, time.time())


@pytest.fixture(scope="module")
def prometheus(observed: Observed, span: Span) -> Prometheus:
    return Prometheus(observed.url, {"topic": TOPIC})


def is_empty(found: list[Series]) -> bool:
    return not any(series.points for series in found)


def test_every_panel_has_data(prometheus: Prometheus, span: Span) -> None:
    empty = []
    asked = [(name, target) for name, target in panel_targets() if "expr" in target]
    for name, target in asked:
        ask = prometheus.at_end if target["instant"] else prometheus.over
        if is_empty(ask(target["expr"], span)):
            empty.append(f"{name}: {target['expr']}")
    assert len(asked) > 100
    assert is_empty(prometheus.over("finsurge_no_such_thing", span))
    assert not empty, "\n".join(empty)


def test_every_variable_and_annotation_has_something_to_choose_from(prometheus: Prometheus, span: Span) -> None:
    for name, dashboard in dashboards().items():
        for annotation in dashboard["annotations"]["list"]:
            for selector in selectors_of(annotation["target"]["expr"]):
                known = re.sub(r',severity="\w+"', "", selector)  # an episode is of one severity at a time
                assert not is_empty(prometheus.at_end(known, span)), f"{name}: {annotation['name']}"
    topics = {series.labels["topic"] for series in prometheus.at_end("finsurge_topic_documents", span)}
    assert TOPIC in topics
    assert len(topics) > 5


def test_every_table_of_words_has_rows_with_each_of_its_columns(observed: Observed) -> None:
    tables = [(name, target) for name, target in panel_targets() if "expr" not in target]
    assert len(tables) == 3
    for name, target in tables:
        filled = {one["key"]: one["value"].replace("${topic}", TOPIC) for one in target["url_options"]["params"]}
        url = f"{observed.pages}{target['url']}?{urllib.parse.urlencode(filled)}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
            rows = json.load(answer)
        assert rows, name
        assert {column["selector"] for column in target["columns"]} <= rows[0].keys(), name


def test_a_dashboard_is_drawn_with_what_it_shows(
    observed: Observed, prometheus: Prometheus, span: Span, tmp_path: Path
) -> None:
    def n_coloured(of: Span) -> int:
        save_picture(dashboards()["pipeline"], Sources(prometheus, observed.pages, of), tmp_path / "drawn.png")
        with Image.open(tmp_path / "drawn.png") as drawn:
            pixels = np.asarray(drawn.convert("RGB"), dtype=int)
        return int((pixels.max(axis=2) - pixels.min(axis=2) > 60).sum())  # words, frames and grids are grey

    before = Span(span.begins_s - 7200, span.begins_s - 3600)  # Prometheus was not there yet
    assert n_coloured(span) > 10_000
    assert n_coloured(before) < 100


def test_every_rule_asks_for_series_that_are_there(prometheus: Prometheus, span: Span) -> None:
    # what filters by a comparison is silent while all is well; its own selectors are asked for all the same
    silent = {rule["record"] for rule in rules() if "record" in rule and _compares(rule["expr"])}
    missing = []
    for rule in rules():
        for selector in selectors_of(rule["expr"]):
            if selector.split("{")[0] in silent:
                continue
            if is_empty(prometheus.over(selector, span)):
                missing.append(f"{rule.get('record') or rule['alert']}: {selector}")
    assert len(rules()) > 60
    assert not missing, "\n".join(missing)


def test_every_recording_rule_records_and_no_alert_fires(prometheus: Prometheus, span: Span) -> None:
    recorded = [rule for rule in rules() if "record" in rule and not _compares(rule["expr"])]
    empty = [rule["record"] for rule in recorded if is_empty(prometheus.over(rule["record"], span))]
    assert not empty, "\n".join(empty)


async def caught_up(observed: Observed, back: timedelta) -> Exporter:
    """Return an exporter that has read all there is."""
    exporter = Exporter(observed.settings.bin_s, SelectionConfig(max_topics=3, pinned=("tether",)))
    async with asyncio.timeout(60), ExporterFeed(observed.settings, back=back, now=datetime.now(UTC)) as feed:
        while await feed.n_behind() != 0:
            exporter.take(await feed.read(0.2))
    return exporter


def test_an_exporter_that_starts_later_reads_again_what_matters(observed: Observed) -> None:
    exporter = asyncio.run(caught_up(observed, timedelta(hours=1)))
    shown = exporter.shown(datetime.now(UTC), n_behind=0)
    with urllib.request.urlopen(f"{observed.pages}/episodes", timeout=10) as answer:  # noqa: S310
        told = json.load(answer)
    opened = {row["topic"] for row in told if row["state"] != "closed"}
    assert {episode.alert.topic for episode in shown.episodes} == opened
    assert list(shown.reasons)[:1] == ["tether"]
    assert len(shown.topics) == 3
    assert shown.n_known > 5


def test_an_exporter_leaves_where_it_is_what_lies_too_far_back(observed: Observed) -> None:
    exporter = asyncio.run(caught_up(observed, timedelta()))
    shown = exporter.shown(datetime.now(UTC), n_behind=0)
    assert shown.episodes  # alerts are read from their beginning
    assert shown.n_known == 0


def _compares(expr: str) -> bool:
    return re.search(r"[<>]=?(?!\s*bool)|[!=]=|\bunless\b", re.sub(r"\{[^}]*\}", "", expr)) is not None
