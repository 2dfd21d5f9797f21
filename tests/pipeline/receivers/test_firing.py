from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.receivers.firing import FiringAlerts
from pipeline.receivers.notice import ActionTold, told_of
from pipeline.receivers.sample import sample_alert

NOW = datetime(2026, 1, 2, 16, 0, tzinfo=UTC)
OPENED = sample_alert()  # at 15:00
ESCALATED = sample_alert(
    number=2, transition="escalated", severity="critical", at=datetime(2026, 1, 2, 15, 30, tzinfo=UTC)
)
CLOSED = sample_alert(number=3, transition="closed", severity="warning", at=datetime(2026, 1, 2, 15, 50, tzinfo=UTC))


def severities(firing: FiringAlerts, now: datetime = NOW) -> dict[str, bool]:
    return {posting.severity: posting.is_firing for posting in firing.get(now)}


def test_an_opened_episode_fires_from_its_event_time() -> None:
    (posting,) = FiringAlerts(900.0).update(OPENED, NOW)
    assert (posting.severity, posting.starts_at, posting.ends_at) == ("warning", OPENED.opened_at, None)


def test_escalating_ends_the_severity_before_in_the_same_update() -> None:
    firing = FiringAlerts(900.0)
    firing.update(OPENED, NOW)
    before, after = firing.update(ESCALATED, NOW)
    assert (before.severity, before.ends_at) == ("warning", ESCALATED.at)
    assert (after.severity, after.ends_at, after.starts_at) == ("critical", None, OPENED.opened_at)


def test_a_stronger_surge_of_the_same_severity_stays_one_alert() -> None:
    firing = FiringAlerts(900.0)
    firing.update(sample_alert(severity="critical"), NOW)
    (posting,) = firing.update(ESCALATED, NOW)
    assert (posting.severity, posting.alert) == ("critical", ESCALATED)


def test_closing_ends_only_what_fires_whatever_severity_the_last_transition_names() -> None:
    firing = FiringAlerts(900.0)
    for alert in (OPENED, ESCALATED):
        firing.update(alert, NOW)
    ended = {posting.severity: posting.ends_at for posting in firing.update(CLOSED, NOW)}
    assert ended == {"critical": CLOSED.at}
    assert severities(firing) == {"warning": False, "critical": False}


def test_a_closing_whose_opening_is_unknown_is_told_all_the_same() -> None:
    (posting,) = FiringAlerts(900.0).update(CLOSED, NOW)
    assert (posting.severity, posting.ends_at) == ("warning", CLOSED.at)


def test_event_time_ahead_of_the_clock_is_told_as_now() -> None:
    tomorrow = NOW + timedelta(days=1)
    firing = FiringAlerts(900.0)
    (started,) = firing.update(sample_alert(at=tomorrow, opened_at=tomorrow), NOW)
    assert started.starts_at == NOW
    later = NOW + timedelta(seconds=60)
    (ended,) = firing.update(sample_alert(number=2, transition="closed", at=tomorrow), later)
    assert (ended.starts_at, ended.ends_at) == (NOW, later)


def test_an_end_is_never_before_its_start() -> None:
    firing = FiringAlerts(900.0)
    firing.update(OPENED, NOW)
    (posting,) = firing.update(
        sample_alert(number=2, transition="closed", at=OPENED.opened_at - timedelta(hours=1)), NOW
    )
    assert posting.ends_at == posting.starts_at


def test_ended_ones_are_told_for_the_retention_and_open_ones_for_ever() -> None:
    firing = FiringAlerts(900.0)
    for alert in (OPENED, ESCALATED):
        firing.update(alert, NOW)
    assert severities(firing, NOW + timedelta(seconds=899)) == {"warning": False, "critical": True}
    assert severities(firing, NOW + timedelta(seconds=900)) == {"critical": True}
    assert severities(firing, NOW + timedelta(days=30)) == {"critical": True}


def test_a_forgotten_episode_is_told_no_more() -> None:
    firing = FiringAlerts(900.0)
    firing.update(OPENED, NOW)
    firing.update(sample_alert(episode=2), NOW)
    firing.forget(OPENED)
    assert [posting.alert.episode for posting in firing.get(NOW)] == [2]


@given(st.lists(st.sampled_from(["warning", "critical"]), min_size=1, max_size=5), st.booleans(), st.integers(0, 5))
def test_transitions_that_come_again_change_nothing(levels: list[str], is_closed: bool, from_: int) -> None:
    alerts = [
        sample_alert(number=i + 1, transition="escalated" if i else "opened", severity=level)
        for i, level in enumerate(levels)
    ]
    if is_closed:
        alerts.append(sample_alert(number=len(alerts) + 1, transition="closed"))
    firing = FiringAlerts(900.0)
    for alert in alerts:
        firing.update(alert, NOW)
    held = firing.get(NOW)
    for alert in alerts[from_:]:
        changed = firing.update(alert, NOW)
        assert bool(changed) == (alert is alerts[-1]), "only the last has anything to say"
    assert firing.get(NOW) == held
    assert sum(posting.is_firing for posting in held) == (0 if is_closed else 1)


def test_a_restored_snapshot_ends_as_the_original_does() -> None:
    original, restored = FiringAlerts(0.0), FiringAlerts(0.0)
    for alert in (OPENED, ESCALATED):
        original.update(alert, NOW)
    restored.update(sample_alert(topic="gone"), NOW)
    restored.restore(original.snapshot(), NOW)
    assert restored.get(NOW) == original.get(NOW)
    assert [p.severity for p in restored.update(CLOSED, NOW) if p.ends_at == CLOSED.at] == ["critical"]


def test_a_negative_retention_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match=r"retention_s must be >= 0, got -1"):
        FiringAlerts(-1.0)


SEEN = ActionTold(id="a", type="acknowledged", by="ada", at=NOW)


def test_who_looks_after_an_episode_is_told_with_it_from_then_on_also_of_a_graver_one() -> None:
    firing = FiringAlerts(900.0)
    firing.update(OPENED, NOW)
    (posting,) = firing.update(told_of(OPENED, SEEN), NOW)
    assert (posting.acknowledged, posting.alert, posting.is_firing) == (SEEN, OPENED, True)
    firing.update(ESCALATED, NOW)
    assert [(each.severity, each.acknowledged) for each in firing.get(NOW)] == [("warning", SEEN), ("critical", SEEN)]


def test_an_acknowledgement_of_an_overtaken_alert_holds_all_the_same() -> None:
    firing = FiringAlerts(900.0)
    firing.update(ESCALATED, NOW)
    (posting,) = firing.update(told_of(OPENED, SEEN), NOW)
    assert (posting.severity, posting.acknowledged) == ("critical", SEEN)


def test_the_episode_of_a_rule_fires_beside_that_of_the_topic() -> None:
    firing, ruled = FiringAlerts(900.0), sample_alert(rule="r")
    firing.update(OPENED, NOW)
    firing.update(ruled, NOW)
    firing.update(CLOSED, NOW)
    assert [posting.alert for posting in firing.get(NOW) if posting.is_firing] == [ruled]


def test_an_acknowledgement_is_in_the_snapshot() -> None:
    original, restored = FiringAlerts(900.0), FiringAlerts(900.0)
    for alert in (OPENED, told_of(OPENED, SEEN)):
        original.update(alert, NOW)
    restored.restore(original.snapshot(), NOW)
    assert [posting.acknowledged for posting in restored.update(CLOSED, NOW)] == [SEEN]
