from zlib import crc32

import pytest

from alerts.windows.distinct import N_BITS, n_distinct, with_sources


def hashes(n: int, name: str) -> list[int]:
    return [crc32(f"news\0{name}{number}".encode()) for number in range(n)]


def test_neither_order_nor_repeats_matter() -> None:
    sources = hashes(100, "outlet ")
    at_once = with_sources(b"", sources)
    in_parts = with_sources(with_sources(b"", reversed(sources[40:])), sources[:60])
    assert at_once == in_parts
    assert len(at_once) == 64


def test_no_source_takes_no_byte() -> None:
    assert with_sources(b"", []) == b""
    assert n_distinct(b"") == 0


# the paper's standard error for 512 bits; the mean of 50 series of names may be off by half of it
@pytest.mark.parametrize(("n", "error"), [(20, 0.8), (100, 3.2), (500, 18.6), (2_000, 151.0)])
def test_names_alike_are_counted_with_the_error_that_is_known(n: int, error: float) -> None:
    found = [n_distinct(with_sources(b"", hashes(n, f"desk {which} of "))) for which in range(50)]
    assert abs(sum(found) / len(found) - n) <= error / 2 + 0.5
    squares = sum((one - n) ** 2 for one in found) / len(found)
    assert squares**0.5 <= 1.5 * error + 0.5


def test_more_sources_than_can_be_told_are_the_most_that_can() -> None:
    assert n_distinct(b"\xff" * (N_BITS // 8)) == 3_194
