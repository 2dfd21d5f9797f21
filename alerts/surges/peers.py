"""Peers: what the scales of topics of about the same volume are like, which a new topic borrows.

Busy topics have heavier tails than chance: of a thousand posts an hour the mood of the hour decides, not luck. With
the same belief for all, a busy topic that is new alarms several times as often as it may (benchmarks/surges.md).
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Peers(NamedTuple):
    """The 80 % quantile of six-hour maxima, and the mean excess over it, both in standard deviations."""

    threshold: float
    excess: float


_CLASSES_A_DECADE = 2
_FIRST_CLASS = -3  # 10 ** (-3 / 2) negative stories an hour: one in 32 hours
_PEERS = (
    Peers(0.65, 0.60),
    Peers(1.00, 0.55),
    Peers(1.35, 0.60),
    Peers(1.70, 0.65),
    Peers(2.00, 0.80),
    Peers(2.40, 0.90),
    Peers(2.90, 1.10),
    Peers(3.40, 1.30),
)
"""By class of volume, half a decade each: means of what 500 made-up streams and 180 on real volumes had shown at
their end, on the development seeds of benchmarks/surges.md, smoothed."""


def peers_of(level: float) -> Peers:
    """Return the peers of a topic.

    Args:
        level: its usual number of negative stories an hour; > 0.

    >>> peers_of(0.001) == peers_of(0.03), peers_of(1e6) == peers_of(100.0)
    (True, True)
    >>> peers_of(1.0)
    Peers(threshold=1.7, excess=0.65)
    """
    of_class = round(_CLASSES_A_DECADE * math.log10(level)) - _FIRST_CLASS
    return _PEERS[min(max(of_class, 0), len(_PEERS) - 1)]
