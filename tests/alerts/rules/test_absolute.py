from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rules.absolute import AbsoluteReason, AbsoluteRule, AbsoluteWatch
from alerts.rules.faults import FieldFaults

BIN_S = 300
# four ticks of window, two of `for`, three stories at least
SOUR = AbsoluteRule(name="sour", measure="polarity_below", threshold=-0.4, for_s=600, window_s=1_200, min_stories=3)
BAD = AbsoluteRule(
    name="bad", measure="negative_share_above", threshold=0.5, for_s=600, window_s=1_200, min_stories=3
)


class Told(NamedTuple):
    """The novel stories of a tick."""

    n_stories: int = 0
    n_negative: int = 0
    polarity_sum: float = 0.0


GRIM = Told(4, 4, -3.2)
GLAD = Told(4, 0, 3.2)
NOTHING = Told()


def reasons(rule: AbsoluteRule, *ticks: Told) -> list[str]:
    watch = AbsoluteWatch(rule, BIN_S)
    return [watch.update(100 + n, *told).value for n, told in enumerate(ticks)]


@pytest.mark.parametrize("rule", [SOUR, BAD])
def test_it_begins_once_the_measure_was_beyond_for_so_long(rule: AbsoluteRule) -> None:
    # tick 100 to 102: two ticks, ten minutes
    assert reasons(rule, GRIM, NOTHING, NOTHING) == ["pending", "pending", "began"]


def test_at_the_threshold_is_not_beyond_it() -> None:
    assert reasons(BAD, Told(4, 2)) == ["not_beyond"]
    assert reasons(SOUR, Told(4, 2, -1.6)) == ["not_beyond"]


def test_one_tick_that_is_not_beyond_it_starts_anew() -> None:
    assert reasons(BAD, GRIM, GLAD, GRIM, NOTHING, NOTHING) == [
        "pending",  # 4 of 4
        "not_beyond",  # 4 of 8
        "pending",  # 8 of 12
        "pending",
        "not_beyond",  # the first four have left: 4 of 8
    ]


def test_too_few_stories_do_not_hold_the_threshold() -> None:
    assert reasons(BAD, Told(2, 2), Told(1, 1), NOTHING, NOTHING, NOTHING) == [
        "too_few_stories",  # 2
        "pending",  # 3
        "pending",
        "began",
        "fading",  # the first two have left, and 1 is too few: it goes on
    ]


def test_without_a_wait_it_begins_at_once() -> None:
    at_once = AbsoluteRule(name="x", measure="negative_share_above", threshold=0.5, for_s=0, min_stories=1)
    assert reasons(at_once, Told(1, 1)) == ["began"]


def test_it_ends_when_all_that_spoke_for_it_has_left_the_window() -> None:
    # beyond at ticks 100 to 103, in which the first stories are held; known and not beyond from 104 on
    told = [GRIM, NOTHING, NOTHING, NOTHING, GLAD, NOTHING, NOTHING, NOTHING]
    assert reasons(SOUR, *told)[2:] == ["began", "unchanged", "fading", "fading", "fading", "ended"]


def test_a_lull_ends_nothing() -> None:
    told = [GRIM, NOTHING, NOTHING, NOTHING, GLAD, GRIM, Told(12, 12, -9.6)]
    assert reasons(SOUR, *told)[3:] == ["unchanged", "fading", "fading", "unchanged"]


def test_where_there_are_too_few_stories_to_tell_it_lapses() -> None:
    assert reasons(SOUR, GRIM, *[NOTHING] * 7)[2:] == ["began", "unchanged", *["fading"] * 3, "lapsed"]


def test_a_tick_that_was_applied_changes_nothing() -> None:
    watch = AbsoluteWatch(BAD, BIN_S)
    watch.update(100, *GRIM)
    before = watch.snapshot()

    assert watch.update(100, *GLAD) is AbsoluteReason.ALREADY_APPLIED
    assert watch.update(99, *GLAD) is AbsoluteReason.ALREADY_APPLIED
    assert watch.snapshot() == before


def test_what_is_known_is_told() -> None:
    watch = AbsoluteWatch(SOUR, BIN_S)
    assert watch.get() == (False, None, 0, 0, None)
    watch.update(100, 4, 3, -2.0)
    assert watch.get() == (False, -0.5, 4, 3, 100)
    watch.update(104, 1, 1, -1.0)
    assert watch.get() == (True, None, 1, 1, None)


