"""A topic's own scale: how rare a value is among the topic's own past, as a return period.

Holds the maxima of past blocks of six hours; blocks without one count as zero and cost nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from alerts.surges.peers import Peers


@dataclass(frozen=True, slots=True)
class ScaleConfig:
    """The blocks, and what is believed of a topic that has few of them.

    >>> ScaleConfig().block_s
    21600
    """

    block_s: int = 21_600
    # Six hours: longer than the longest window, so that maxima of neighbours are nearly independent.
    n_blocks: int = 240
    # Sixty days of memory; forgetting sooner was worse (surge.md: 3 d 52, 14 d 65, all 66 points).
    p_exceeding: float = 0.2
    # The share of blocks above the threshold whose excesses are fitted.
    prior_threshold: float = 1.2
    # In standard deviations, where nothing is known of peers: the 80 % quantile of six-hour maxima of Poisson counts.
    prior_blocks: float = 8.0
    # Two days of own blocks outweigh the prior threshold.
    prior_excess: float = 0.6
    # Mean excess believed at first, likewise: 0.4 would be Poisson, and mentions have heavier tails.
    prior_excesses: float = 8.0
    # Own excesses that outweigh it; about ten days' worth.
    max_return_period_s: float = 315_360_000.0
    # Ten years: nothing can be said beyond from sixty days.

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("block_s", "n_blocks", "prior_blocks", "prior_excess", "prior_excesses"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")
        if not 0 < self.p_exceeding < 1:
            raise ValueError(f"p_exceeding must be in (0, 1), got {self.p_exceeding}")
        if self.max_return_period_s < self.block_s:
            raise ValueError(
                f"max_return_period_s must be >= block_s ({self.block_s}), got {self.max_return_period_s}"
            )


class ScaleState(msgspec.Struct, array_like=True):
    """The maxima that were above zero, oldest first, and where the count of blocks begins."""

    first_block: int
    maxima: list[tuple[int, float]] = []  # block, maximum


class OwnScale:
    """How rare a value is on one topic's own scale.

    *See* "Statistics of extremes": peaks over a threshold with an exponential tail. Underestimates
    rarity where history is short, as the prior's tail is heavy.

    >>> scale = OwnScale(ScaleConfig(), first_block=0)
    >>> scale.update(block=3, value=1.0)
    >>> scale.return_period_s(block=100, value=1.0) < scale.return_period_s(block=100, value=4.0)
    True
    """

    def __init__(self, config: ScaleConfig, first_block: int, state: ScaleState | None = None) -> None:
        self._config = config
        self._fitted: tuple[tuple[int, Peers], tuple[float, float, float]] | None = None  # kept to save time only
        self.state = state or ScaleState(first_block)

    def update(self, block: int, value: float) -> None:
        """Take a value of a block into account; blocks must not go back.

        Args:
            block: number of the block that the value lies in; one before the first does not count.
            value: counts only if above zero and the greatest of its block.
        """
        maxima = self.state.maxima
        if value <= 0 or block < self.state.first_block:
            return
        # hundredths are finer than any decision, and short in the state
        value = round(value, 2)
        if maxima and maxima[-1][0] == block:
            maxima[-1] = (block, max(value, maxima[-1][1]))
        else:
            oldest = block - self._config.n_blocks
            self.state.maxima = [entry for entry in maxima if entry[0] >= oldest]
            self.state.maxima.append((block, value))

    def maximum(self, block: int) -> float:
        """Return the greatest value so far of the block that is going on; 0 where there was none above that."""
        maxima = self.state.maxima
        return maxima[-1][1] if maxima and maxima[-1][0] == block else 0.0

    def correct(self, block: int, value: float) -> None:
        """Have `value` be the maximum of a past block, as what made it greater was wrong."""
        kept = [entry for entry in self.state.maxima if entry[0] != block]
        if value > 0:
            kept = sorted([*kept, (block, value)])
        self.state.maxima = kept
        self._fitted = None

    def return_period_s(self, block: int, value: float, peers: Peers | None = None) -> float:
        """Return once in how many seconds a block is expected to reach a value; uses earlier blocks only.

        Args:
            block: in which the value lies.
            value: in standard deviations.
            peers: what is believed while own blocks are few; None: the configuration's priors.
        """
        believed = peers or Peers(self._config.prior_threshold, self._config.prior_excess)
        threshold, excess, p_exceeding = self._fit(block, believed)
        if value < threshold:
            # from what each block reaches to what few do: nobody knows more of values that are not extreme
            return float(self._config.block_s * p_exceeding ** -(max(0.0, value) / threshold))
        exponent = min((value - threshold) / excess, 50.0)
        period = self._config.block_s / p_exceeding * math.exp(exponent)
        return min(period, self._config.max_return_period_s)

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self.state)

    @classmethod
    def restore(cls, config: ScaleConfig, snapshot: bytes) -> OwnScale:
        """Return a scale that goes on where the snapshot was taken."""
        state = msgspec.msgpack.decode(snapshot, type=ScaleState)
        return cls(config, state.first_block, state)

    def _fit(self, block: int, peers: Peers) -> tuple[float, float, float]:
        if self._fitted is None or self._fitted[0] != (block, peers):
            self._fitted = (block, peers), self._fit_to(block, peers)
        return self._fitted[1]

    def _fit_to(self, block: int, peers: Peers) -> tuple[float, float, float]:
        config = self._config
        oldest = max(self.state.first_block, block - config.n_blocks)
        n_blocks = max(0, block - oldest)
        values = sorted((value for number, value in self.state.maxima if oldest <= number < block), reverse=True)
        rank = int(config.p_exceeding * n_blocks)
        own = values[rank] if rank < len(values) else 0.0
        threshold = (n_blocks * own + config.prior_blocks * peers.threshold) / (n_blocks + config.prior_blocks)
        excesses = [value - threshold for value in values if value > threshold]
        excess = (sum(excesses) + config.prior_excesses * peers.excess) / (len(excesses) + config.prior_excesses)
        p_exceeding = (len(excesses) + config.prior_blocks * config.p_exceeding) / (n_blocks + config.prior_blocks)
        return threshold, excess, p_exceeding
