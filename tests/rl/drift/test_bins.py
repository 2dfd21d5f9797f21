from datetime import UTC, datetime, timedelta

from rl.drift.bins import Bin, BinConfig, DayBins

FIRST = 20_454  # 2026-01-01
START = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = BinConfig(min_items=2, n_after=2)


def fed(bins: DayBins, *items: tuple[float, float], version: str = "p-1") -> list[Bin]:
    return [over for day, value in items for over in bins.update(START + timedelta(days=day), (value,), version)]


def test_a_day_is_over_once_enough_of_later_ones_has_come() -> None:
    bins = DayBins(CONFIG)
    assert fed(bins, (0.1, 1.0), (0.9, 3.0), (1.1, 9.0)) == []
    assert fed(bins, (1.2, 9.0)) == [Bin(FIRST, 2, "p-1", (2.0,))]


def test_what_is_out_of_order_counts_until_its_day_is_over_and_not_after() -> None:
    bins = DayBins(CONFIG)
    assert fed(bins, (0.5, 1.0), (1.1, 9.0), (0.6, 3.0)) == []
    assert fed(bins, (1.2, 9.0)) == [Bin(FIRST, 2, "p-1", (2.0,))]
    assert fed(bins, (0.7, 100.0), (2.1, 0.0), (2.2, 0.0)) == [Bin(FIRST + 1, 2, "p-1", (9.0,))]


def test_a_single_item_with_a_wrong_date_closes_nothing() -> None:
    assert fed(DayBins(CONFIG), (0.1, 1.0), (0.2, 1.0), (400.0, 1.0), (0.3, 1.0)) == []


def test_days_with_few_items_are_taken_together() -> None:
    found = fed(DayBins(CONFIG), (0.0, 1.0), (1.0, 2.0), (2.0, 6.0), (2.5, 6.0), (3.0, 0.0), (3.5, 0.0))
    # days 0 and 1 have one item each: (1 + 2) / 2
    assert found == [Bin(FIRST + 1, 2, "p-1", (1.5,)), Bin(FIRST + 2, 2, "p-1", (6.0,))]


def test_means_are_weighted() -> None:
    bins = DayBins(CONFIG)
    bins.update(START, (1.0,), "p-1", 3.0)
    bins.update(START, (0.0,), "p-1", 1.0)
    assert fed(bins, (1.0, 0.0), (1.0, 0.0))[0].means == (0.75,)


def test_the_version_is_that_of_most_items() -> None:
    bins = DayBins(CONFIG)
    fed(bins, (0.1, 1.0))
    fed(bins, (0.2, 1.0), (0.3, 1.0), version="p-2")
    assert fed(bins, (1.0, 1.0), (1.1, 1.0))[0].version == "p-2"
