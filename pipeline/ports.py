"""Ports of this machine on which nothing listens, for processes that are started on loopback."""

from __future__ import annotations

import random
import socket

_draw = random.SystemRandom()
_FIRST, _END = 10_000, 32_000
"""Below those that connections are given: one that somebody opens before the process listens must not get it."""


def free_port() -> int:
    """Return a free port of 127.0.0.1."""
    return free_ports(1)


def free_ports(count: int) -> int:
    """Return the first of so many free ports of 127.0.0.1 in a row.

    Raises:
        OSError: there are none.
    """
    for _ in range(100):
        first = _draw.randrange(_FIRST, _END - count)
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise OSError(f"no {count} free ports in a row on 127.0.0.1")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
