from random import Random

import msgspec
import pytest

from rl.drift.detectors import downwards, either_way
from rl.drift.level import LevelConfig, LevelState, LevelWatch


def days(n: int, seed: int, *, level: float = 0.25, spread: float = 0.02) -> list[float]:
    """Figures that hang together (half of yesterday's deviation), with lower weekends."""
    draw, deviation, found = Random(seed), 0.0, []
    for day in range(n):
        deviation = 0.5 * deviation + draw.gauss(0.0, spread * 0.866)
        found.append(level + deviation - (spread if day % 7 > 4 else 0.0))
    return found


def detected(watch: LevelWatch, figures: list[float], version: str = "p-1") -> list[int]:
    return [day for day, figure in enumerate(figures) if watch.update(figure, version)]


def test_a_steady_stream_drifts_less_than_once_in_five_years() -> None:
    # 0.10 a year in benchmarks/drift.md, on a rougher stream: 40 years would have 4; 8 are two deviations above that
    n_detected = sum(len(detected(LevelWatch(either_way), days(730, seed))) for seed in range(20))
    assert n_detected <= 8


@pytest.mark.parametrize("shift", [0.06, -0.06])
def test_a_lasting_change_of_three_deviations_is_found_within_a_month(shift: float) -> None:
    delays = []
    for seed in range(10):
        figures = days(100, seed)
        figures += [figure + shift for figure in days(60, seed + 100)]
        found = [day for day in detected(LevelWatch(either_way), figures) if day >= 100]
        delays.append(found[0] - 100 if found else 99)
    assert sorted(delays)[8] <= 30  # nine in ten


def test_a_crisis_of_two_days_is_no_drift_however_great() -> None:
    figures = days(120, 3)
    figures[80:82] = [0.9, 0.9]
    assert detected(LevelWatch(either_way), figures) == []


def test_a_swap_of_policies_is_no_drift() -> None:
    watch = LevelWatch(either_way)
    assert detected(watch, days(60, 5), "p-1") == []
    assert detected(watch, days(60, 6, level=0.40), "p-2") == []
    # and a change after it is one
    assert detected(watch, days(60, 7, level=0.52), "p-2") != []


def test_a_swap_while_the_usual_is_learned_is_no_drift_either() -> None:
    watch = LevelWatch(either_way)
    assert detected(watch, days(14, 5), "p-1") + detected(watch, days(100, 6, level=0.40), "p-2") == []


def test_a_fall_of_the_reward_is_found_and_a_rise_is_welcome() -> None:
    def rewards(level: float, seed: int) -> list[float]:
        draw = Random(seed)
        return [draw.gauss(level, 0.04) for _ in range(60)]

    config = LevelConfig(n_reference=14)
    assert detected(LevelWatch(downwards, config), [*rewards(0.8, 1), *rewards(0.95, 2)]) == []
    found = detected(LevelWatch(downwards, config), [*rewards(0.8, 1), *rewards(0.68, 2)])
    # a fall of 0.12 is three deviations: 10 / (3 - 0.5) = 4 days
    assert found
    assert 60 < found[0] < 72


def test_after_a_change_the_usual_is_learned_anew() -> None:
    watch = LevelWatch(either_way, LevelConfig(n_reference=14))
    figures = [*days(60, 1), *days(60, 2, level=0.5)]
    assert len(detected(watch, figures)) == 1
    assert watch.get() is not None
    assert abs(watch.get() or 9.0) < 1.5


@pytest.mark.parametrize("cut", [5, 40, 75, 110, 500])
def test_a_restored_watch_goes_on_as_the_original(cut: int) -> None:
    figures = [*days(100, 1), *days(60, 2, level=0.4), *days(450, 3, level=0.4)]
    original = LevelWatch(either_way)
    detected(original, figures[:cut], "p-1")
    state = msgspec.json.decode(msgspec.json.encode(original.snapshot()), type=LevelState)
    restored = LevelWatch(either_way, state=state)
    rest = figures[cut:]
    assert detected(original, rest, "p-2") == detected(restored, rest, "p-2")
    assert original.get() == restored.get()
    assert original.snapshot() == restored.snapshot()


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="value must be finite, got nan"):
        LevelWatch(either_way).update(float("nan"), "p-1")
