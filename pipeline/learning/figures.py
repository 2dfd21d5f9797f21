"""Shows figures of quality, by source of the examples, as a table for people.

Knows the names of `models.training.evaluation.Report` and nothing of how they are measured.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

Figures = Mapping[str, Mapping[str, float]]
"""By source, then by the figure's name; a figure without evidence is left out."""

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


def figures_table(figures: Figures, title: str) -> Table:
    """Return a row for each source; a dash where there is no evidence.

    >>> figures_table({"sentfin": {"n_documents": 40, "span_f1": 0.8}}, "test").row_count
    1
    """
    # without lines, eight figures beside the longest source's name fit into 80 columns
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("source", no_wrap=True)
    for heading in _COLUMNS.values():
        table.add_column(heading, justify="right")
    for source, row in figures.items():
        table.add_row(source or "(none)", *(_shown(name, row.get(name)) for name in _COLUMNS))
    return table


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return str(int(value)) if name.startswith("n_") else f"{value:.3f}"
