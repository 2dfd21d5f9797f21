"""Baseline: what is usual for one topic, learnt from whole hours that have left the current window.

A slow level of negative stories, their dispersion, and the share of negatives among stories; all of them as the
stream's first policy would count, so that a swap of policies is no change of the topic (docs/decisions/0008).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.special.cython_special import betainc, betaln  # sooner than that for arrays, and equal


@dataclass(frozen=True, slots=True)
class BaselineConfig:
    """How fast the baseline learns, and what it believes before it has seen anything.

    >>> BaselineConfig().level_half_life_s
    1209600
    """

    level_half_life_s: int = 1_209_600
    # Two weeks, as the share: shorter ones learn the surge itself, or a quiet holiday (benchmarks/surges.md).
    share_half_life_s: int = 1_209_600
    # Two weeks: sparse topics have a few stories a week, and a share needs some dozens.
    prior_level: float = 1 / 24
    # Negative stories an hour of a topic nobody has seen: one a day.
    prior_hours: float = 3.0
    # How many hours of seeing nothing else that belief is worth: after two days a busy topic's level is 6 % too low.
    prior_share: float = 0.25
    # About one story in four is negative in news and posts on companies.
    prior_stories: float = 8.0
    # A dozen own stories outweigh it.
    prior_dispersion: float = 1.5
    # Variance over mean of hourly counts: stories come in answer to stories.
    prior_dispersion_hours: float = 48.0
    max_share_weight: float = 60.0
    # Stories that the share may count as evidence: it drifts, so it is never known better than that.
    prior_busyness: float = 3.0
    # How busy some hours are, by their other stories, varies around 1 with a variance of one in so many at first:
    # day and night, weekdays and weekends, weather.
    winsor_deviations: float = 3.0
    # An hour counts at most this far above what was expected: an unnoticed burst must not become the norm.

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("level_half_life_s", "share_half_life_s", "prior_level", "prior_hours", "prior_stories"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")
        for name in ("prior_dispersion_hours", "max_share_weight", "prior_busyness", "winsor_deviations"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")
        if not 0 < self.prior_share < 1:
            raise ValueError(f"prior_share must be in (0, 1), got {self.prior_share}")
        if self.prior_dispersion <= 1:
            raise ValueError(f"prior_dispersion must be > 1, got {self.prior_dispersion}")


_QUANTILES = ((0.05, -1.645), (0.95, 1.645))
"""Of an interval: probabilities, and their standard deviations of a normal distribution for a first guess."""

_MAX_SHARE = 0.99
"""More than all of a topic's stories cannot be negative, and a share of all leaves no doubt to test against."""


class BaselineState(msgspec.Struct, array_like=True):
    """Decayed sums over hours; `n_` is a decayed count too."""

    n_hours: float = 0.0
    n_negative: float = 0.0
    squares: float = 0.0  # of the hourly counts' deviations from what was expected
    expected: float = 0.0  # of the same hours
    share_stories: float = 0.0
    share_negative: float = 0.0


class Lesson(msgspec.Struct, frozen=True, array_like=True):
    """What the baseline learnt from one hour, and by what it judged it."""

    hour: int
    n_stories: int
    n_negative: float  # as the first policy would have counted, as are the next two
    level: float  # expected before
    ceiling: float  # more than this did not count


