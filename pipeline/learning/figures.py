"""Shows figures of quality, by source of the examples, as a table for people, and names them for programs.

Knows the names of `models.evaluation.report.Report` and nothing of how they are measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from models.evaluation.report import Report

Figures = Mapping[str, Mapping[str, float]]
"""By source, then by the figure's name; a figure without evidence is left out."""

SHORT_NAMES = {
    "document_accuracy": "accuracy",
    "document_weighted_f1": "weighted_f1",
    "document_macro_f1": "macro_f1",
    "document_ece": "ece",
    "span_f1": "span_f1",
    "joint_f1": "joint_f1",
    "span_sentiment_accuracy": "sentiment_accuracy",
}
"""What programs that read the JSON of `finsurge evaluate` know a figure by."""

_COLUMNS = {
    "n_documents": "n",
    "document_accuracy": "accuracy",
    "document_macro_f1": "macro F1",
    "document_weighted_f1": "weighted F1",
    "document_ece": "ECE",
    "span_f1": "span F1",
    "joint_f1": "joint F1",
    "span_sentiment_accuracy": "accuracy given span",
}


def by_source(flat: Mapping[str, float]) -> Figures:
    """Return the figures of a manifest, which are called `<source>.<name>`, by source.

    >>> by_source({"sentfin.span_f1": 0.8, "sentfin.joint_f1": 0.7})
    {'sentfin': {'span_f1': 0.8, 'joint_f1': 0.7}}
    """
    figures: dict[str, dict[str, float]] = {}
    for key, value in flat.items():
        source, _, name = key.rpartition(".")
        figures.setdefault(source, {})[name] = value
    return figures


def short_figures(report: Report) -> dict[str, float | None]:
    """Return counts and figures by their short names, None without evidence.

    >>> from models.evaluation.report import report_of
    >>> short_figures(report_of([]))["accuracy"] is None
    True
    """
    return {SHORT_NAMES.get(name, name): value for name, value in asdict(report).items()}


def figures_table(figures: Figures, title: str) -> Table:
    """Return a row for each source; a dash where there is no evidence.

    >>> figures_table({"sentfin": {"n_documents": 40, "span_f1": 0.8}}, "test").row_count
    1
    """
    table = plain_table(title, "source", *_COLUMNS.values())
    for source, row in figures.items():
        table.add_row(source or "(none)", *(_shown(name, row.get(name)) for name in _COLUMNS))
    return table


def plain_table(title: str, name: str, *headings: str) -> Table:
    """Return a table of numbers, each row with a name; no lines, so that eight figures fit into 80 columns."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(name, no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return str(int(value)) if name.startswith("n_") else f"{value:.3f}"
