from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rl.gate.ledger import LedgerDamaged, SpendingLedger, Use
from rl.gate.spending import SpendingConfig

AT = datetime(2026, 1, 2, tzinfo=UTC)


def spend(ledger: SpendingLedger, number: int, held_out: str = "h") -> Use:
    use = ledger.spend(held_out, question=f"q{number}", candidate=f"p-{number}", at=AT)
    assert use is not None
    return use


def test_a_ledger_that_is_opened_again_remembers(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    first = spend(SpendingLedger(path), 1)
    second = spend(SpendingLedger(path), 2)
    assert (first.number, second.number) == (1, 2)
    assert second.level == pytest.approx(first.level / 2)


def test_a_question_that_was_never_answered_was_no_promotion(tmp_path: Path) -> None:
    ledger = SpendingLedger(tmp_path / "ledger.jsonl")
    spend(ledger, 1)
    assert ledger.history("h").next_level(SpendingConfig()) == pytest.approx(0.0125157 / 2, rel=1e-5)


def test_a_promotion_hands_its_level_on(tmp_path: Path) -> None:
    ledger = SpendingLedger(tmp_path / "ledger.jsonl")
    ledger.settle(spend(ledger, 1), is_promoted=True, at=AT)
    assert spend(ledger, 2).level == pytest.approx(0.0125157 * 1.5, rel=1e-5)


def test_held_out_sets_do_not_pay_for_each_other(tmp_path: Path) -> None:
    ledger = SpendingLedger(tmp_path / "ledger.jsonl")
    assert spend(ledger, 1).level == spend(ledger, 2, held_out="other").level


def test_a_line_cut_off_by_a_crash_was_never_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    spend(SpendingLedger(path), 1)
    with path.open("ab") as file:
        file.write(b'{"type":"use","held_out":"h","que')
    assert spend(SpendingLedger(path), 2).number == 2
    assert len(path.read_bytes().splitlines()) == 2
    assert spend(SpendingLedger(path), 3).number == 3


def test_a_ledger_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"{}\n")
    with pytest.raises(LedgerDamaged, match=r"line 1 is not of a ledger"):
        SpendingLedger(path).spend("h", question="q", candidate="p", at=AT)


def test_questions_at_the_same_time_have_numbers_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with ThreadPoolExecutor(4) as pool:
        uses = list(pool.map(lambda number: spend(SpendingLedger(path), number), range(8)))
    assert sorted(use.number for use in uses) == list(range(1, 9))
