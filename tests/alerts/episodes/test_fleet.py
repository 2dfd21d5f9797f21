from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from alerts.episodes.episodes import EpisodeTracker, TransitionKind
from alerts.episodes.fleet import MAX_AFFECTED, Change, Family, Fleet
from alerts.rules.book import RuleBook
from alerts.rules.parse import parse_rules
from alerts.surges.evidence import Evidence, SurgeReason

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
BANKS = tuple(f"bank{n:02}" for n in range(20))
FAMILY = Family(dict.fromkeys(BANKS, ("banks", "market")) | {"banks": ("market",), "market": ()})


class Kept(dict[str, EpisodeTracker]):
    def put(self, topic: str, tracker: EpisodeTracker) -> None:
        self[topic] = tracker


def found(topic: str, n_negative: int, expected: float, minutes: float = 0, *, is_over: bool = True) -> Evidence:
    return Evidence(
        topic=topic,
        at=NOON + timedelta(minutes=minutes),
        reason=SurgeReason.SURGE if is_over else SurgeReason.VOLUME_NOT_RAISED,
        is_over=is_over,
        is_raised=is_over,
        return_period_s=5e6 if is_over else 1e3,
        n_negative=n_negative,
        n_stories=2 * n_negative,
        expected=expected,
        expected_low=0,
        expected_high=5,
        negative_share=0.5,
        usual_share=0.2,
        p_volume=1e-6,
        p_share=1e-3,
        onset_at=NOON,
        n_sources=5,
        baseline_age_s=1e6,
        dispersion=1.0,
        n_unnamed=n_negative if topic in ("banks", "market") else 0,
    )


def closed(fleet: Fleet, *told: Sequence[Evidence]) -> list[Change]:
    return [change for tick in told for change in fleet.close(tick[0].at, tick)]


def opened(changes: Sequence[Change]) -> list[str]:
    return [each.transition.topic for each in changes if each.transition.kind is TransitionKind.OPENED]


def new_fleet() -> Fleet:
    return Fleet(Kept(), FAMILY, lambda _at: RuleBook())


def shock(minutes: float, factor: float, **others: int) -> list[Evidence]:
    """Twenty banks with two usual negative stories each, the theme and the market over them."""
    counts = {bank: round(2 * factor) for bank in BANKS} | others
    total = sum(counts.values())
    told = [found(bank, n, 2.0, minutes) for bank, n in counts.items()]
    return [*told, found("banks", total, 40.0, minutes), found("market", total, 40.0, minutes)]


def test_a_market_shock_is_one_alert() -> None:
    changes = closed(new_fleet(), *[shock(5 * n, 4) for n in range(12)])
    # the market has one child that is raised, which explains it
    assert opened(changes) == ["banks"]


def test_it_says_whom_it_reaches() -> None:
    (change,) = closed(new_fleet(), shock(0, 4))
    assert (len(change.affected), change.n_affected) == (MAX_AFFECTED, 20)
    assert change.transition.reason is SurgeReason.SHARED


def test_a_topic_with_a_crisis_of_its_own_inside_a_shock_alerts() -> None:
    changes = closed(new_fleet(), shock(0, 4), shock(5, 4, bank07=40))
    assert opened(changes)[1:] == ["bank07"]


def test_what_was_folded_stays_quiet_when_the_shock_is_over() -> None:
    fleet = new_fleet()
    closed(fleet, shock(0, 4))
    after = [
        found("bank00", 8, 2.0, 500),
        found("banks", 9, 40.0, 500, is_over=False),
        found("market", 9, 40.0, 500, is_over=False),
    ]
    assert opened(closed(fleet, after)) == []


def test_the_first_child_of_a_shock_waits_for_the_others() -> None:
    first = [found("bank00", 8, 2.0), found("banks", 70, 40.0, is_over=False)]
    changes = closed(new_fleet(), first, shock(5, 4))
    assert len(opened(changes)) == 1
    assert opened(changes) != ["bank00"]


def test_a_child_whose_siblings_only_stirred_alerts_a_little_later() -> None:
    ticks = [[found("bank00", 8, 2.0, 5 * n), found("banks", 60, 40.0, 5 * n, is_over=False)] for n in range(5)]
    changes = closed(new_fleet(), *ticks)
    assert opened(changes) == ["bank00"]
    assert changes[0].transition.at == NOON + timedelta(minutes=15)


def test_a_rule_that_is_off_silences_the_parent_and_not_the_children() -> None:
    book = parse_rules("topics: {banks: {is_on: false}, market: {is_on: false}}")
    changes = closed(Fleet(Kept(), FAMILY, lambda _at: book), shock(0, 4))
    # the siblings stir: they wait for their parent, which never says anything
    assert opened(changes) == []
    later = closed(Fleet(Kept(), FAMILY, lambda _at: book), *[shock(5 * n, 4) for n in range(4)])
    assert len(opened(later)) == 20


def test_states_travel() -> None:
    kept = Kept()
    fleet = Fleet(kept, FAMILY, lambda _at: RuleBook())
    closed(fleet, shock(0, 4))
    again = Kept({name: EpisodeTracker.restore(each.rule, each.snapshot()) for name, each in kept.items()})
    assert closed(Fleet(again, FAMILY, lambda _at: RuleBook()), shock(5, 4)) == closed(fleet, shock(5, 4))


def test_what_a_grandchild_explains_is_that_grandchild_s_though_its_parent_is_not_raised() -> None:
    tick = [found("bank00", 30, 2.0), found("banks", 40, 40.0, is_over=False), found("market", 75, 40.0)]
    # without the bank the market has 45 where 38 are usual: one deviation
    assert opened(closed(new_fleet(), tick)) == ["bank00"]
