import math
from typing import Any

import pytest

from alerts.surges.peers import peers_of
from alerts.surges.scale import OwnScale, ScaleConfig

HOUR = 3_600


def filled(values: list[float], **fields: Any) -> OwnScale:
    scale = OwnScale(ScaleConfig(**fields), first_block=0)
    for block, value in enumerate(values):
        scale.update(block, value)
    return scale


def test_without_history_the_prior_speaks() -> None:
    # above 1.2 once in five blocks of six hours, with a mean excess of 0.6
    scale = OwnScale(ScaleConfig(), first_block=0)
    assert scale.return_period_s(0, 1.2) == pytest.approx(30 * HOUR)
    assert scale.return_period_s(0, 1.8) == pytest.approx(30 * HOUR * math.e)


def test_what_is_rare_for_a_quiet_topic_is_common_for_a_restless_one() -> None:
    quiet = filled([0.5 if block % 10 == 0 else 0.0 for block in range(200)])
    restless = filled([0.5 + block % 5 for block in range(200)])
    assert quiet.return_period_s(200, 4.0) > 20 * restless.return_period_s(200, 4.0)


def test_the_realised_return_period_is_near_the_promised_one() -> None:
    # exponential maxima of mean 1: a value above 4 comes once in e^4 = 54.6 blocks
    values = [-math.log(1 - (block * 0.6180339887) % 1) for block in range(240)]
    period = filled(values).return_period_s(240, 4.0) / (6 * HOUR)
    assert 54.6 / 2 < period < 54.6 * 2


def test_only_the_greatest_of_a_block_counts() -> None:
    scale = OwnScale(ScaleConfig(), first_block=0)
    for value in (1.0, 3.0, 2.0, -1.0, 0.0):
        scale.update(5, value)
    assert scale.state.maxima == [(5, 3.0)]


def test_blocks_before_the_first_do_not_count() -> None:
    scale = OwnScale(ScaleConfig(), first_block=5)
    scale.update(4, 9.0)
    scale.update(5, 1.0)
    assert scale.state.maxima == [(5, 1.0)]


def test_a_block_is_not_judged_by_itself() -> None:
    scale = filled([1.0] * 10)
    before = scale.return_period_s(10, 3.0)
    scale.update(10, 9.0)
    assert scale.return_period_s(10, 3.0) == before


def test_memory_is_bounded() -> None:
    scale = filled([1.0] * 1_000, n_blocks=50)
    assert len(scale.state.maxima) <= 51


def test_nothing_is_rarer_than_can_be_known() -> None:
    assert filled([0.1] * 240).return_period_s(240, 1_000.0) == ScaleConfig().max_return_period_s


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"block_s": 0}, "block_s must be > 0, got 0"),
        ({"p_exceeding": 1.0}, r"p_exceeding must be in \(0, 1\), got 1.0"),
        ({"max_return_period_s": 1.0}, r"max_return_period_s must be >= block_s \(21600\), got 1.0"),
    ],
)
def test_a_wrong_configuration_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScaleConfig(**fields)


def test_what_is_rare_for_a_new_topic_is_what_is_rare_for_its_peers() -> None:
    quiet, busy = (
        OwnScale(ScaleConfig(), first_block=0).return_period_s(8, 5.0, peers_of(level)) for level in (0.1, 100)
    )
    assert busy < quiet / 10


def test_own_blocks_outweigh_the_peers() -> None:
    scale = OwnScale(ScaleConfig(), first_block=0)
    for block in range(240):
        scale.update(block, 1.0 + block % 10 / 10)
    quiet, busy = (scale.return_period_s(240, 1.9, peers_of(level)) for level in (0.1, 100))
    assert quiet / 2 < busy < 2 * quiet


def test_another_class_of_volume_is_believed_at_once() -> None:
    scale = OwnScale(ScaleConfig(), first_block=0)
    before = scale.return_period_s(8, 5.0, peers_of(0.1))
    assert scale.return_period_s(8, 5.0, peers_of(100)) < before
    assert scale.return_period_s(8, 5.0, peers_of(0.1)) == before


def test_nothing_unusual_is_not_rare_though_own_maxima_are_far_below_those_of_peers() -> None:
    scale = OwnScale(ScaleConfig(), first_block=0)
    for block in range(60):
        scale.update(block, 0.5)
    nothing, some, much = (scale.return_period_s(60, value, peers_of(100)) for value in (0.0, 0.4, 3.0))
    assert nothing == ScaleConfig().block_s
    assert nothing < some < 10 * nothing < much
