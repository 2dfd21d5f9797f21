import pytest

from alerts.windows.history import Change, History, Past

HOUR = 490_000


def test_a_week_and_a_day_of_hours_take_five_bytes_each_at_the_most() -> None:
    history = History(3_600)
    for hour in range(HOUR, HOUR + 1_000):
        history.update(hour, n_stories=16_000, n_negative=1_600.0)
    # 168 + 24 + 1 of 1 + 2 + 2 bytes; the first distance is an hour's number, of 3 bytes
    assert len(history.snapshot()) == 193 * 5 + 2


def test_hours_without_stories_take_nothing() -> None:
    history = History(3_600)
    history.update(HOUR, 3, 1.0)
    before = history.snapshot()
    history.update(HOUR + 5, 0, 0.0)
    assert history.snapshot() == before
    assert History(3_600).snapshot() == b""


def test_an_hour_that_was_corrected_counts_as_corrected() -> None:
    history = History(3_600)
    history.update(HOUR, 3, 1.0)
    history.update(HOUR + 1, 5, 1.0)
    history.update(HOUR, 2, 1.5)
    assert history.day_before(HOUR + 24) == Past(2, 15)
    history.update(HOUR, 0, 0.0)
    assert history.day_before(HOUR + 24) is None
    assert history.week_before(HOUR + 1 + 168) == Past(5, 10)


def test_what_is_older_than_eight_days_is_forgotten() -> None:
    history = History(86_400)
    for day in range(20_000, 20_020):
        history.update(day, day - 20_000 + 1, 0.0)
    found = [history.day_before(day + 1) for day in range(20_000, 20_020)]
    assert [past.n_stories for past in found if past] == list(range(12, 21))


def test_without_stories_now_there_is_a_ratio_and_no_difference() -> None:
    assert Change.between(0, 0, 1.0, Past(4, 20)) == Change(4, 0.0, None)
    assert Change.between(4, 2, 1.0, None) is None


@pytest.mark.parametrize("n", [0, 1, 127, 128, 16_383, 16_384, 3_000_000])
def test_numbers_of_any_size_come_back(n: int) -> None:
    history = History(3_600)
    history.update(HOUR, n + 1, n / 10)
    assert History.restore(3_600, history.snapshot()).day_before(HOUR + 24) == Past(n + 1, n)
