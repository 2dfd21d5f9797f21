"""Writes the dashboards anew."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.grafana.source import analysts, flow, learning, overview, topic
from deploy.grafana.source.board import Board

FOLDER = Path(__file__).resolve().parent.parent / "dashboards"


def boards() -> dict[str, Board]:
    """Return every dashboard by the name of its file."""
    modules = {"overview": overview, "topic": topic, "pipeline": flow, "learning": learning, "analysts": analysts}
    return {name: module.board() for name, module in modules.items()}


def written(board: Board) -> str:
    """Return a dashboard as its file has it."""
    return json.dumps(board.to_json(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, board in boards().items():
        (FOLDER / f"{name}.json").write_text(written(board), encoding="utf-8")
