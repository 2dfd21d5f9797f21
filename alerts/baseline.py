"""Baseline: what is usual for one topic, learnt from whole hours that have left the current window.

A slow level of negative stories, their dispersion, and the share of negatives among stories.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec
import numpy as np
from scipy import special


@dataclass(frozen=True, slots=True)
class BaselineConfig:
    """How fast the baseline learns, and what it believes before it has seen anything.

    >>> BaselineConfig().level_half_life_s
    259200
    """

    level_half_life_s: int = 259_200
    # Three days: shorter ones learn the surge itself (surge.md: 2 h 70, 1 d 77, 3 d 78.5 points).
    share_half_life_s: int = 1_209_600
    # Two weeks: sparse topics have a few stories a week, and a share needs some dozens.
    prior_level: float = 1 / 24
    # Negative stories an hour of a topic nobody has seen: one a day.
    prior_hours: float = 12.0
    # How many hours of seeing nothing else that belief is worth.
    prior_share: float = 0.25
    # About one story in four is negative in news and posts on companies.
    prior_stories: float = 8.0
    # A dozen own stories outweigh it.
    prior_dispersion: float = 1.5
    # Variance over mean of hourly counts: stories come in answer to stories.
    prior_dispersion_hours: float = 48.0
    max_share_weight: float = 60.0
    # Stories that the share may count as evidence: it drifts, so it is never known better than that.
    winsor_deviations: float = 3.0
    # An hour counts at most this far above what was expected: an unnoticed burst must not become the norm.

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("level_half_life_s", "share_half_life_s", "prior_level", "prior_hours", "prior_stories"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")
        for name in ("prior_dispersion_hours", "max_share_weight", "winsor_deviations"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")
        if not 0 < self.prior_share < 1:
            raise ValueError(f"prior_share must be in (0, 1), got {self.prior_share}")
        if self.prior_dispersion <= 1:
            raise ValueError(f"prior_dispersion must be > 1, got {self.prior_dispersion}")


class BaselineState(msgspec.Struct, array_like=True):
    """Decayed sums over hours; `n_` is a decayed count too."""

    n_hours: float = 0.0
    n_negative: float = 0.0
    squares: float = 0.0  # of the hourly counts' deviations from what was expected
    expected: float = 0.0  # of the same hours
    share_stories: float = 0.0
    share_negative: float = 0.0


class Baseline:
    """What is usual for one topic.

    >>> baseline = Baseline(BaselineConfig())
    >>> baseline.skip(24)
    >>> baseline.update(n_stories=4, n_negative=1)
    >>> round(baseline.level, 3), round(baseline.share, 3)
    (0.044, 0.25)
    """

    def __init__(self, config: BaselineConfig, state: BaselineState | None = None) -> None:
        self._config = config
        self._level_decay = 0.5 ** (3_600 / config.level_half_life_s)
        self._share_decay = 0.5 ** (3_600 / config.share_half_life_s)
        self.state = state or BaselineState()

    @property
    def level(self) -> float:
        """Return the usual number of negative stories an hour; biased to the prior while history is short."""
        prior = self._config.prior_hours
        return (self.state.n_negative + self._config.prior_level * prior) / (self.state.n_hours + prior)

    @property
    def share(self) -> float:
        """Return the usual share of negatives among stories."""
        prior = self._config.prior_stories
        negative = self.state.share_negative + self._config.prior_share * prior
        return negative / (self.state.share_stories + prior)

    @property
    def dispersion(self) -> float:
        """Return variance over mean of the hourly counts, at least a little over 1."""
        weight = self._config.prior_dispersion_hours * self.level
        squares = self.state.squares + self._config.prior_dispersion * weight
        return max(1.05, squares / (self.state.expected + weight))

    def update(self, n_stories: int, n_negative: int) -> None:
        """Learn from an hour that had stories."""
        level = self.level
        ceiling = level + self._config.winsor_deviations * math.sqrt(level * self.dispersion + 1)
        counted = min(float(n_negative), ceiling)
        self.skip(1)
        self.state.n_negative += counted
        # skip() took the hour for one of no stories: put its own deviation in the place of that
        self.state.squares += (counted - level) ** 2 - level**2
        weight = min(1.0, self._config.max_share_weight / 4 / n_stories) if n_stories else 0.0
        self.state.share_stories += weight * n_stories
        self.state.share_negative += weight * n_negative

    def skip(self, n_hours: int) -> None:
        """Learn from so many hours without a story; as cheap for a month as for an hour."""
        if n_hours <= 0:
            return
        state, level = self.state, self.level
        kept = self._level_decay**n_hours
        gained = (1 - kept) / (1 - self._level_decay)
        state.n_hours = state.n_hours * kept + gained
        state.n_negative *= kept
        state.squares = state.squares * kept + gained * level**2
        state.expected = state.expected * kept + gained * level
        kept = self._share_decay**n_hours
        state.share_stories *= kept
        state.share_negative *= kept

    def interval(self, hours: float) -> tuple[int, int]:
        """Return the 5 % and 95 % quantiles of the negative stories usual in so many hours."""
        return self._quantile(0.05, hours), self._quantile(0.95, hours)

    def p_volume(self, n_negative: int, hours: float) -> float:
        """Return how likely at least so many negative stories are in so many usual hours.

        A negative binomial whose dispersion allows for the level being estimated itself. Too small where
        stories cluster for longer than an hour: it ranks, and the topic's own scale decides.
        """
        if n_negative <= 0:
            return 1.0
        size, p_stop = self._negative_binomial(hours)
        return float(special.betainc(n_negative, size, 1 - p_stop))

    def p_share(self, n_stories: int, n_negative: int) -> float:
        """Return how likely at least so many negatives are among so many usual stories (beta-binomial)."""
        if n_negative <= 0:
            return 1.0
        if n_negative > n_stories:
            raise ValueError(f"n_negative must be <= n_stories ({n_stories}), got {n_negative}")
        weight = min(self.state.share_stories + self._config.prior_stories, self._config.max_share_weight)
        alpha, beta = weight * self.share, weight * (1 - self.share)
        n = np.arange(n_negative, n_stories + 1)
        log_p = special.betaln(n + alpha, n_stories - n + beta) - special.betaln(alpha, beta)
        log_p -= special.betaln(n + 1, n_stories - n + 1) + math.log(n_stories + 1)
        total = float(np.exp(log_p).sum())
        return min(1.0, total)

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self.state)

    @classmethod
    def restore(cls, config: BaselineConfig, snapshot: bytes) -> Baseline:
        """Return a baseline that goes on where the snapshot was taken."""
        return cls(config, msgspec.msgpack.decode(snapshot, type=BaselineState))

    def _negative_binomial(self, hours: float) -> tuple[float, float]:
        expected = self.level * hours
        dispersion = self.dispersion * (1 + hours / (self.state.n_hours + self._config.prior_hours))
        return expected / (dispersion - 1), 1 / dispersion

    def _quantile(self, p: float, hours: float) -> int:
        size, p_stop = self._negative_binomial(hours)
        low, high = -1, 1
        while special.betainc(size, high + 1, p_stop) < p:
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            if special.betainc(size, middle + 1, p_stop) < p:
                low = middle
            else:
                high = middle
        # the search starts at 1, so 0 is still to be asked for
        return 0 if high == 1 and special.betainc(size, 1, p_stop) >= p else high
