from datetime import UTC, datetime, timedelta

import pytest

from alerts.watermarks import Lateness, MarkLedger, SourceWatermark

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def minutes(n: float) -> datetime:
    return NOON + timedelta(minutes=n)


def test_before_the_first_item_nothing_is_late() -> None:
    assert SourceWatermark().judge(minutes(-10_000), grace_s=0, bin_s=300) is Lateness.ON_TIME


@pytest.mark.parametrize(
    ("published", "lateness"),
    [
        (30, Lateness.ON_TIME),
        (28, Lateness.ON_TIME),  # its window ends at 12:30, the watermark is 12:28
        (24.9, Lateness.DELAYED),  # its window ended at 12:25
        (0, Lateness.DELAYED),  # 12:05 + 30 min is 12:35
        (-5, Lateness.DELAYED),  # 12:00 + 30 min is 12:30
        (-10, Lateness.LATE),  # 11:55 + 30 min is 12:25
    ],
)
def test_lateness_is_judged_by_the_end_of_the_window_and_grace(published: float, lateness: Lateness) -> None:
    watermark = SourceWatermark(disorder_s=120)
    watermark.update(minutes(30))
    assert watermark.at == minutes(28)
    assert watermark.judge(minutes(published), grace_s=1_800, bin_s=300) is lateness


def test_a_watermark_never_goes_back() -> None:
    watermark = SourceWatermark(disorder_s=0)
    watermark.update(minutes(10))
    watermark.update(minutes(5))
    watermark.advance_to(minutes(7))
    assert watermark.at == minutes(10)


def test_an_idle_source_can_be_moved_on() -> None:
    watermark = SourceWatermark(disorder_s=120)
    watermark.advance_to(minutes(10))
    assert watermark.at == minutes(10)


def test_disorder_must_not_be_negative() -> None:
    with pytest.raises(ValueError, match="disorder_s must be >= 0, got -1"):
        SourceWatermark(disorder_s=-1)


def test_the_ledger_waits_for_all_sources() -> None:
    ledger = MarkLedger()
    ledger.update(0, minutes(5))
    assert ledger.least(2) is None
    ledger.update(1, minutes(3))
    assert ledger.least(2) == minutes(3)


def test_a_mark_that_is_sent_twice_changes_nothing() -> None:
    ledger = MarkLedger()
    ledger.update(0, minutes(5))
    ledger.update(0, minutes(4))
    assert ledger.least(1) == minutes(5)


def test_the_ledger_refuses_no_sources() -> None:
    with pytest.raises(ValueError, match="n_sources must be >= 1, got 0"):
        MarkLedger().least(0)