class Baseline:
    """What is usual for one topic.

    A `ratio` is how often the policies that read something say negative, to how often the stream's first policy does.

    >>> baseline = Baseline(BaselineConfig())
    >>> baseline.skip(24)
    >>> lesson = baseline.update(n_stories=4, n_negative=1)
    >>> round(baseline.level, 3), round(baseline.share, 3)
    (0.041, 0.25)
    """

    def __init__(self, config: BaselineConfig, state: BaselineState | None = None) -> None:
        self._config = config
        self._level_decay = 0.5 ** (3_600 / config.level_half_life_s)
        self._share_decay = 0.5 ** (3_600 / config.share_half_life_s)
        self._last_interval: tuple[tuple[float, float], tuple[int, int]] | None = None  # kept to save time only
        self._last_p_share: tuple[tuple[float, ...], float] | None = None  # likewise
        self.state = state or BaselineState()

    @property
    def level(self) -> float:
        """Return the usual number of negative stories an hour, as the stream's first policy would count.

        Biased to the prior while history is short.
        """
        prior = self._config.prior_hours
        return (self.state.n_negative + self._config.prior_level * prior) / (self.state.n_hours + prior)

    @property
    def share(self) -> float:
        """Return the usual share of negatives among stories, as the stream's first policy would count."""
        prior = self._config.prior_stories
        negative = self.state.share_negative + self._config.prior_share * prior
        return negative / (self.state.share_stories + prior)

    def share_for(self, ratio: float) -> float:
        """Return the usual share of negatives in the terms of other policies; below 1."""
        share = self.share
        # a topic that a policy with a small ratio calls negative throughout may have more than all of its stories
        return min(share * ratio, max(_MAX_SHARE, share) if share < 1 else _MAX_SHARE)

    def odds_for(self, ratio: float) -> float:
        """Return the usual number of negative stories to one that is not, in the terms of other policies."""
        share = min(self.share_for(ratio), _MAX_SHARE)
        return share / (1 - share)

    @property
    def dispersion(self) -> float:
        """Return variance over mean of the hourly counts, at least a little over 1."""
        weight = self._config.prior_dispersion_hours * self.level
        squares = self.state.squares + self._config.prior_dispersion * weight
        return max(1.05, squares / (self.state.expected + weight))

    def dispersion_for(self, ratio: float) -> float:
        """Return variance over mean of the hourly counts in the terms of other policies.

        What is over 1 comes from stories that come in clusters, and grows with the share of them that is counted.
        """
        return 1 + (self.dispersion - 1) * ratio

    def update(self, n_stories: int, n_negative: float, ratio: float = 1.0, hour: int = 0) -> Lesson:
        """Learn from an hour that had stories.

        Args:
            n_stories: of all labels.
            n_negative: as the stream's first policy would have counted: what was counted, divided by the ratio.
            ratio: mean over the hour's stories.
            hour: its number, for `revise`.

        Returns:
            What was learnt, for `revise`.
        """
        level = self.level
        variance = level * ratio * self.dispersion_for(ratio)
        ceiling = level + self._config.winsor_deviations * math.sqrt(variance + 1) / ratio
        self.skip(1, ratio)
        lesson = Lesson(hour, n_stories, float(n_negative), level, ceiling)
        self._take_in(lesson, 1.0, 1.0)
        return lesson

    def revise(self, lesson: Lesson, n_stories: int, n_negative: float, n_hours: int) -> Lesson:
        """Learn other counts of an hour in the place of those that were learnt.

        What later hours were judged by stays: the correction of a correction.

        Args:
            lesson: what was learnt.
            n_stories: as corrected.
            n_negative: likewise, as the first policy would have counted.
            n_hours: so many hours were learnt since.
        """
        revised = msgspec.structs.replace(lesson, n_stories=n_stories, n_negative=float(n_negative))
        level_kept, share_kept = self._level_decay**n_hours, self._share_decay**n_hours
        self._take_in(lesson, -level_kept, -share_kept)
        self._take_in(revised, level_kept, share_kept)
        return revised

    def skip(self, n_hours: int, ratio: float = 1.0) -> None:
        """Learn from so many hours without a story; as cheap for a month as for an hour.

        Args:
            n_hours: their number.
            ratio: of the policies that would have read them.
        """
        if n_hours <= 0:
            return
        state, level = self.state, self.level
        kept = self._level_decay**n_hours
        gained = (1 - kept) / (1 - self._level_decay)
        state.n_hours = state.n_hours * kept + gained
        state.n_negative *= kept
        state.squares = state.squares * kept + gained * level**2
        # divided counts spread less than counted ones: with it their dispersion is what the first policy's would be
        state.squares += gained * level * (1 - 1 / ratio)
        state.expected = state.expected * kept + gained * level
        kept = self._share_decay**n_hours
        state.share_stories *= kept
        state.share_negative *= kept

    def busyness(self, n_other: int, hours: float, ratio: float = 1.0) -> float:
        """Return how busy some hours are, from the stories that are not negative; 1 is usual.

        The mean of a gamma that believes in 1 and has seen them: of a topic with few stories they say little, of a
        market nearly all. So a night, a busy morning, or a burst of every label is no excess of negative stories.
        *See* "Bayesian Data Analysis" by Gelman et al. (2013), 2.6, the Poisson model in terms of rate and exposure.

        Args:
            n_other: stories that are not negative.
            hours: in which they came.
            ratio: of the policies that read them.
        """
        usual = self.level * hours * ratio / self.odds_for(ratio)
        return (n_other + self._config.prior_busyness) / (usual + self._config.prior_busyness)

    def expected(self, n_other: int, hours: float, ratio: float = 1.0) -> float:
        """Return how many negative stories so many hours usually bring that are as busy as these."""
        return self.level * hours * ratio * self.busyness(n_other, hours, ratio)

    def interval(self, hours: float, ratio: float = 1.0, busyness: float = 1.0) -> tuple[int, int]:
        """Return the 5 % and 95 % quantiles of the negative stories usual in so many hours that are so busy."""
        usual = self._negative_binomial(hours, ratio, busyness)
        # while a topic is followed it is asked for at every tick, and changes once an hour
        if self._last_interval is None or self._last_interval[0] != usual:
            low, high = (_quantile(p, deviations, *usual) for p, deviations in _QUANTILES)
            self._last_interval = usual, (low, high)
        return self._last_interval[1]

    def p_volume(self, n_negative: int, hours: float, ratio: float = 1.0, busyness: float = 1.0) -> float:
        """Return how likely at least so many negative stories are in so many usual hours that are so busy.

        A negative binomial whose dispersion allows for the level being estimated itself. Too small where
        stories cluster for longer than an hour: it ranks, and the topic's own scale decides.
        """
        if n_negative <= 0:
            return 1.0
        size, p_stop = self._negative_binomial(hours, ratio, busyness)
        return float(betainc(float(n_negative), size, 1 - p_stop))

    def p_share(self, n_stories: int, n_negative: int, ratio: float = 1.0) -> float:
        """Return how likely at least so many negatives are among so many usual stories (beta-binomial)."""
        if n_negative <= 0:
            return 1.0
        if n_negative > n_stories:
            raise ValueError(f"n_negative must be <= n_stories ({n_stories}), got {n_negative}")
        weight = min(self.state.share_stories + self._config.prior_stories, self._config.max_share_weight)
        share = self.share_for(ratio)
        asked = n_stories, n_negative, weight * share, weight * (1 - share)
        if self._last_p_share is None or self._last_p_share[0] != asked:
            self._last_p_share = asked, _beta_binomial_tail(*asked)
        return self._last_p_share[1]

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self.state)

    @classmethod
    def restore(cls, config: BaselineConfig, snapshot: bytes) -> Baseline:
        """Return a baseline that goes on where the snapshot was taken."""
        return cls(config, msgspec.msgpack.decode(snapshot, type=BaselineState))

    def _take_in(self, lesson: Lesson, level_kept: float, share_kept: float) -> None:
        """Add what an hour says, less what has decayed of it since; what is kept is negative to take it back."""
        state = self.state
        counted = min(lesson.n_negative, lesson.ceiling)
        state.n_negative += level_kept * counted
        # skip() took the hour for one of no stories: put its own deviation in the place of that
        state.squares += level_kept * ((counted - lesson.level) ** 2 - lesson.level**2)
        weight = min(1.0, self._config.max_share_weight / 4 / lesson.n_stories) if lesson.n_stories else 0.0
        state.share_stories += share_kept * (weight * lesson.n_stories)
        state.share_negative += share_kept * (weight * lesson.n_negative)

    def _negative_binomial(self, hours: float, ratio: float, busyness: float) -> tuple[float, float]:
        expected = self.level * hours * ratio * busyness
        dispersion = self.dispersion_for(ratio) * (1 + hours / (self.state.n_hours + self._config.prior_hours))
        return expected / (dispersion - 1), 1 / dispersion


