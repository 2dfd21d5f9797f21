from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rules.faults import FieldFaults
from alerts.rules.quiet import DAYS, QuietHours, quiet_until

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(begin=time(22), end=time(7), timezone="Europe/Berlin")
WEEKEND = QuietHours(days=("sat", "sun"), begin=time(0), end=time(0), timezone="Europe/Berlin")


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[arg-type]


def test_a_night_ends_the_morning_after() -> None:
    assert NIGHT.until(berlin(2026, 1, 15, 22, 0)) == berlin(2026, 1, 16, 7, 0)
    assert NIGHT.until(berlin(2026, 1, 16, 6, 59)) == berlin(2026, 1, 16, 7, 0)
    assert NIGHT.until(berlin(2026, 1, 16, 7, 0)) is None
    assert NIGHT.until(berlin(2026, 1, 15, 21, 59)) is None


def test_a_day_is_the_one_on_which_the_span_begins() -> None:
    friday = QuietHours(days=("fri",), begin=time(22), end=time(7), timezone="UTC")

    assert friday.until(datetime(2026, 1, 17, 3, tzinfo=UTC)) == datetime(2026, 1, 17, 7, tzinfo=UTC)  # Saturday
    assert friday.until(datetime(2026, 1, 16, 3, tzinfo=UTC)) is None  # Friday morning


def test_days_that_follow_each_other_are_one_span() -> None:
    assert WEEKEND.until(berlin(2026, 1, 17, 0, 0)) == berlin(2026, 1, 19, 0, 0)
    assert WEEKEND.until(berlin(2026, 1, 16, 23, 59)) is None


def test_spans_that_follow_each_other_are_waited_for_together() -> None:
    # Friday night runs into the weekend, and that into Sunday night
    assert quiet_until((NIGHT, WEEKEND), berlin(2026, 1, 16, 23), is_critical=False) == berlin(2026, 1, 19, 7)


def test_critical_alerts_wait_only_where_that_is_said() -> None:
    deaf = QuietHours(begin=time(1), end=time(2), timezone="Europe/Berlin", also_critical=True)

    assert quiet_until((NIGHT, deaf), berlin(2026, 1, 15, 1, 30), is_critical=False) == berlin(2026, 1, 15, 7)
    assert quiet_until((NIGHT, deaf), berlin(2026, 1, 15, 1, 30), is_critical=True) == berlin(2026, 1, 15, 2)
    assert quiet_until((NIGHT, deaf), berlin(2026, 1, 15, 3), is_critical=True) is None


def test_the_night_in_which_clocks_go_forward_is_an_hour_shorter() -> None:
    # 28 March 2026, 22:00 CET is 21:00 UTC; 29 March, 7:00 CEST is 5:00 UTC: eight hours instead of nine
    assert NIGHT.until(datetime(2026, 3, 28, 21, tzinfo=UTC)) == datetime(2026, 3, 29, 5, tzinfo=UTC)
    assert NIGHT.until(datetime(2026, 3, 28, 20, 59, tzinfo=UTC)) is None
    assert NIGHT.until(datetime(2026, 3, 29, 5, tzinfo=UTC)) is None


def test_the_night_in_which_clocks_go_back_is_an_hour_longer() -> None:
    # 24 October 2026, 22:00 CEST is 20:00 UTC; 25 October, 7:00 CET is 6:00 UTC: ten hours
    assert NIGHT.until(datetime(2026, 10, 24, 20, tzinfo=UTC)) == datetime(2026, 10, 25, 6, tzinfo=UTC)


