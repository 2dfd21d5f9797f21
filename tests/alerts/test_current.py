import pytest

from alerts.current import CurrentWindow, TickCounts


def test_only_ticks_of_the_window_count() -> None:
    counts = [TickCounts(6, 1, 1, 0, (1,)), TickCounts(7, 2, 1, 1, (2,)), TickCounts(10, 3, 2, 0, (2, 3))]
    window = CurrentWindow(10, 4, counts)
    assert (window.n_stories, window.n_negative, window.n_posts, window.n_sources) == (5, 3, 1, 2)


def test_the_residual_is_a_mean_of_root_differences() -> None:
    # last tick: 2 (sqrt 2.375 - sqrt 0.475) = 1.7038; four ticks: 2 (sqrt 3.375 - sqrt 0.775) = 1.9136
    window = CurrentWindow(10, 4, [TickCounts(8, 2, 1), TickCounts(10, 3, 2)])
    assert window.residual(0.1, (1, 4)) == pytest.approx((1.7038 + 1.9136) / 2, abs=1e-3)


def test_fewer_than_usual_is_nothing() -> None:
    assert CurrentWindow(10, 4, []).residual(1.0, (4,)) == 0.0


def test_the_onset_is_where_the_rate_rose() -> None:
    # one story at tick 0, then eight in the last four ticks
    counts = [TickCounts(0, 1, 1), *(TickCounts(tick, 2, 2) for tick in range(40, 44))]
    assert CurrentWindow(43, 48, counts).onset(0.02) == 40


def test_without_more_than_usual_the_onset_is_now() -> None:
    assert CurrentWindow(10, 4, [TickCounts(10, 1, 1)]).onset(5.0) == 10