def _quantile(p: float, deviations: float, size: float, p_stop: float) -> int:
    """Return the least number of which a negative binomial has at least `p` at or below it.

    *See* "Moments and cumulants in the specification of distributions" by Cornish and Fisher (1938) for the first
    guess, which is right or nearly so; what is returned does not depend on it.
    """
    mean = size * (1 - p_stop) / p_stop
    skewness = (2 - p_stop) / math.sqrt(size * (1 - p_stop))
    spread = deviations + skewness * (deviations**2 - 1) / 6
    guess = max(0, math.ceil(mean + math.sqrt(mean / p_stop) * spread - 0.5))
    if betainc(size, guess + 1.0, p_stop) < p:
        low, high = guess, guess + 1
        while betainc(size, high + 1.0, p_stop) < p:
            low, high = high, high + 2 * (high - guess)
    else:
        low, high = guess - 1, guess
        while low >= 0 and betainc(size, low + 1.0, p_stop) >= p:
            low, high = max(-1, low - 2 * (guess - low)), low
    while high - low > 1:
        middle = (low + high) // 2
        if betainc(size, middle + 1.0, p_stop) < p:
            low = middle
        else:
            high = middle
    return high


def _beta_binomial_tail(n_stories: int, n_negative: int, alpha: float, beta: float) -> float:
    n, log_ways = _ways(n_stories)
    n = n[n_negative:]
    log_p = special.betaln(n + alpha, n_stories - n + beta) - betaln(alpha, beta)
    log_p -= log_ways[n_negative:]
    return min(1.0, float(np.exp(log_p).sum()))


@lru_cache(maxsize=256)
def _ways(n_stories: int) -> tuple[NDArray[np.int_], NDArray[np.float64]]:
    """Return 0 to `n_stories`, and for each the logarithm of one over the ways to choose so many of the stories."""
    n = np.arange(n_stories + 1)
    return n, special.betaln(n + 1, n_stories - n + 1) + math.log(n_stories + 1)