def test_a_time_that_clocks_skip_is_the_one_an_hour_later() -> None:
    early = QuietHours(begin=time(1), end=time(2, 30), timezone="Europe/Berlin")  # 2:30 is skipped on 29 March

    assert early.until(datetime(2026, 3, 29, 0, tzinfo=UTC)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 3:30 CEST


def test_a_time_that_comes_twice_is_the_first() -> None:
    early = QuietHours(begin=time(1), end=time(2, 30), timezone="Europe/Berlin")  # twice on 25 October

    assert early.until(datetime(2026, 10, 24, 23, tzinfo=UTC)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert early.until(datetime(2026, 10, 25, 1, 15, tzinfo=UTC)) is None  # the second 2:15


def test_a_span_that_clocks_skip_whole_is_quiet_where_it_would_have_been() -> None:
    skipped = QuietHours(begin=time(2, 15), end=time(2, 45), timezone="Europe/Berlin")

    assert skipped.until(datetime(2026, 3, 29, 1, 20, tzinfo=UTC)) == datetime(2026, 3, 29, 1, 45, tzinfo=UTC)


def test_a_span_whose_end_comes_before_its_skipped_begin_is_left_out_that_day() -> None:
    hour = QuietHours(begin=time(2, 30), end=time(3), timezone="Europe/Berlin")  # 3:30 to 3:00 on 29 March

    assert all(hour.until(datetime(2026, 3, 29, 0, n, tzinfo=UTC)) is None for n in range(60))
    assert all(hour.until(datetime(2026, 3, 29, 1, n, tzinfo=UTC)) is None for n in range(60))
    assert hour.next_after(datetime(2026, 3, 29, 0, tzinfo=UTC))[0] == berlin(2026, 3, 30, 2, 30)


def test_the_next_span_is_told_with_its_end() -> None:
    assert WEEKEND.next_after(berlin(2026, 1, 14, 12)) == (berlin(2026, 1, 17), berlin(2026, 1, 19))
    assert NIGHT.next_after(berlin(2026, 1, 14, 12)) == (berlin(2026, 1, 14, 22), berlin(2026, 1, 15, 7))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="at must be aware"):
        NIGHT.until(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"timezone": "Berlin"}, "timezone must be one of the IANA database, such as Europe/Berlin, got 'Berlin'"),
        ({"timezone": "Europe"}, "timezone must be one of"),  # a folder
        ({"timezone": "../UTC"}, "timezone must be one of"),
        ({"timezone": "localtime"}, "timezone must be one of"),  # another one on each machine
        ({"days": ()}, "days must be some of mon, tue"),
        ({"days": ("mon", "mon")}, "days must be some of mon, tue"),
        ({"end": time(22)}, "end must not be the begin, 22:00; a whole day is from 00:00 to 24:00"),
        ({"begin": time(0), "end": time(0)}, "days must leave one out where the whole day is quiet"),
    ],
)
def test_a_span_that_makes_no_sense_is_refused(fields: dict[str, object], message: str) -> None:
    whole: dict[str, object] = {"begin": time(22), "end": time(7), "timezone": "UTC"}
    with pytest.raises(FieldFaults) as caught:
        QuietHours(**(whole | fields))  # type: ignore[arg-type]
    assert str(caught.value).startswith(message)


clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30]))
some_days = st.lists(st.sampled_from(DAYS), min_size=1, max_size=6, unique=True).map(tuple)


@st.composite
def some_quiet_hours(draw: st.DrawFn, zones: list[str]) -> QuietHours:
    begin, end = draw(clocks), draw(clocks)
    if begin == end:
        begin = end = time(0)
    return QuietHours(
        days=draw(some_days),
        begin=begin,
        end=end,
        timezone=draw(st.sampled_from(zones)),
        also_critical=draw(st.booleans()),
    )


def is_quiet_by_the_clock(hours: QuietHours, at: datetime) -> bool:
    """By day and time on the wall; right where clocks do not change."""
    local = at.astimezone(ZoneInfo(hours.timezone))
    today, yesterday = DAYS[local.weekday()] in hours.days, DAYS[local.weekday() - 1] in hours.days
    clock = local.time()
    if hours.begin < hours.end:
        return today and hours.begin <= clock < hours.end
    return (today and clock >= hours.begin) or (yesterday and clock < hours.end)


@given(some_quiet_hours(["UTC", "Asia/Kolkata", "America/Bogota", "Pacific/Kiritimati"]), st.integers(0, 7 * 96))
def test_a_span_is_quiet_by_the_clock_on_the_wall_and_ends_where_that_ends(hours: QuietHours, quarter: int) -> None:
    at = datetime(2026, 5, 4, tzinfo=UTC) + timedelta(minutes=15 * quarter)
    until = hours.until(at)

    assert (until is not None) == is_quiet_by_the_clock(hours, at)
    if until is not None:
        n_quarters = (until - at) // timedelta(minutes=15)
        assert all(is_quiet_by_the_clock(hours, at + n * timedelta(minutes=15)) for n in range(n_quarters))
        assert not is_quiet_by_the_clock(hours, until)


@given(
    st.lists(some_quiet_hours(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]), max_size=3),
    st.integers(0, 2 * 365 * 48),
    st.booleans(),
)
def test_what_is_held_is_told_once_and_at_the_end(quiet: list[QuietHours], half_hour: int, is_critical: bool) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * half_hour)
    until = quiet_until(quiet, at, is_critical=is_critical)

    if until is not None and until - at < timedelta(days=8):
        assert until > at
        assert quiet_until(quiet, until, is_critical=is_critical) is None
        assert quiet_until(quiet, at + (until - at) / 2, is_critical=is_critical) == until


@given(some_quiet_hours(["Europe/Berlin", "America/New_York"]), st.integers(0, 365 * 48))
def test_nothing_is_quiet_between_now_and_the_next_span(hours: QuietHours, half_hour: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * half_hour)
    at = hours.until(at) or at
    begin, end = hours.next_after(at)

    assert at < begin < end
    assert hours.until(begin) == end
    assert hours.until(begin - timedelta(minutes=1)) is None or begin - timedelta(minutes=1) < at
