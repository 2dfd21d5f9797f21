import msgspec
import numpy as np
import pytest

from rl.gate.rollback import Audit, RollbackConfig, RollbackReason, RollbackState, RollbackWatch

CONFIG = RollbackConfig(min_p_review=0.02)


def rolls_back(difference: float, rng: np.random.Generator, n_audits: int) -> bool:
    """8 in 100 rewards differ; review probability is 0.02 to 0.3, greater where policies differ."""
    watch = RollbackWatch(CONFIG)
    while watch.get().n_audits < n_audits:
        n = 4_000
        is_apart = rng.random(n) < 0.08
        p_review = np.where(is_apart, 0.3, 0.02)
        gains = rng.random(n) < 0.5 + difference / 0.16
        for document in np.flatnonzero(rng.random(n) < p_review):
            change = (1.0 if gains[document] else -1.0) if is_apart[document] else 0.0
            served, previous = (1.0 + change) / 2, (1.0 - change) / 2
            watch.update(Audit(str(watch.get().n_audits), float(p_review[document]), served, previous))
            if watch.get().reason is RollbackReason.WORSE:
                return True
    return False


def test_a_policy_that_is_as_good_is_seldom_rolled_back_however_long_it_is_watched() -> None:
    rng = np.random.default_rng(1)
    assert np.mean([rolls_back(0.0, rng, n_audits=1_500) for _ in range(100)]) <= 0.05


def test_a_policy_that_lost_three_points_is_rolled_back() -> None:
    rng = np.random.default_rng(2)
    assert np.mean([rolls_back(-0.03, rng, n_audits=1_500) for _ in range(40)]) >= 0.9


def test_the_evidence_is_the_capital_of_the_bets() -> None:
    watch = RollbackWatch(RollbackConfig(min_p_review=0.5, n_bets=1))
    watch.update(Audit("a", 0.5, served=0.5, previous=1.0))  # 1 + 0.5 * 0.5 / 0.5
    watch.update(Audit("b", 1.0, served=0.5, previous=1.0))  # 1 + 0.5 * 0.5 / 1
    finding = watch.get()
    assert finding.evidence == pytest.approx(1.5 * 1.25, abs=1e-5)
    assert finding.difference == pytest.approx(-0.5)


def test_copies_of_a_story_are_heard_once() -> None:
    watch = RollbackWatch(CONFIG)
    for _ in range(500):
        watch.update(Audit("copied", 0.02, served=0.0, previous=1.0))
    assert (watch.get().n_audits, watch.get().reason) == (1, RollbackReason.NOT_SHOWN)


def test_what_was_shown_stays_shown() -> None:
    watch = RollbackWatch(CONFIG)
    for number in range(100):
        watch.update(Audit(f"bad{number}", 0.02, served=0.5, previous=1.0))
    for number in range(500):
        watch.update(Audit(f"good{number}", 0.02, served=1.0, previous=0.5))
    assert watch.get().reason is RollbackReason.WORSE


def test_a_restored_watch_goes_on_as_the_first_would() -> None:
    audits = [Audit(f"s{number % 70}", 0.05, served=number % 3 / 2, previous=1.0) for number in range(100)]
    first = RollbackWatch(CONFIG)
    for audit in audits[:40]:
        first.update(audit)
    data = msgspec.json.encode(first.snapshot())
    second = RollbackWatch(CONFIG, msgspec.json.decode(data, type=RollbackState))
    for audit in audits[40:]:
        first.update(audit)
        second.update(audit)
    assert second.get() == first.get()


def test_a_snapshot_does_not_change_with_its_watch() -> None:
    watch = RollbackWatch(CONFIG)
    before = watch.snapshot()
    watch.update(Audit("a", 0.02, served=0.0, previous=1.0))
    assert before == RollbackWatch(CONFIG).snapshot()


def test_an_audit_that_was_less_likely_than_any_is_refused() -> None:
    with pytest.raises(ValueError, match=r"p_review must be in \[0.02, 1\], got 0.01"):
        RollbackWatch(CONFIG).update(Audit("a", 0.01, served=1.0, previous=1.0))


def test_a_state_of_other_bets_is_refused() -> None:
    with pytest.raises(ValueError, match="state must have n_bets = 8, got 2"):
        RollbackWatch(CONFIG, RollbackState(log_capitals=[0.0, 0.0]))
