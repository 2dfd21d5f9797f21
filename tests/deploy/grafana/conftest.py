"""The dashboards as they are committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

GRAFANA = Path(__file__).resolve().parents[3] / "deploy" / "grafana"
Dashboards = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def dashboards() -> Dashboards:
    """Every dashboard by the name of its file."""
    files = sorted((GRAFANA / "dashboards").glob("*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