def test_the_next_tick_is_that_of_the_next_change_and_of_no_other() -> None:
    watch = AbsoluteWatch(SOUR, BIN_S)
    assert watch.next_tick() is None
    watch.update(100, *GLAD)
    assert watch.next_tick() is None
    watch.update(104, *GRIM)
    assert watch.next_tick() == 106
    watch.update(106, *NOTHING)
    assert watch.next_tick() == 111  # last beyond at 107, and four ticks of window
    watch.update(111, *NOTHING)
    assert watch.next_tick() is None


def test_stories_that_leave_can_make_it_begin() -> None:
    watch = AbsoluteWatch(SOUR, BIN_S)
    watch.update(100, *GLAD)
    watch.update(102, *GRIM)
    # the glad ones are gone from 104 on, the grim ones from 106 on: beyond at two ticks, and it takes three
    assert watch.next_tick() is None
    sooner = AbsoluteWatch(
        AbsoluteRule(name="x", measure="polarity_below", threshold=-0.4, for_s=300, window_s=1_200, min_stories=3),
        BIN_S,
    )
    sooner.update(100, *GLAD)
    sooner.update(102, *GRIM)
    assert sooner.next_tick() == 105


def test_a_caller_that_comes_late_learns_of_the_change_then() -> None:
    watch = AbsoluteWatch(SOUR, BIN_S)
    watch.update(100, *GRIM)
    assert watch.update(103, *NOTHING) is AbsoluteReason.BEGAN
    assert watch.update(200, *GRIM) is AbsoluteReason.ENDED


def test_it_is_on_for_as_long_as_it_takes_to_begin_at_least() -> None:
    slow = AbsoluteRule(
        name="x", measure="negative_share_above", threshold=0.5, for_s=3_000, window_s=300, min_stories=1
    )
    told = reasons(slow, *[GRIM] * 11, *[GLAD] * 10)

    assert told[9:11] == ["pending", "began"]  # ten ticks after the first
    assert told[11:] == [*["fading"] * 9, "ended"]  # ten after the last that was beyond


def test_one_tick_between_two_updates_starts_anew() -> None:
    watch = AbsoluteWatch(
        AbsoluteRule(name="x", measure="polarity_below", threshold=-0.4, for_s=3_000, window_s=1_200, min_stories=3),
        BIN_S,
    )
    watch.update(100, *GRIM)
    watch.update(105, *GRIM)  # at 104 nothing was in the window
    assert watch.get().since_tick == 105


def test_a_rule_that_has_become_quicker_changes_at_the_next_tick_and_not_before() -> None:
    watch = AbsoluteWatch(SOUR, BIN_S)
    watch.update(100, *GRIM)
    watch.update(101, *NOTHING)
    at_once = AbsoluteRule(
        name="sour", measure="polarity_below", threshold=-0.4, for_s=0, window_s=1_200, min_stories=3
    )
    restored = AbsoluteWatch.restore(at_once, BIN_S, watch.snapshot())

    assert restored.next_tick() == 102
    assert restored.update(102, *NOTHING) is AbsoluteReason.BEGAN


def test_another_rule_goes_on_with_what_was_counted() -> None:
    watch = AbsoluteWatch(SOUR, BIN_S)
    watch.update(100, *GRIM)
    wider = AbsoluteRule(
        name="sour", measure="polarity_below", threshold=-0.9, for_s=600, window_s=86_400, min_stories=3
    )
    restored = AbsoluteWatch.restore(wider, BIN_S, watch.snapshot())

    assert restored.get().measured == -0.8
    assert restored.update(101, *NOTHING) is AbsoluteReason.NOT_BEYOND


def test_more_negative_stories_than_stories_are_refused() -> None:
    with pytest.raises(ValueError, match=r"n_negative must be between 0 and n_stories \(1\), got 2"):
        AbsoluteWatch(BAD, BIN_S).update(1, 1, 2, 0.0)


