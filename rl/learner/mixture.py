"""Which rounds an update learns from: all that are fresh, and as many kept ones, so that nothing old is forgotten.

See "Experience Replay for Continual Learning" by Rolnick et al.; here the kept ones are drawn by a seeded coin and
spread over the labels that were right, since what is rare is forgotten first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from rl.rounds.round import Round

_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Mixture:
    """How many rounds of before go with the fresh ones.

    >>> Mixture(kept_per_fresh=2.0).n_kept(n_fresh=50, n_older=1000)
    200
    """

    kept_per_fresh: float = 3.0
    # Three to one: an update is then mostly what is known already, and a burst of corrections moves it little.
    min_kept: int = 200
    # After a quiet week with 20 corrections, these keep the policy where it was.
    max_rounds: int = 20_000
    # Of an update in all: an hour on two cores.

    def __post_init__(self) -> None:
        if self.kept_per_fresh < 0 or self.min_kept < 0 or self.max_rounds < 1:
            raise ValueError(
                "kept_per_fresh, min_kept and max_rounds must be >= 0, 0 and 1, "
                f"got {self.kept_per_fresh}, {self.min_kept} and {self.max_rounds}"
            )

    def n_kept(self, n_fresh: int, n_older: int) -> int:
        """Return how many of the older rounds are learned from again."""
        wanted = max(self.min_kept, round(self.kept_per_fresh * n_fresh))
        return max(0, min(n_older, wanted, self.max_rounds - n_fresh))

    def choose(self, fresh: Sequence[Round], older: Sequence[Round], seed: int) -> list[Round]:
        """Return the rounds of an update: the newest fresh ones, and older ones evenly over right labels."""
        fresh = sorted(fresh, key=lambda answered: (answered.corrected_at, answered.id))[-self.max_rounds :]
        return [*fresh, *_spread(older, self.n_kept(len(fresh), len(older)), Random(seed))]  # noqa: S311


def _spread(rounds: Sequence[Round], n: int, rng: Random) -> list[Round]:
    by_label: dict[int, list[Round]] = {}
    for answered in sorted(rounds, key=lambda answered: answered.id):
        label = answered.right.sentiment if answered.right is not None else None
        by_label.setdefault(_UNKNOWN if label is None else label, []).append(answered)
    for of_label in by_label.values():
        rng.shuffle(of_label)
    chosen: list[Round] = []
    while len(chosen) < n:
        for label in sorted(by_label):
            if by_label[label] and len(chosen) < n:
                chosen.append(by_label[label].pop())
    return chosen
