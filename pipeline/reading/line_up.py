"""Which policy decides which document: the serving one, or a canary on a share of them.

Knows neither releases nor Kafka; a line-up never changes, another one takes its place.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from models.decider import Decider


@dataclass(frozen=True, slots=True)
class Served:
    """A policy that decides, and what its decisions say of it.

    >>> from models.keyword import KeywordPolicy
    >>> Served(KeywordPolicy()).negative_ratio
    1.0
    """

    policy: Decider
    negative_ratio: float = 1.0  # how often it says negative, to how often the stream's first policy did


@dataclass(frozen=True, slots=True)
class LineUp:
    """The policies of one worker at one time.

    >>> from models.keyword import KeywordPolicy
    >>> line_up = LineUp(Served(KeywordPolicy()))
    >>> line_up.of("d-1") is line_up.serving
    True
    """

    serving: Served
    canary: Served | None = None
    canary_share: float = 0.0  # of the documents, in [0, 1]

    def __post_init__(self) -> None:
        if not 0 <= self.canary_share <= 1:
            raise ValueError(f"canary_share must be in [0, 1], got {self.canary_share}")
        if self.canary and self.canary.policy.version == self.serving.policy.version:
            raise ValueError(f"canary must be another version than the serving one, got {self.versions[0]} twice")

    @property
    def served(self) -> tuple[Served, ...]:
        """The policies that decide, the serving one first."""
        return (self.serving,) if self.canary is None else (self.serving, self.canary)

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions that decide."""
        return tuple(served.policy.version for served in self.served)

    def of(self, document_id: str) -> Served:
        """Return who decides a document; the same for a document each time it comes."""
        if self.canary is None or not is_in_share(document_id, self.canary.policy.version, self.canary_share):
            return self.serving
        return self.canary


def is_in_share(document_id: str, version: str, share: float) -> bool:
    """Return whether a document is one of the share of a version; other versions have other documents.

    >>> sum(is_in_share(str(number), "p-1", 0.25) for number in range(1000))
    274
    """
    digest = hashlib.sha256(f"{version}/{document_id}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") < share * 2**32
