from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest

from models.labelled.example import Example
from rl.drift.monitor import DriftMonitor, DriftSignal, DriftState, ReadDocument
from rl.rounds.round import ReviewReason, Round, Verdict
from rl.rounds.unit import Unit

START = datetime(2026, 1, 1, tzinfo=UTC)


def documents(first_day: int, n_days: int, *, p_english: float = 0.95, seed: int = 0) -> list[ReadDocument]:
    draw = Random(seed)
    found = []
    for number in range(n_days * 250):
        p_negative = draw.betavariate(2, 6)
        rest = 1.0 - p_negative
        found.append(
            ReadDocument(
                START + timedelta(days=first_day + number / 250),
                "p-1",
                (p_negative, 0.6 * rest, 0.4 * rest),
                n_mentions=draw.randrange(4),
                is_english=draw.random() < p_english,
                is_social=draw.random() < 0.5,
            )
        )
    return found


def rounds(first_day: int, n_days: int, *, p_right: float, seed: int = 0) -> list[Round]:
    draw = Random(seed)
    return [
        Round(
            id=f"r{first_day}-{number}",
            document_id=f"d{number}",
            story=f"s{number}",
            text="Acme",
            kind="news",
            source="Wire",
            published_at=START,
            decided_at=START,
            policy_version="p-1",
            served=(Unit(1),),
            p_review=0.02,
            review_reason=ReviewReason.BLIND,
            analyst="ada",
            verdict=Verdict.CORRECT,
            right=Example("Acme", 1),
            corrected_at=START + timedelta(days=first_day + number / 60),
            reward=float(draw.random() < p_right),
        )
        for number in range(n_days * 60)
    ]


def test_nothing_drifts_in_a_steady_stream() -> None:
    monitor = DriftMonitor()
    assert [drift for document in documents(0, 90) for drift in monitor.read(document)] == []
    assert all(abs(level or 0.0) < 1.5 for level in monitor.get().values())


def test_documents_in_another_language_are_found_and_named() -> None:
    monitor = DriftMonitor()
    stream = [*documents(0, 45), *documents(45, 20, p_english=0.80, seed=1)]
    assert {drift for document in stream for drift in monitor.read(document)} == {DriftSignal.NOT_ENGLISH}


def test_a_lasting_fall_of_the_reward_is_found() -> None:
    monitor = DriftMonitor()
    stream = [*rounds(0, 30, p_right=0.85), *rounds(30, 30, p_right=0.60, seed=1)]
    found = [(answered.corrected_at, drift) for answered in stream for drift in monitor.answered(answered)]
    assert [drift for _, drift in found] == [DriftSignal.REWARD]
    assert START + timedelta(days=30) < found[0][0] < START + timedelta(days=42)


def test_found_and_quarantined_rounds_say_nothing_of_the_reward() -> None:
    monitor = DriftMonitor()
    before = monitor.snapshot()
    for answered in rounds(0, 5, p_right=0.8):
        monitor.answered(replace(answered, weight=0.0))
        monitor.answered(replace(answered, p_review=None, review_reason=ReviewReason.FOUND))
    assert monitor.snapshot() == before


@pytest.mark.parametrize("cut", [3_000, 12_001])
def test_a_restored_monitor_goes_on_as_the_original(cut: int) -> None:
    stream = [*documents(0, 45), *documents(45, 20, p_english=0.80, seed=1)]
    original = DriftMonitor()
    for document in stream[:cut]:
        original.read(document)
    state = msgspec.json.decode(msgspec.json.encode(original.snapshot()), type=DriftState)
    restored = DriftMonitor(state=state)
    assert [original.read(document) for document in stream[cut:]] == [restored.read(d) for d in stream[cut:]]
    assert original.snapshot() == restored.snapshot()