@pytest.mark.parametrize("window_s", [14_400, 86_400, 7 * 86_400])
def test_the_state_is_small_however_long_the_window_is(window_s: int) -> None:
    rule = AbsoluteRule(name="x", measure="polarity_below", threshold=-0.4, window_s=window_s)
    watch = AbsoluteWatch(rule, BIN_S)
    for tick in range(5_000_000, 5_003_000):
        watch.update(tick, 120, 60, -55.5)

    # 48 parts of 17 bytes: 1 of the array, 5 of the tick, 3 + 3 of the counts, 5 of the polarity
    assert len(watch.snapshot()) <= 48 * 17 + 32


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"threshold": -1.0}, "threshold must be in (-1, 1], got -1.0: polarity is never below -1"),
        ({"threshold": 1.5}, "threshold must be in (-1, 1], got 1.5: polarity is never above 1"),
        ({"measure": "negative_share_above", "threshold": 1.0}, "threshold must be in [0, 1), got 1.0: a share is"),
        ({"threshold": float("nan")}, "threshold must be in (-1, 1], got nan"),
        ({"for_s": -1}, "for_s must be between 0s and 7d, got -1 s"),
        ({"for_s": 8 * 86_400}, "for_s must be between 0s and 7d, got 691200 s"),
        ({"window_s": 0}, "window_s must be above 0s and at most 7d, got 0 s"),
        ({"min_stories": 0}, "min_stories must be >= 1, got 0"),
        ({"name": ""}, "name must not be empty"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(fields: dict[str, object], message: str) -> None:
    whole: dict[str, object] = {"name": "x", "measure": "polarity_below", "threshold": -0.4}
    with pytest.raises(FieldFaults) as caught:
        AbsoluteRule(**(whole | fields))  # type: ignore[arg-type]
    assert str(caught.value).startswith(message)


N_TICKS = 60
END = N_TICKS + 220  # whatever is on has ended by then: a window of 100 ticks, and 100 more
# grim at most ticks, or nothing would ever hold for long
streams = st.lists(
    st.sampled_from([GRIM, GRIM, Told(1, 1, -1.0), Told(2, 2, -1.2), Told(3, 1, -1.2), GLAD, NOTHING, NOTHING]),
    max_size=N_TICKS,
).map(lambda ticks: {n: told for n, told in enumerate(ticks) if told.n_stories})
rules = st.builds(
    AbsoluteRule,
    name=st.just("x"),
    measure=st.sampled_from(["polarity_below", "negative_share_above"]),
    threshold=st.sampled_from([0.0, 0.3, 0.6]),
    for_s=st.integers(0, 10).map(lambda n: n * BIN_S),
    window_s=st.one_of(st.integers(1, 12), st.sampled_from([60, 100])).map(lambda n: n * BIN_S),
    min_stories=st.integers(1, 6),
)


def changes_by_definition(rule: AbsoluteRule, stream: dict[int, Told]) -> list[tuple[int, str]]:
    """The rule read word by word: at each tick, of the ticks before."""
    window, wait = rule.window_s // BIN_S, rule.for_s // BIN_S
    part = -(-window // 48)  # ticks that are counted together
    n_parts = -(-window // part)
    known: list[bool | None] = []
    changes, is_on = [], False
    for tick in range(END):
        held = [told for at, told in stream.items() if at <= tick and tick // part - n_parts < at // part]
        n = sum(told.n_stories for told in held)
        if rule.measure == "polarity_below":
            is_beyond = sum(told.polarity_sum for told in held) / max(n, 1) < rule.threshold - 1e-9
        else:
            is_beyond = sum(told.n_negative for told in held) / max(n, 1) > rule.threshold
        known.append(is_beyond if n >= rule.min_stories else None)
        if not is_on and tick >= wait and all(known[tick - wait :]):
            is_on = True
            changes.append((tick, "began"))
        elif is_on and not any(known[max(0, tick - max(wait, window) + 1) :]):
            is_on = False
            changes.append((tick, "lapsed" if known[tick] is None else "ended"))
    return changes


def changes(rule: AbsoluteRule, stream: dict[int, Told], empty: set[int]) -> list[tuple[int, str]]:
    """Of a watch that is told of the stream's ticks, of some empty ones, and of those it asks for."""
    watch = AbsoluteWatch(rule, BIN_S)
    found = []
    for tick in range(END):
        if tick in stream or tick in empty or tick == watch.next_tick():
            reason = watch.update(tick, *stream.get(tick, NOTHING))
            watch = AbsoluteWatch.restore(rule, BIN_S, watch.snapshot())
            if reason in (AbsoluteReason.BEGAN, AbsoluteReason.ENDED, AbsoluteReason.LAPSED):
                found.append((tick, reason.value))
    return found


@given(rules, streams, st.sets(st.integers(0, END - 1)))
def test_it_changes_as_defined_whatever_ticks_without_stories_are_left_out(
    rule: AbsoluteRule, stream: dict[int, Told], empty: set[int]
) -> None:
    expected = changes_by_definition(rule, stream)

    assert changes(rule, stream, set()) == expected
    assert changes(rule, stream, empty) == expected
    assert changes(rule, stream, set(range(END))) == expected


def test_the_definition_is_met_in_every_way() -> None:
    stream = {0: GRIM, 4: GLAD, 20: GRIM}
    assert changes_by_definition(SOUR, stream) == [(2, "began"), (7, "ended"), (22, "began"), (27, "lapsed")]
