"""What is said at an interrupt depends on what it has left behind."""

from __future__ import annotations

import pytest
from rich.console import Console

from pipeline.rebuild.run import run_interruptibly
from pipeline.rebuild.view import RebuildView


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("", "interrupted: nothing is changed\n"),
        ("reading", "interrupted: nothing is changed\n"),
        (
            "writing the state of link",
            "interrupted: the state is half written, and workers will not start: run `finsurge rebuild`\n",
        ),
    ],
)
def test_an_interrupt_says_what_it_has_left_behind(step: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    view = RebuildView(Console(width=80))

    async def work() -> None:
        if step:
            view.begin(step, 10)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_interruptibly(work(), view, "nothing is changed")
    assert capsys.readouterr().err == said
