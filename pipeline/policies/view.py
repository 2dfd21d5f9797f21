"""Tables of versions and of what they decide differently. Knows no terminal's width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from rich.table import Table

from models.checkpoint import Manifest
from pipeline.policies.board import ReleaseBoard
from pipeline.policies.difference import Difference
from pipeline.policies.release import Release

_FIGURES = ("document_macro_f1", "joint_f1", "span_sentiment_accuracy", "document_ece")


def roles_of(board: ReleaseBoard, version: str, serving: str) -> list[str]:
    """Return what a version is for now.

    >>> roles_of(ReleaseBoard(), "p-1", serving="p-1")
    ['serves']
    """
    roles = ["serves"] if version == serving else []
    for what, release in (("canary", board.canary), ("shadow", board.shadow)):
        if release and release.version == version:
            roles.append(what if release.share == 1.0 else f"{what} {release.share:.0%}")
    return roles


def versions_table(board: ReleaseBoard, serving: str) -> Table:
    """Return every known version, the latest last."""
    table = Table("version", "now", "from", "gate", "known since", "by", title=f"generation {board.generation}")
    rows = list(board.versions.values())
    if serving not in board.versions:
        table.add_row(serving, "serves (as the settings say)", "", "", "", "")
    for release in rows:
        roles = ", ".join(roles_of(board, release.version, serving))
        known_at = f"{release.at:%Y-%m-%d %H:%M}"
        table.add_row(release.version, roles, release.parent_version or "", _gate(release), known_at, release.by)
    return table


def version_rows(board: ReleaseBoard, serving: str) -> list[dict[str, Any]]:
    """Return the same, for machines."""
    return [
        {**msgspec.to_builtins(release), "now": roles_of(board, release.version, serving)}
        for release in board.versions.values()
    ]


def manifest_table(manifest: Manifest, release: Release | None) -> Table:
    """Return what a version is made of and how good it was found to be."""
    table = Table("what", "value", title=manifest.version)
    table.add_row("encoder", manifest.encoder)
    table.add_row("trained from", manifest.parent_version or "the encoder")
    table.add_row("learned from", ", ".join(manifest.data_sha256) or "not told")
    if release is not None:
        table.add_row("lies at", release.location)
        table.add_row("gate", _gate(release) or "not asked")
        table.add_row("negatives, to the first policy's", f"{release.negative_ratio:.3f}")
    for name, value in manifest.metrics.items():
        if name.rpartition(".")[2] in _FIGURES:
            table.add_row(name, f"{value:.4f}")
    return table


def difference_table(difference: Difference, metrics: Mapping[str, tuple[float | None, float | None]]) -> Table:
    """Return two versions side by side."""
    table = Table("", difference.left, difference.right)
    for name, (left, right) in metrics.items():
        table.add_row(name, _figure(left), _figure(right))
    if difference.n_documents:
        table.add_row("documents read", str(difference.n_documents), str(difference.n_documents))
        table.add_row("called negative", f"{difference.p_negative[0]:.1%}", f"{difference.p_negative[1]:.1%}")
        table.add_row(
            "labels that differ", f"{difference.n_labels}", f"{difference.n_labels / difference.n_documents:.1%}"
        )
        table.add_row("mentions that differ", f"{difference.n_mentions}", "")
    return table


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _gate(release: Release) -> str:
    if release.gate is None:
        return ""
    return "promoted" if release.gate.is_promoted else f"refused: {release.gate.reason}"
