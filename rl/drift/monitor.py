"""All that is watched for drift: of what comes in, and of what analysts find it worth.

An input drift alone, such as a topic in crisis, is a reason to look. Knows no Kafka, no clock and no learner.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from models.labels import Sentiment
from rl.drift.bins import BinConfig, BinsState, DayBins
from rl.drift.detectors import downwards, either_way
from rl.drift.level import LevelConfig, LevelState, LevelWatch
from rl.rounds.round import Round


class DriftSignal(StrEnum):
    """What has changed."""

    NEGATIVE = "negative"  # mean probability that a document is negative
    POSITIVE = "positive"
    UNCERTAINTY = "uncertainty"  # 1 - the probability of the likeliest label
    MENTIONS = "mentions"  # found in a document
    NOT_ENGLISH = "not_english"  # share of documents
    SOCIAL = "social"  # share of documents that are posts, not news
    REWARD = "reward"  # review-weighted, of what was served: a fall


INPUT: tuple[DriftSignal, ...] = tuple(signal for signal in DriftSignal if signal is not DriftSignal.REWARD)


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """What is watched of a decided document.

    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> ReadDocument(at, "p-1", (0.7, 0.2, 0.1), n_mentions=2, is_english=True, is_social=False).values
    (0.7, 0.1, 0.30000000000000004, 2.0, 0.0, 0.0)
    """

    at: datetime  # event time
    policy_version: str
    sentiment: Sentiment
    n_mentions: int
    is_english: bool
    is_social: bool

    @property
    def values(self) -> tuple[float, ...]:
        """The figures, in the order of `INPUT`."""
        uncertainty = 1.0 - max(self.sentiment)
        shares = (float(not self.is_english), float(self.is_social))
        return (self.sentiment[0], self.sentiment[2], uncertainty, float(self.n_mentions), *shares)


@dataclass(frozen=True, slots=True)
class DriftConfig:
    """How drift is watched.

    >>> DriftConfig().input_bins.min_items
    200
    """

    input_bins: BinConfig = BinConfig()  # noqa: RUF009 - frozen
    input_level: LevelConfig = LevelConfig()  # noqa: RUF009 - frozen
    reward_bins: BinConfig = BinConfig(min_items=50, n_after=5)  # noqa: RUF009 - frozen
    # A mean of 50 rewards is known to some 5 points; with 60 answers a day that is a day.
    reward_level: LevelConfig = LevelConfig(n_reference=14)  # noqa: RUF009 - frozen


class DriftState(msgspec.Struct):
    """All that a monitor remembers."""

    input_bins: BinsState = msgspec.field(default_factory=BinsState)
    reward_bins: BinsState = msgspec.field(default_factory=BinsState)
    levels: dict[DriftSignal, LevelState] = msgspec.field(default_factory=dict)


class DriftMonitor:
    """Takes decided documents and rounds, and says what has drifted.

    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> monitor = DriftMonitor()
    >>> monitor.read(ReadDocument(at, "p-1", (0.7, 0.2, 0.1), n_mentions=2, is_english=True, is_social=False))
    []
    >>> monitor.get()[DriftSignal.REWARD] is None
    True
    """

    def __init__(self, config: DriftConfig | None = None, state: DriftState | None = None) -> None:
        config, state = config or DriftConfig(), state or DriftState()
        self._input = DayBins(config.input_bins, state.input_bins)
        self._reward = DayBins(config.reward_bins, state.reward_bins)
        self._levels: dict[DriftSignal, LevelWatch] = {
            signal: LevelWatch(either_way, config.input_level, state.levels.get(signal)) for signal in INPUT
        }
        self._levels[DriftSignal.REWARD] = LevelWatch(
            downwards, config.reward_level, state.levels.get(DriftSignal.REWARD)
        )

    def read(self, document: ReadDocument) -> list[DriftSignal]:
        """Take a decided document in, and return what it shows to have drifted."""
        drifted = []
        for over in self._input.update(document.at, document.values, document.policy_version):
            for signal, mean in zip(INPUT, over.means, strict=True):
                if self._levels[signal].update(mean, over.version):
                    drifted.append(signal)
        return drifted

    def answered(self, answered: Round) -> list[DriftSignal]:
        """Take a round in, and return what it shows to have drifted; what estimates nothing is left out."""
        if answered.p_review is None or answered.reward is None or not answered.weight:
            return []
        closed = self._reward.update(
            answered.corrected_at, (answered.reward,), answered.policy_version, 1.0 / answered.p_review
        )
        level = self._levels[DriftSignal.REWARD]
        fell = [level.update(over.means[0], over.version) for over in closed]
        return [DriftSignal.REWARD] if any(fell) else []

    def get(self) -> dict[DriftSignal, float | None]:
        """Return of each figure how many usual deviations it lies from the usual by now; None: not known yet."""
        return {signal: level.get() for signal, level in self._levels.items()}

    def snapshot(self) -> DriftState:
        """Return a copy of the state, from which a monitor goes on as this one would."""
        levels = {signal: level.snapshot() for signal, level in self._levels.items()}
        return DriftState(self._input.snapshot(), self._reward.snapshot(), levels)
