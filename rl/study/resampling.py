"""How sure a study's figures are: resampled over seeds and over stories at once.

See "The pigeonhole bootstrap" by Owen: both are drawn with replacement, each by itself, so that what one seed or one
story did for all its documents counts once. A little too wide. Knows no arm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rl.estimators.log import Integers
from rl.study.scores import Floats, Scores, figures_of


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval.

    >>> str(Estimate(0.8123, 0.75, 0.875))
    '0.812 [0.750, 0.875]'
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


Drawn = dict[str, Floats]
"""Figures by name, (1 + R,): of what was measured, then of each resample."""


class Resampling:
    """Draws of seeds and of stories, the same for all arms, so that differences are paired.

    >>> rows = np.zeros((4, 16))
    >>> rows[:, :2] = [[1, 1], [0, 1], [1, 1], [0, 1]]
    >>> resampling = Resampling(np.array([0, 1, 2, 3]), n_seeds=1, n_resamples=200)
    >>> resampling.estimate(resampling.of([Scores(rows)])["reward"]).value
    0.5
    """

    def __init__(self, story: Integers, n_seeds: int, n_resamples: int = 2000, seed: int = 0) -> None:
        _, self._place = np.unique(story, return_inverse=True)
        self._n_stories = int(self._place.max()) + 1
        rng = np.random.default_rng(seed)
        stories = rng.multinomial(self._n_stories, [1 / self._n_stories] * self._n_stories, size=n_resamples)
        seeds = rng.multinomial(n_seeds, [1 / n_seeds] * n_seeds, size=n_resamples)
        # the first draw is what was measured
        self._stories = np.vstack([np.ones(self._n_stories), stories])  # (1 + R, stories)
        self._seeds = np.vstack([np.ones(n_seeds), seeds]) / n_seeds  # (1 + R, S)

    def of(self, scores: Sequence[Scores]) -> Drawn:
        """Return the figures of an arm, the mean over its seeds; of one that has a single seed, its own."""
        by_story = np.zeros((len(scores), self._n_stories, scores[0].rows.shape[1]))
        for seed, of_seed in enumerate(scores):
            np.add.at(by_story[seed], self._place, of_seed.rows)
        sums = np.stack([self._stories @ of_seed for of_seed in by_story], axis=1)  # (1 + R, S, C)
        weights = self._seeds if len(scores) == self._seeds.shape[1] else np.ones((len(self._seeds), 1))
        return {name: (values * weights).sum(axis=1) for name, values in figures_of(sums).items()}

    @staticmethod
    def estimate(drawn: Floats) -> Estimate:
        """Return the figure of the first draw, with the percentiles of the others."""
        known = drawn[1:][~np.isnan(drawn[1:])]
        low, high = np.percentile(known, [2.5, 97.5]).tolist() if len(known) else (np.nan, np.nan)
        return Estimate(float(drawn[0]), float(low), float(high))
