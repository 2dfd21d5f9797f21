"""Shows one evaluation as tables for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.table import Table

from models.evaluation.slices import SliceReport
from models.evaluation.stability import Differences
from models.evaluation.tag_report import Averages, TagFigures, TagReport
from pipeline.learning.figures import figures_table, plain_table
from pipeline.learning.measurement import Measurement

_FIGURES = ("precision", "recall", "F1", "support")
_SLICE_COLUMNS = {
    "document_accuracy": "accuracy",
    "document_weighted_f1": "weighted F1",
    "joint_f1": "joint F1",
    "span_sentiment_accuracy": "given span",
}


def tables_of(measurement: Measurement, *, with_slices: bool = False) -> Iterator[Table]:
    """Yield the tables of what was measured, in the order in which they are read.

    >>> from pathlib import Path
    >>> from models.evaluation.report import report_of
    >>> nothing = Measurement(version="p-1", file=Path("a.jsonl"), part="all", report=report_of([]))
    >>> [table.title for table in tables_of(nothing)]
    ['p-1, all examples']
    """
    which = "test part of a file it was trained on" if measurement.part == "test" else "all examples"
    title = f"{measurement.version}, {which}"
    if measurement.report.n_documents or not measurement.tags:
        yield figures_table({measurement.file.stem: measurement.report.to_dict()}, title)
    if measurement.tags:
        yield token_table(measurement.tags, f"words by tag: {title}")
        yield entity_table(measurement.tags, "entities: exact boundaries and type")
    if with_slices and measurement.slices:
        yield slice_table(measurement.slices)
    if measurement.stability is not None:
        yield stability_table(measurement.stability)


def token_table(tags: TagReport, title: str) -> Table:
    """Return a row for each tag, then the averages with and without `O`."""
    table = plain_table(title, "tag", *_FIGURES)
    for tag, figures in tags.tags.items():
        _add(table, tag, figures)
    _add_averages(table, tags.with_o, "with O")
    if tags.without_o:
        _add_averages(table, tags.without_o, "without O")
    return table


def entity_table(tags: TagReport, title: str) -> Table:
    """Return a row for each type, then one for all."""
    table = plain_table(title, "type", *_FIGURES)
    for kind, figures in tags.entity_types.items():
        _add(table, kind or "(none)", figures)
    if tags.entities:
        _add(table, "all", tags.entities)
    return table


def slice_table(slices: Mapping[str, SliceReport]) -> Table:
    """Return a row for each slice, each figure with half the width of its 95 % interval."""
    table = plain_table("slices, ± half the 95 % interval", "slice", "n", *_SLICE_COLUMNS.values())
    for name, of_slice in slices.items():
        cells = (_with_interval(of_slice, figure) for figure in _SLICE_COLUMNS)
        table.add_row(name.replace("_", " "), str(of_slice.report.n_documents), *cells)
    return table


def stability_table(stability: Mapping[str, Differences]) -> Table:
    """Return a row for each thing that was changed: documents whose answer changes with it."""
    headings = ("n", "changed", "label", "spans", "sentiment of a span", "greatest gap", "lead at flips")
    table = plain_table("documents that are answered otherwise", "if", *headings)
    for name, found in stability.items():
        counts = (found.n_documents, found.n_changed, found.n_label_flips, found.n_span_flips, found.n_mention_flips)
        gaps = (f"{found.greatest_gap:.1e}", f"{found.greatest_lead:.1e}")
        table.add_row(name.replace("_", " "), *map(str, counts), *gaps)
    return table


def _add(table: Table, name: str, figures: TagFigures) -> None:
    shares = (f"{share:.4f}" for share in (figures.precision, figures.recall, figures.f1))
    table.add_row(name, *shares, str(figures.support))


def _add_averages(table: Table, averages: Averages, which: str) -> None:
    table.add_section()
    for name, figures in (("micro", averages.micro), ("macro", averages.macro), ("weighted", averages.weighted)):
        _add(table, f"{name}, {which}", figures)


def _with_interval(of_slice: SliceReport, name: str) -> str:
    value: float | None = getattr(of_slice.report, name)
    if value is None:
        return "-"
    if name not in of_slice.intervals:
        return f"{value:.3f}"
    low, high = of_slice.intervals[name]
    return f"{value:.3f} ±{(high - low) / 2:.3f}"
