"""Tables of analysts: how many answers, how far believed, what is held. Knows no terminal's width."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.table import Table

from rl.analysts.guard import AnalystGuard
from rl.analysts.quarantine import Quarantine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AnalystRow:
    """What is known of one analyst.

    >>> analyst_rows(AnalystGuard())
    []
    """

    analyst: str
    n_answers: int
    accuracy: float
    accuracy_low: float  # 95 % interval
    accuracy_high: float
    n_compared: float  # ratings that the accuracy rests on
    weight: float  # of each answer, in [0, 1]
    quarantines: tuple[Quarantine, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it for machines."""
        return {**asdict(self), "quarantines": [_held(each) for each in self.quarantines]}


def analyst_rows(guard: AnalystGuard) -> list[AnalystRow]:
    """Return each analyst who has answered, by name."""
    held: dict[str, list[Quarantine]] = {}
    for each in guard.quarantines():
        held.setdefault(each.analyst, []).append(each)
    rows = []
    for name, n_answers in sorted(guard.n_answers().items()):
        known = guard.reliability_of(name)
        low, high = known.interval()
        quarantines = tuple(held.get(name, ()))
        rows.append(
            AnalystRow(name, n_answers, known.accuracy, low, high, known.n_compared, known.weight, quarantines)
        )
    return rows


def analysts_table(rows: list[AnalystRow]) -> Table:
    """Return them for people."""
    table = Table("analyst", "answers", "accuracy (95 %)", "compared", "weight", "held")
    for row in rows:
        accuracy = f"{row.accuracy:.2f} ({row.accuracy_low:.2f}-{row.accuracy_high:.2f})"
        held = "\n".join(f"{each.topic} since {since_of(each)}" for each in row.quarantines)
        table.add_row(
            row.analyst, str(row.n_answers), accuracy, f"{row.n_compared:.0f}", f"{row.weight:.2f}", held or "-"
        )
    return table


def since_of(held: Quarantine) -> str:
    """Return the first day of the push."""
    return f"{_EPOCH + timedelta(days=held.burst.first_day):%Y-%m-%d}"


def _held(held: Quarantine) -> dict[str, Any]:
    return {
        "topic": held.topic,
        "since": since_of(held),
        "push": held.burst.push.name.lower(),
        "reason": held.reason.value,
        "n_rounds": len(held.round_ids),
        "sentence": held.sentence,
    }
