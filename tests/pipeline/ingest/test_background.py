from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from pipeline.ingest.background import Background


@pytest.mark.parametrize("max_ahead", [1, 3, 1000])
async def test_items_come_in_order_and_none_is_missing(max_ahead: int) -> None:
    items = [item async for item in Background(range(5000), max_ahead=max_ahead)]
    assert items == list(range(5000))


async def test_the_loop_goes_on_while_an_item_is_awaited() -> None:
    release = threading.Event()

    def blocking() -> Iterator[str]:
        yield "first"
        assert release.wait(timeout=60)
        yield "second"

    items = aiter(Background(blocking()))
    assert await anext(items) == "first"
    second = asyncio.ensure_future(anext(items))
    await asyncio.sleep(0)
    assert not second.done()
    release.set()
    assert await second == "second"


async def test_an_error_comes_after_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("damaged")

    items = aiter(Background(failing()))
    assert [await anext(items), await anext(items)] == [1, 2]
    with pytest.raises(OSError, match="damaged"):
        await anext(items)


async def test_no_more_is_read_ahead_than_allowed() -> None:
    read: list[int] = []
    is_full = threading.Event()

    def counting() -> Iterator[int]:
        for number in range(1000):
            read.append(number)
            if number == 5:
                is_full.set()
            yield number

    items = aiter(Background(counting(), max_ahead=5))
    await anext(items)
    assert await asyncio.to_thread(is_full.wait, 60)
    assert len(read) <= 1 + 5 + 1  # the one taken, five ahead, one in hand
    await items.aclose()  # type: ignore[attr-defined]


def test_reading_ahead_needs_room() -> None:
    with pytest.raises(ValueError, match="max_ahead must be >= 1, got 0"):
        Background([], max_ahead=0)
