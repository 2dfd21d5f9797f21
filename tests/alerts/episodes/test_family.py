from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.episodes.family import Ancestor, FamilyConfig, Standing, as_parent, standing_of
from alerts.surges.evidence import Evidence, SurgeReason

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
CONFIG = FamilyConfig()


def found(topic: str, n_negative: int, expected: float, **changes: Any) -> Evidence:
    fields: dict[str, Any] = {
        "topic": topic,
        "at": NOON,
        "reason": SurgeReason.SURGE,
        "is_over": True,
        "is_raised": True,
        "return_period_s": 5e6,
        "n_negative": n_negative,
        "n_stories": 2 * n_negative,
        "expected": expected,
        "expected_low": 0,
        "expected_high": 5,
        "negative_share": 0.5,
        "usual_share": 0.2,
        "p_volume": 1e-6,
        "p_share": 1e-3,
        "onset_at": NOON,
        "n_sources": 5,
        "baseline_age_s": 1e6,
        "dispersion": 1.0,
    }
    return Evidence(**fields | changes)


def shock(factor: float, n_children: int = 5) -> list[Evidence]:
    """Children that usually have two negative stories each, and now `factor` times as many."""
    return [found(f"bank{n}", round(2 * factor), 2.0) for n in range(n_children)]


def stands(evidence: Evidence, *ancestors: tuple[Evidence | None, bool]) -> Standing:
    """Return how a topic stands to ancestors with five children each, of which no other is raised."""
    return standing_of(evidence, [Ancestor(each, is_open, 0, 5) for each, is_open in ancestors], CONFIG)


def test_what_one_child_explains_is_that_child_s() -> None:
    # without the child 12 where 10 are usual: 0.6 deviations
    told = as_parent(found("banks", 32, 12.0, n_unnamed=30), [found("ubs", 20, 2.0)], 5, CONFIG)
    assert (told.is_over, told.reason) == (False, SurgeReason.OF_CHILDREN)


def test_what_names_the_parent_itself_is_the_parent_s_though_it_names_the_child_as_well() -> None:
    # 28 of the 32 name it, where 12 are usual
    told = as_parent(found("ftx", 32, 12.0, n_unnamed=4), [found("alameda", 30, 2.0)], 1, CONFIG)
    assert (told.is_over, told.reason) == (True, SurgeReason.SURGE)


def test_what_many_children_have_at_once_is_the_parent_s() -> None:
    told = as_parent(found("banks", 40, 10.0), shock(4), 5, CONFIG)
    assert (told.is_over, told.reason) == (True, SurgeReason.SHARED)


def test_many_children_at_once_tell_before_the_parent_s_own_counts_do() -> None:
    parent = found("banks", 40, 10.0, is_over=False, reason=SurgeReason.VOLUME_NOT_RAISED, dispersion=20.0)
    assert as_parent(parent, shock(4), 5, CONFIG).reason is SurgeReason.SHARED
    # of a hundred children four are raised at any time: five are no sign
    assert not as_parent(parent, shock(4), 100, CONFIG).is_over


def test_a_child_waits_while_more_of_its_siblings_are_raised_than_usual() -> None:
    # of ten 0.4 are raised at any time: with two more it may be the beginning of something
    assert standing_of(found("ubs", 8, 2.0), [Ancestor(None, False, 2, 10)], CONFIG) is Standing.ALONE
    assert standing_of(found("ubs", 8, 2.0), [Ancestor(None, False, 3, 10)], CONFIG) is Standing.GATHERING


def test_two_children_are_no_shock_yet() -> None:
    told = as_parent(found("banks", 40, 10.0, n_unnamed=36), shock(8, n_children=2), 5, CONFIG)
    assert (told.is_over, told.reason) == (False, SurgeReason.OF_CHILDREN)


def test_what_is_spread_over_children_must_be_rarer() -> None:
    spread = found("banks", 40, 10.0, n_unnamed=40)  # once in 58 days
    assert as_parent(spread, [], 5, CONFIG).reason is SurgeReason.DIFFUSE
    rare = found("banks", 40, 10.0, n_unnamed=40, return_period_s=8e6)
    assert as_parent(rare, [], 5, CONFIG).reason is SurgeReason.SURGE


def test_a_topic_without_children_is_not_regarded() -> None:
    assert as_parent(found("ubs", 40, 10.0), [], 0, CONFIG).reason is SurgeReason.SURGE


def test_a_surge_of_the_theme_itself_is_its_own() -> None:
    told = as_parent(found("banks", 40, 10.0), [found("ubs", 6, 2.0)], 5, CONFIG)
    assert (told.is_over, told.reason) == (True, SurgeReason.SURGE)


def test_children_that_are_not_raised_explain_nothing() -> None:
    told = as_parent(found("banks", 32, 12.0), [found("ubs", 20, 2.0, is_over=False, is_raised=False)], 5, CONFIG)
    assert told.is_over


def test_a_child_that_is_hit_as_its_siblings_are_is_folded_into_the_parent_s_surge() -> None:
    # the siblings have 32 of 8 usual ones: four times as many, and so does this one
    assert stands(found("ubs", 8, 2.0), (found("banks", 40, 10.0), True)) is Standing.FOLDED


def test_a_child_with_a_crisis_of_its_own_stands_apart() -> None:
    # the siblings have four times what is usual, this one fifteen times
    assert stands(found("ubs", 30, 2.0), (found("banks", 62, 10.0), True)) is Standing.APART


def test_a_child_waits_while_its_siblings_stir() -> None:
    # 16 where 8 are usual: 2.3 deviations
    assert stands(found("ubs", 8, 2.0), (found("banks", 24, 10.0), False)) is Standing.GATHERING
    # 9 where 8 are usual
    assert stands(found("ubs", 8, 2.0), (found("banks", 17, 10.0), False)) is Standing.ALONE


def test_a_surge_further_up_folds_as_well() -> None:
    quiet, market = found("banks", 11, 10.0, is_over=False), found("market", 400, 100.0)
    assert stands(found("ubs", 8, 2.0), (quiet, False), (market, True)) is Standing.FOLDED


def test_an_ancestor_that_said_nothing_is_not_regarded() -> None:
    assert standing_of(found("ubs", 8, 2.0), [Ancestor(None, True, 0, 5)], CONFIG) is Standing.ALONE


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"min_children": 1}, "min_children must be >= 2, got 1"),
        ({"gather_s": -1}, "gather_s must be >= 0, got -1"),
        ({"min_excess": 0.5}, "min_excess must be >= 1, got 0.5"),
    ],
)
def test_a_wrong_configuration_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FamilyConfig(**config)


def test_a_topic_with_few_stories_is_as_busy_as_its_ancestor() -> None:
    # by day the banks write twice as much as on average, and three times as bad: 12 of 2 are no crisis of its own
    banks = found("banks", 62, 20.0, average=10.0)
    assert stands(found("ubs", 12, 2.2, average=2.0), (banks, True)) is Standing.FOLDED
    assert stands(found("ubs", 40, 2.2, average=2.0), (banks, True)) is Standing.APART
