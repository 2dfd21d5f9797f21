"""Which decisions are put before an analyst: an independent coin per document, with its exact probability.

Poisson sampling, kept to a daily budget. Knows neither episodes nor other policies: the candidate says what of them
matters. Owns no clock; event time comes with the candidate.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime

import msgspec

from models.labels import Sentiment
from rl.rounds.round import ReviewReason

MIN_P_REVIEW = 0.01
"""Of every document: below it one round would stand for more than a hundred, and no estimate could be trusted."""

_DAY_S = 86_400.0
_MIN_SEEN_S = 3_600.0


@dataclass(frozen=True, slots=True)
class ReviewConfig:
    """How likely a review is, by what is known of a decision, and how many a day are wanted.

    >>> ReviewConfig(uniform=0.001)
    Traceback (most recent call last):
    ValueError: uniform must be in [0.01, 1], got 0.001
    """

    uniform: float = 0.02
    # Of every document. Half of it is shown blind, so that 1 % is left to tell how far seeing an answer anchors.
    uncertain: float = 0.10
    # Added at the greatest uncertainty, in proportion below it.
    impact: float = 0.30
    # Added where a negative decision feeds an open episode: a mistake there is in somebody's alert.
    disagreement: float = 0.30
    # Added where another policy decides otherwise: one of the two errs.
    max_p: float = 0.90
    # Below 1, so that nobody can foretell with certainty that a document is reviewed.
    second: float = 0.50
    # Of the documents that an analyst came upon: another one is asked about them too, blind. Who reports a company's
    # documents one-sidedly is so contradicted, and who is right is seconded.
    per_day: float | None = None
    # Reviews that the analysts manage, on average; None: all that are drawn. The uniform part is never cut for it.
    salt: str = ""
    # Of the deployment, secret: who knows it can foretell which documents are reviewed.

    def __post_init__(self) -> None:
        for name in ("uncertain", "impact", "disagreement", "second"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        if not MIN_P_REVIEW <= self.uniform <= 1:
            raise ValueError(f"uniform must be in [{MIN_P_REVIEW}, 1], got {self.uniform}")
        if not self.uniform <= self.max_p <= 1:
            raise ValueError(f"max_p must be in [uniform ({self.uniform}), 1], got {self.max_p}")
        if self.per_day is not None and not self.per_day > 0:
            raise ValueError(f"per_day must be > 0, got {self.per_day}")


@dataclass(frozen=True, slots=True)
class ReviewCandidate:
    """A decision, as far as it matters to whether it is reviewed.

    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> ReviewCandidate("d", "p-1", at, (0.2, 0.6, 0.2), ((0.5, 0.5, 0.0),)).uncertainty
    0.75
    """

    document_id: str
    policy_version: str
    at: datetime  # event time, by which the daily budget is kept
    sentiment: Sentiment  # of the document
    mentions: tuple[Sentiment, ...] = ()  # towards each
    has_open_episode: bool = False  # one of its topics has
    is_disputed: bool = False  # another policy decides otherwise

    @property
    def uncertainty(self) -> float:
        """1 - the greatest probability, of the least certain unit; 1 where all three are equal, in [0, 1]."""
        certainty = min(max(sentiment) for sentiment in (self.sentiment, *self.mentions))
        return min(1.0, max(0.0, 1.5 * (1.0 - certainty)))

    @property
    def is_negative(self) -> bool:
        """Whether the document or a mention of it is decided negative."""
        return any(sentiment[0] == max(sentiment) for sentiment in (self.sentiment, *self.mentions))


@dataclass(frozen=True, slots=True)
class ReviewParts:
    """What each reason adds to the review probability; they sum to it."""

    uniform: float
    uncertain: float = 0.0
    impact: float = 0.0
    disagreement: float = 0.0

    @property
    def p(self) -> float:
        """Their sum."""
        return self.uniform + self.wanted

    @property
    def wanted(self) -> float:
        """What is added to the uniform part."""
        return self.uncertain + self.impact + self.disagreement

    def scaled(self, scale: float) -> ReviewParts:
        """Return the parts with all but the uniform one multiplied."""
        return ReviewParts(self.uniform, self.uncertain * scale, self.impact * scale, self.disagreement * scale)


@dataclass(frozen=True, slots=True)
class ReviewDraw:
    """Whether a decision is reviewed, with the probability that it was and why."""

    is_drawn: bool
    p_review: float
    reason: ReviewReason  # the one that counts if it is drawn; BLIND: nothing may be shown
    parts: ReviewParts
    scale: float  # by which the budget multiplied all parts but the uniform one


class _Demand(msgspec.Struct, array_like=True):
    first_at: datetime | None = None
    last_at: datetime | None = None
    n: float = 0.0  # documents, decayed with a time constant of a day
    wanted: float = 0.0  # sum of what their parts would add without a budget, decayed alike


class ReviewSampler:
    """Draws reviews: `get` for the draw of a decision, then `update` to count it; or `draw` for both.

    The coin depends on (salt, document id, policy version) only, so that a decision that comes twice is drawn alike.
    The probability depends on the decisions before it, by the budget, and never on the coin: it is exact.
    *See* "Model assisted survey sampling" by Särndal, Swensson and Wretman for Poisson sampling.

    >>> sampler = ReviewSampler(ReviewConfig(uniform=0.02, disagreement=0.3))
    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> draw = sampler.draw(ReviewCandidate("d", "p-1", at, (0.0, 1.0, 0.0), is_disputed=True))
    >>> round(draw.p_review, 3), draw.is_drawn
    (0.32, True)
    """

    def __init__(self, config: ReviewConfig | None = None) -> None:
        self._config = config or ReviewConfig()
        self._demand = _Demand()

    @property
    def scale(self) -> float:
        """By how much all parts but the uniform one are multiplied now, so that the budget is kept, in [0, 1]."""
        demand, per_day = self._demand, self._config.per_day
        if per_day is None or demand.first_at is None or demand.last_at is None or demand.wanted <= 0:
            return 1.0
        # so that a stream that began an hour ago is not taken for one that brings an hour's documents a day
        seen_s = max(_MIN_SEEN_S, (demand.last_at - demand.first_at).total_seconds())
        days = 1.0 - math.exp(-seen_s / _DAY_S)
        left = per_day - self._config.uniform * demand.n / days
        return min(1.0, max(0.0, left * days / demand.wanted))

    def get(self, candidate: ReviewCandidate) -> ReviewDraw:
        """Return the draw of a decision; changes nothing."""
        config = self._config
        wanted = self._parts(candidate)
        scale = self.scale
        room = config.max_p - wanted.uniform
        if wanted.wanted * scale > room:
            scale = room / wanted.wanted
        parts = wanted.scaled(scale)
        coin, share = _coins(config.salt, candidate.document_id, candidate.policy_version)
        return ReviewDraw(coin < parts.p, parts.p, _reason(parts, share), parts, scale)

    def is_seconded(self, document_id: str, policy_version: str) -> bool:
        """Return whether somebody else is asked about a document that an analyst came upon; always the same."""
        coin, _ = _coins(f"{self._config.salt}:second", document_id, policy_version)
        return coin < self._config.second

    def update(self, candidate: ReviewCandidate) -> None:
        """Count a decision, whether or not it was drawn."""
        demand = self._demand
        if demand.last_at is None or demand.first_at is None:
            demand.first_at = demand.last_at = candidate.at
        passed_s = (candidate.at - demand.last_at).total_seconds()
        if passed_s > 0:
            kept = math.exp(-passed_s / _DAY_S)
            demand.n *= kept
            demand.wanted *= kept
            demand.last_at = candidate.at
        demand.n += 1.0
        demand.wanted += min(self._parts(candidate).wanted, self._config.max_p - self._config.uniform)

    def draw(self, candidate: ReviewCandidate) -> ReviewDraw:
        """Return the draw of a decision, and count it."""
        drawn = self.get(candidate)
        self.update(candidate)
        return drawn

    def snapshot(self) -> bytes:
        """Return the state: what the budget is kept by."""
        return msgspec.msgpack.encode(self._demand)

    @classmethod
    def restore(cls, config: ReviewConfig, snapshot: bytes) -> ReviewSampler:
        """Return a sampler that goes on where the snapshot was taken."""
        restored = cls(config)
        restored._demand = msgspec.msgpack.decode(snapshot, type=_Demand)
        return restored

    def _parts(self, candidate: ReviewCandidate) -> ReviewParts:
        config = self._config
        return ReviewParts(
            uniform=config.uniform,
            uncertain=config.uncertain * candidate.uncertainty,
            impact=config.impact if candidate.has_open_episode and candidate.is_negative else 0.0,
            disagreement=config.disagreement if candidate.is_disputed else 0.0,
        )


def _coins(salt: str, document_id: str, policy_version: str) -> tuple[float, float]:
    key = msgspec.json.encode((salt, document_id, policy_version))
    digest = hashlib.sha256(key).digest()
    # 53 bits each: all that a float in [0, 1) holds
    coin, share = ((int.from_bytes(part, "big") >> 11) / 2**53 for part in (digest[:8], digest[8:16]))
    return coin, share


def _reason(parts: ReviewParts, share: float) -> ReviewReason:
    reasons = {
        ReviewReason.UNIFORM: parts.uniform / 2,
        ReviewReason.BLIND: parts.uniform / 2,
        ReviewReason.UNCERTAIN: parts.uncertain,
        ReviewReason.IMPACT: parts.impact,
        ReviewReason.DISAGREEMENT: parts.disagreement,
    }
    left = share * parts.p
    for reason, part in reasons.items():
        left -= part
        if left < 0:
            return reason
    return ReviewReason.UNIFORM  # rounding left a little of the last one
