"""Logging as a process has it, put back afterwards."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.logs import setup
from pipeline.settings import Settings


class Output(io.StringIO):
    """What is logged; a terminal, or none."""

    is_terminal = False

    def isatty(self) -> bool:
        return self.is_terminal

    @property
    def lines(self) -> list[str]:
        return self.getvalue().splitlines()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


LogInto = Callable[..., Output]


@pytest.fixture
def log_into(logging_put_back: None) -> LogInto:
    """`log_into(is_terminal=False, trace_ids=dict, **settings)` sets logging up and returns what is logged."""

    def log_into(*, is_terminal: bool = False, trace_ids: Any = dict, **settings: Any) -> Output:
        output = Output()
        output.is_terminal = is_terminal
        setup.set_up_logs(Settings(**settings), "read", output, trace_ids)
        return output

    return log_into
