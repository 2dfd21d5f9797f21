"""Surges of a plain count, such as mentions a minute, against that count's own past; no sentiment, no stories.

For series that come without texts. Updated bin by bin; never looks ahead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import msgspec

from alerts.surges.scale import OwnScale, ScaleConfig, ScaleState


@dataclass(frozen=True, slots=True)
class VolumeConfig:
    """What makes a surge of a count.

    >>> VolumeConfig(scales_s=(100,))
    Traceback (most recent call last):
    ValueError: scales_s must be whole bins of 300 s, got (100,)
    """

    bin_s: int = 300
    # Length of a bin.
    scales_s: tuple[int, ...] = (1_800, 3_600, 7_200, 14_400)
    # Averaged. Mentions come in bursts of minutes that mean nothing (benchmarks/volumes.md).
    level_half_life_s: float = 14 * 86_400.0
    # Two weeks: what is usual moves slowly, and is learned slowly; longer ones differ little.
    prior_s: float = 3_600.0
    # So long of seeing one event a bin is what is believed at first.
    prior_dispersion: float = 1.5
    # Variance over mean, of a count that nobody has seen.
    winsor_deviations: float = 3.0
    # A bin counts at most this far above what is usual: a surge must not become the norm.
    return_period_s: float = 6 * 86_400.0
    # A surge is what comes no oftener than this on the series' own scale; from five to eight days differ little.
    quiet_s: float = 12 * 3_600.0
    # So long without a bin above it, and the next one is another surge.
    min_history_s: float = 86_400.0
    # A day is needed to have seen each hour once; until then nothing is called rare.
    scale: ScaleConfig = field(default_factory=lambda: ScaleConfig(prior_excess=3.0, prior_excesses=8.0))
    # Maxima of mentions have heavy tails: believed until ten days or so have shown theirs.

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.bin_s < 1:
            raise ValueError(f"bin_s must be >= 1, got {self.bin_s}")
        if not self.scales_s or any(scale_s < self.bin_s or scale_s % self.bin_s for scale_s in self.scales_s):
            raise ValueError(f"scales_s must be whole bins of {self.bin_s} s, got {self.scales_s}")
        for name in ("level_half_life_s", "prior_s", "winsor_deviations", "return_period_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")
        if self.scale.block_s % self.bin_s:
            raise ValueError(f"scale.block_s must be whole bins of {self.bin_s} s, got {self.scale.block_s}")
        if not self.prior_dispersion > 1:
            raise ValueError(f"prior_dispersion must be > 1, got {self.prior_dispersion}")
        for name in ("quiet_s", "min_history_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")

    def with_bins(self, bin_s: int) -> VolumeConfig:
        """Return the same for bins of another length: the scales that are whole bins, or a bin alone.

        >>> VolumeConfig().with_bins(3_600).scales_s, VolumeConfig().with_bins(86_400).scales_s
        ((3600, 7200, 14400), (86400,))
        """
        scales_s = tuple(scale_s for scale_s in self.scales_s if scale_s >= bin_s and scale_s % bin_s == 0)
        scale = replace(self.scale, block_s=bin_s * max(1, round(self.scale.block_s / bin_s)))
        return replace(self, bin_s=bin_s, scales_s=scales_s or (bin_s,), scale=scale)


class VolumeEvidence(msgspec.Struct, frozen=True):
    """What a bin says.

    >>> VolumeEvidence(at_bin=3, expected=2.0, return_period_s=0.0, is_over=False, is_alert=False).is_over
    False
    """

    at_bin: int
    expected: float  # of the bin, before it was seen
    return_period_s: float  # once in so long is so much expected
    is_over: bool  # the return period is one that makes a surge
    is_alert: bool  # and it is a surge's first bin

    def score(self, config: VolumeConfig) -> float:
        """Return the return period in [0, 1): 0.5 is where a surge begins."""
        return self.return_period_s / (self.return_period_s + config.return_period_s)


class _Bin(msgspec.Struct, frozen=True, array_like=True):
    number: int
    count: float
    expected: float


class VolumeState(msgspec.Struct, array_like=True):
    """What has to be kept between bins."""

    scale: ScaleState
    first_bin: int | None = None
    n_bins: float = 0.0  # decayed, as are the next three
    n_events: float = 0.0
    squares: float = 0.0  # of deviations from what was expected
    expected: float = 0.0  # of the same bins
    recent: list[_Bin] = []  # of the longest scale, ascending
    over_at: int | None = None  # last bin of the last surge


class VolumeDetector:
    """Decides at each bin whether a count is in a surge.

    The level is an average that forgets slowly. Over each scale the square roots of what was counted and of what was
    expected are compared, as counts spread with their mean; their average is put on the series' own scale
    (`scale.py`). *See* "The transformation of Poisson, binomial and negative-binomial data" by Anscombe. What
    differs: the dispersion is the series' own. Too eager in a series' first days, of which little is known.

    >>> detector = VolumeDetector(VolumeConfig())
    >>> any(detector.update(n, 10 + n % 3).is_alert for n in range(3000))
    False
    >>> [detector.update(3000 + n, 60).is_alert for n in range(3)]
    [True, False, False]
    """

    def __init__(self, config: VolumeConfig, state: VolumeState | None = None) -> None:
        self._config = config
        self._decay = 0.5 ** (config.bin_s / config.level_half_life_s)
        self._scales = sorted(scale_s // config.bin_s for scale_s in config.scales_s)
        self._bins_a_block = config.scale.block_s // config.bin_s
        self.state = state or VolumeState(ScaleState(0))
        self._scale = OwnScale(config.scale, self.state.scale.first_block, self.state.scale)

    def update(self, number: int, count: float) -> VolumeEvidence:
        """Return what a bin says, by the bins before it; bins that nobody has counted may be left out.

        Args:
            number: of the bin, in bins since any time.
            count: of events in it, >= 0.

        Raises:
            ValueError: the bin is not after the last one, or the count is negative or not finite.
        """
        state = self.state
        if state.recent and number <= state.recent[-1].number:
            raise ValueError(f"number must be > {state.recent[-1].number}, got {number}")
        if not (count >= 0 and math.isfinite(count)):
            raise ValueError(f"count must be >= 0 and finite, got {count}")
        block = number // self._bins_a_block
        if state.first_bin is None:
            state.first_bin, state.scale.first_block = number, block
        level, dispersion = self._level(), self._dispersion()
        state.recent = [each for each in state.recent if each.number > number - self._scales[-1]]
        state.recent.append(_Bin(number, float(count), level))
        value = self._deviation(number) / math.sqrt(dispersion)
        is_known = (number - state.first_bin) * self._config.bin_s >= self._config.min_history_s
        period_s = self._scale.return_period_s(block, value) if is_known else 0.0
        if is_known:
            self._scale.update(block, value)
        self._learn(count, level, dispersion)
        is_over = period_s >= self._config.return_period_s
        quiet_bins = max(1.0, self._config.quiet_s / self._config.bin_s)
        is_alert = is_over and (state.over_at is None or number - state.over_at > quiet_bins)
        if is_over:
            state.over_at = number
        return VolumeEvidence(number, level, period_s, is_over, is_alert)

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self.state)

    @classmethod
    def restore(cls, config: VolumeConfig, snapshot: bytes) -> VolumeDetector:
        """Return a detector that goes on where the snapshot was taken."""
        return cls(config, msgspec.msgpack.decode(snapshot, type=VolumeState))

    def _level(self) -> float:
        prior = self._config.prior_s / self._config.bin_s
        return (self.state.n_events + prior) / (self.state.n_bins + prior)

    def _dispersion(self) -> float:
        prior = self._config.prior_s / self._config.bin_s * self._level()
        squares = self.state.squares + self._config.prior_dispersion * prior
        return max(1.05, squares / (self.state.expected + prior))

    def _deviation(self, number: int) -> float:
        total = count = expected = 0.0
        scales = list(self._scales)
        for each in reversed(self.state.recent):
            while scales and each.number <= number - scales[0]:
                total += _root_difference(count, expected)
                scales.pop(0)
            count += each.count
            expected += each.expected
        total += len(scales) * _root_difference(count, expected)
        return total / len(self._scales)

    def _learn(self, count: float, level: float, dispersion: float) -> None:
        state, kept = self.state, self._decay
        counted = min(count, level + self._config.winsor_deviations * math.sqrt(level * dispersion + 1))
        state.n_bins = state.n_bins * kept + 1
        state.n_events = state.n_events * kept + counted
        state.squares = state.squares * kept + (counted - level) ** 2
        state.expected = state.expected * kept + level


def _root_difference(count: float, expected: float) -> float:
    return 2 * (math.sqrt(count + 0.375) - math.sqrt(expected + 0.375))
