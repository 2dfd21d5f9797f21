import pytest

from alerts.surges.current import CurrentWindow, Expected, StoryCount, TickCounts


def usual(level: float) -> Expected:
    """Return what is expected of a topic with so many negative stories a tick, however many others there are."""
    return lambda _n_other, n_ticks, ratio: level * n_ticks * ratio


def test_only_ticks_of_the_window_count() -> None:
    counts = [TickCounts(6, 1, 1, 0, (1,)), TickCounts(7, 2, 1, 1, (2,)), TickCounts(10, 3, 2, 0, (2, 3))]
    window = CurrentWindow(10, 4, counts)
    assert (window.n_stories, window.n_negative, window.n_posts, window.n_sources) == (5, 3, 1, 2)


def test_the_residual_is_a_mean_of_root_differences() -> None:
    # last tick: 2 (sqrt 2.375 - sqrt 0.475) = 1.7038; four ticks: 2 (sqrt 3.375 - sqrt 0.775) = 1.9136
    window = CurrentWindow(10, 4, [TickCounts(8, 2, 1), TickCounts(10, 3, 2)])
    assert window.residual(usual(0.1), (1, 4), 0.0) == pytest.approx((1.7038 + 1.9136) / 2, abs=1e-3)


def test_fewer_than_usual_is_nothing() -> None:
    assert CurrentWindow(10, 4, []).residual(usual(1.0), (4,), 0.0) == 0.0


def test_each_scale_is_told_its_own_other_stories() -> None:
    asked = []
    counts = [TickCounts(3, 5, 2), TickCounts(8, 2, 1), TickCounts(10, 3, 2)]
    CurrentWindow(10, 4, counts).residual(lambda *said: asked.append(said) or 1.0, (1, 4, 8), 0.0)
    assert asked == [(1, 1, 1.0), (2, 4, 1.0), (5, 8, 1.0)]


def test_where_hours_differ_by_more_than_chance_the_same_excess_is_less() -> None:
    # of 100 where 25 are usual: 2 (sqrt 100.375 - sqrt 25.375) = 9.96, and with a variance of the mean and a
    # twentieth of its square 2 (asinh sqrt 5.01875 - asinh sqrt 1.26875) / sqrt 0.05 = 5.17
    window = CurrentWindow(10, 4, [TickCounts(10, 100, 100)])
    assert window.residual(usual(6.25), (4,), 0.0) == pytest.approx(9.96, abs=0.01)
    assert window.residual(usual(6.25), (4,), 0.05) == pytest.approx(5.17, abs=0.01)


def test_the_onset_is_where_the_rate_rose() -> None:
    # one story at tick 0, then eight in the last four ticks
    counts = [TickCounts(0, 1, 1), *(TickCounts(tick, 2, 2) for tick in range(40, 44))]
    assert CurrentWindow(43, 48, counts).onset(0.02) == 40


def test_without_more_than_usual_the_onset_is_now() -> None:
    assert CurrentWindow(10, 4, [TickCounts(10, 1, 1)]).onset(5.0) == 10


def test_the_ratio_of_a_window_is_the_mean_over_its_stories() -> None:
    counts = TickCounts(10)
    counts.add([StoryCount(True, ratio=1.5), StoryCount(False, ratio=1.5), StoryCount(True), StoryCount(False)])
    window = CurrentWindow(10, 4, [TickCounts(8, 4, 1), counts])
    assert window.ratio == 1.125  # six of 1, two of 1.5
    assert counts.n_negative_first == pytest.approx(1 + 1 / 1.5)


def test_each_scale_expects_what_its_own_policies_would_find() -> None:
    counts = TickCounts(10)
    counts.add([StoryCount(True, ratio=2.0)] * 3)
    # last tick: 2 (sqrt 3.375 - sqrt (0.4 * 2 + 0.375)); four ticks: half of the stories, 4 * 0.4 * 1.5
    window = CurrentWindow(10, 4, [TickCounts(8, 3, 1), counts])
    expected = (2 * (3.375**0.5 - 1.175**0.5) + 2 * (4.375**0.5 - 2.775**0.5)) / 2
    assert window.residual(usual(0.4), (1, 4), 0.0) == pytest.approx(expected, abs=1e-12)


def test_a_story_that_is_corrected_leaves_with_its_source() -> None:
    left, right = StoryCount(True, True, 7), StoryCount(True, False, 8)
    counts = TickCounts(10)
    counts.add([left, right])
    assert (counts.n_negative, counts.n_posts, counts.sources) == (2, 1, (7, 8))
    counts.revise(left, StoryCount(False, True, 7), known=[8])
    assert (counts.n_stories, counts.n_negative, counts.n_posts, counts.sources) == (2, 1, 0, (8,))
    assert (counts.n_corrected, counts.n_retracted) == (1, 0)
    counts.revise(right, None, known=[])
    assert (counts.n_stories, counts.n_negative, counts.sources, counts.n_corrected) == (1, 0, (), 2)
    before = counts.uncorrected()
    assert (before.n_stories, before.n_negative) == (2, 2)
    counts.revise(None, right, known=[8])
    assert (counts.n_stories, counts.n_negative, counts.sources, counts.n_corrected) == (2, 1, (8,), 1)


def test_the_source_of_a_story_stays_where_others_of_its_tick_are_forgotten() -> None:
    counts = TickCounts(10, 3, 3, 0, (7, 8))
    counts.revise(StoryCount(True, False, 7), None, known=[8])
    assert counts.sources == (7, 8)


def test_more_than_was_counted_cannot_be_taken_back() -> None:
    # stories from before corrections, whose first document was replaced: they do not know what they were found as
    counts = TickCounts(10, 1, 1, 0, (7,))
    counts.revise(StoryCount(False), None, known=[])
    assert (counts.n_stories, counts.n_negative) == (0, 0)
    counts.revise(StoryCount(True, True), StoryCount(False), known=[])
    assert (counts.n_stories, counts.n_negative, counts.n_posts) == (1, 0, 0)
