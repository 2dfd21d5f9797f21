"""The rounds of the log, with what each weighs by all that is known of who gave them.

What is new is decoded and looked at once, so that a turn costs what has come since the last one. Knows no Kafka.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

from pipeline.feedback.records import RoundRecord
from pipeline.feedback.round_record import round_of
from pipeline.learner.round_log import LoggedRound, RoundLog
from pipeline.records import decode
from rl.analysts.guard import AnalystGuard, GuardReason
from rl.analysts.quarantine import Quarantine, Release
from rl.analysts.reliability import Reliability
from rl.rounds.round import Round


class WeighedRounds:
    """The round log and the guard over analysts, which know of the same rounds.

    >>> rounds = WeighedRounds(RoundLog(":memory:"), AnalystGuard())
    >>> rounds.n_fresh(), rounds.n_changes
    (0, 0)

    Args:
        log: what was read.
        guard: that knows of no round yet; it is told of all in the log.
        on_round: told of each that is new; its weight says whether it counts by now.
    """

    def __init__(
        self, log: RoundLog, guard: AnalystGuard, on_round: Callable[[Round], None] = lambda _: None
    ) -> None:
        self._log = log
        self._guard = guard
        self._on_round = on_round
        self._fresh: dict[str, Round] = {}
        self._reasons: Counter[GuardReason] | None = None
        self.n_changes = 0  # of the rounds, or of what they weigh
        for record, is_fresh in log.each():
            self._take(record, is_fresh=is_fresh)

    def add(self, rounds: Iterable[LoggedRound], next_offsets: Mapping[int, int]) -> None:
        """Keep rounds, together with where reading goes on."""
        added = [self._take(new.record, is_fresh=True) for new in self._log.add(rounds, next_offsets)]
        if added:
            self._change()
        for answered in added:  # once all are known: the guard looks at a topic anew after each that it is told of
            self._on_round(replace(answered, weight=float(self.counts(answered.id))))

    def next_offsets(self) -> dict[int, int]:
        """Return by partition the offset to go on with."""
        return self._log.next_offsets()

    def release(self, release: Release) -> None:
        """Let an analyst's rounds on a topic count again."""
        self._guard.release(release)
        self._change()

    def use(self, ids: Iterable[str], update: int) -> None:
        """Remember that an update has learned from these rounds."""
        ids = list(ids)
        self._log.use(ids, update)
        for round_id in ids:
            self._fresh.pop(round_id, None)
        self._change()

    def fresh(self) -> list[Round]:
        """Return what no update has learned from, as it came; whether it counts, `counts` says."""
        return list(self._fresh.values())

    def counts(self, round_id: str) -> bool:
        """Return whether a round weighs anything, for all that is known of who gave it; chance aside."""
        return self._guard.reason_of(round_id) is GuardReason.COUNTED

    def n_fresh(self) -> int:
        """Return how many rounds count that no update has learned from."""
        return self.reasons()[GuardReason.COUNTED]

    def reasons(self) -> Counter[GuardReason]:
        """Return how many fresh rounds count, and of the others why not."""
        if self._reasons is None:
            superseded = [n for n in self._fresh if self._guard.reason_of(n) is GuardReason.SUPERSEDED]
            for round_id in superseded:  # the log has let go of them already
                del self._fresh[round_id]
            self._reasons = Counter(self._guard.reason_of(round_id) for round_id in self._fresh)
        return self._reasons

    def weighed(self) -> tuple[list[RoundRecord], list[RoundRecord]]:
        """Return all rounds with their weights, the fresh and the older ones; reads and decodes the whole log."""
        return self._decoded(self._log.fresh()), self._decoded(self._log.older())

    def reweighed(self, rounds: Sequence[Round]) -> list[Round]:
        """Return rounds with the weights of now."""
        return [replace(answered, weight=self._guard.weight_of(answered.id).weight) for answered in rounds]

    def quarantines(self) -> list[Quarantine]:
        """Return whose rounds are held, and of which topics."""
        return self._guard.quarantines()

    def n_answers(self) -> dict[str, int]:
        """Return how many answers of each analyst are known."""
        return dict(self._guard.n_answers())

    def reliabilities(self) -> dict[str, Reliability]:
        """Return the reliability of each analyst who has answered; looks at every round if something is new."""
        return {name: self._guard.reliability_of(name) for name in sorted(self._guard.n_answers())}

    def _take(self, record: bytes, *, is_fresh: bool) -> Round:
        answered = round_of(decode(RoundRecord, record))
        self._guard.update(answered)
        if is_fresh:
            self._fresh[answered.id] = answered
        return answered

    def _change(self) -> None:
        self._reasons = None
        self.n_changes += 1

    def _decoded(self, records: Sequence[bytes]) -> list[RoundRecord]:
        decoded = (decode(RoundRecord, record) for record in records)
        return [msgspec.structs.replace(each, weight=self._guard.weight_of(each.id).weight) for each in decoded]
