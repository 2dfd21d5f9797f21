"""What `shadows` say of a version on trial: paired decisions, counted, and the ratio of its negatives.

Keeps a bounded number of pairs; knows no Kafka and no stage.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from pipeline.records import ReadingRecord, ShadowDecision
from rl.gate.shadow import NegativeRatio, negative_ratio

MAX_PAIRS = 50_000
"""The latest so many: the ratio is then known to less than a percent, and follows the news."""


@dataclass(frozen=True, slots=True)
class _Pair:
    story: str
    is_negative: bool  # by the version on trial
    served_negative: bool  # by the serving one


class TrialEvidence:
    """The pairs of one version with the serving one.

    >>> TrialEvidence("p-2", "p-1").n_shadow
    0
    """

    def __init__(self, version: str, serving: str) -> None:
        self.version = version
        self.serving = serving
        self.n_shadow = 0  # documents that both decided
        self.n_failed = 0  # that only the serving version could decide
        self.n_canary = 0  # that it served
        self._pairs: deque[_Pair] = deque(maxlen=MAX_PAIRS)

    def update(self, shadow: ShadowDecision) -> None:
        """Take note of a document that two policies decided; of other versions than these nothing is kept."""
        versions = (shadow.policy_version, shadow.served_version)
        if versions == (self.serving, self.version):
            self.n_canary += 1
        elif versions != (self.version, self.serving):
            return
        if shadow.reading is None:
            self.n_failed += versions[0] == self.version
            return
        self.n_shadow += 1
        readings = (shadow.reading, shadow.served)
        own, other = readings if versions[0] == self.version else readings[::-1]
        self._pairs.append(_Pair(_story(shadow), _is_negative(own), _is_negative(other)))

    def ratio(self) -> NegativeRatio:
        """Return how much more often it says negative."""
        stories = np.unique([pair.story for pair in self._pairs], return_inverse=True)[1]
        return negative_ratio(
            np.array([pair.is_negative for pair in self._pairs], dtype=bool),
            np.array([pair.served_negative for pair in self._pairs], dtype=bool),
            stories.astype(np.int64).reshape(-1),
        )


def _is_negative(reading: ReadingRecord) -> bool:
    return int(np.argmax(reading.sentiment)) == 0


def _story(shadow: ShadowDecision) -> str:
    """Return what copies share, near enough for an interval: their mentions and their hour."""
    names = " ".join(sorted({span.surface.casefold() for span in shadow.served.spans}))
    return f"{names}@{shadow.published_at:%Y%m%d%H}" if names else shadow.document_id
