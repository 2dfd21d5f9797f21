from datetime import UTC, datetime, timedelta

import pytest

from alerts.ticks import tick_end, tick_of, tick_start


def test_a_boundary_belongs_to_the_tick_that_it_starts() -> None:
    # 2026-01-02T12:00Z is 1767355200 s after the epoch, 5891184 * 300
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert tick_of(noon, 300) == 5_891_184
    assert tick_of(noon - timedelta(microseconds=1), 300) == 5_891_183
    assert tick_start(5_891_184, 300) == noon
    assert tick_end(5_891_183, 300) == noon


def test_times_before_1970_round_down() -> None:
    assert tick_of(datetime(1969, 12, 31, 23, 59, tzinfo=UTC), 300) == -1


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="at must be aware"):
        tick_of(datetime(2026, 1, 2), 300)  # noqa: DTZ001  the point of the test
