"""How often a process that holds much for long looks for garbage in cycles."""

from __future__ import annotations

import gc

YOUNG = 10_000
"""Objects that came, less those that went, before the young ones are looked through; Python's default is 700.

The state of topics is some 200 objects each, none of them in a cycle: looking through those again and again is a
tenth of what `trends` does, a quarter after it took states over (benchmarks/ticks.md). Seldom, not never: what Faust
and asyncio leave in cycles must go.
"""


def collect_seldom() -> None:
    """Look for garbage in cycles less often than Python does by itself, from now on in this process.

    What there is now is not frozen (`gc.freeze`): Python would take what it holds for little, and look through all of
    the rest oftener.
    """
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
