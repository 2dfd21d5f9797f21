"""Distinct sources of a long window, in 64 bytes however many there are.

See "A linear-time probabilistic counting algorithm for database applications" by Whang, Vander-Zanden and Taylor
(1990): each source sets one of 512 bits, and the share of bits that nobody has set tells how many there were. The
standard error is 4 % at 500 sources and 8 % at 2,000; of three sources one is missed in one of 170 windows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

N_BITS = 512
_SPREAD = 2_654_435_761  # Knuth's multiplier: checksums of like names are alike, their products are not


def with_sources(bits: bytes, sources: Iterable[int]) -> bytes:
    """Return the bits with those that these sources set; the order of sources does not matter.

    Args:
        bits: so far; empty for none.
        sources: their 32-bit hashes.
    """
    held = int.from_bytes(bits, "little")
    for source in sources:
        held |= 1 << ((source * _SPREAD & 0xFFFFFFFF) >> 23)
    return held.to_bytes(N_BITS // 8, "little") if held else b""


def n_distinct(bits: bytes) -> int:
    """Return about how many distinct sources have set these bits; at the most 3,194, as more set them all.

    >>> n_distinct(with_sources(b"", [7, 8, 7, 9]))
    3
    """
    n_unset = N_BITS - int.from_bytes(bits, "little").bit_count()
    return round(N_BITS * math.log(N_BITS / max(n_unset, 1)))
