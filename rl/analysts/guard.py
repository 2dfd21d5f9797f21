"""The guard: how much each round weighs, and why, by all rounds that are known.

Joins reliability, quarantine, the two-person rule and the cap. Knows neither storage nor clocks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import msgspec

from models.labelled.example import Example
from rl.analysts.burst import BurstConfig
from rl.analysts.cap import capped_weights
from rl.analysts.claim import Claim, claim_of
from rl.analysts.quarantine import Quarantine, QuarantineReason, Release, quarantines_of
from rl.analysts.ratings import Ratings
from rl.analysts.reliability import Reliability, ReliabilityConfig, reliabilities_of
from rl.analysts.two_person import is_seconded
from rl.rounds.round import Round

_MIN_TEAM = 3


class GuardReason(StrEnum):
    """Why a round weighs what it does."""

    COUNTED = "counted"  # by the analyst's reliability
    CAPPED = "capped"  # below that: the analyst's share of the rounds asked for was too large
    QUARANTINED = "quarantined"  # 0: the analyst pushes a topic of it one way
    WAITS_FOR_SECOND = "waits_for_second"  # 0: its topic is sensitive, and nobody else says the same yet
    UNRELIABLE = "unreliable"  # 0: the analyst is not better than chance
    SUPERSEDED = "superseded"  # 0: the analyst said something else of the document later


@dataclass(frozen=True, slots=True)
class GuardConfig:
    """How far analysts are believed.

    >>> GuardConfig(max_share=0)
    Traceback (most recent call last):
    ValueError: max_share must be in (0, 1], got 0
    """

    max_share: float = 0.25
    # Of an update's weight, one analyst's; more where fewer than eight answer (see `cap.allowed_share`).
    sensitive_topics: frozenset[str] = frozenset()
    # Rounds about them count once a second analyst says the same.
    burst: BurstConfig = field(default_factory=BurstConfig)
    reliability: ReliabilityConfig = field(default_factory=ReliabilityConfig)

    def __post_init__(self) -> None:
        if not 0 < self.max_share <= 1:
            raise ValueError(f"max_share must be in (0, 1], got {self.max_share}")


@dataclass(frozen=True, slots=True)
class Weighed:
    """A round with what it weighs now; later rounds may change that.

    >>> Weighed("r-1", 0.85, GuardReason.COUNTED).weight
    0.85
    """

    round_id: str
    weight: float  # in [0, 1]
    reason: GuardReason


class _State(msgspec.Struct, array_like=True):
    claims: list[Claim]
    superseded: list[tuple[str, str, str]]  # round, document, analyst
    releases: list[Release]


@dataclass(frozen=True, slots=True)
class _Held:
    quarantines: list[Quarantine]
    round_ids: dict[QuarantineReason, frozenset[str]]


class AnalystGuard:
    """Weighs rounds by all that is known of who gave them.

    `update` takes a round, in any order and as often as it comes; `weigh` says what rounds weigh now, and depends
    only on which rounds and releases are known. So a push is undone from its beginning once it shows, and a true
    crisis counts from its beginning once others confirm it. Keeps one claim per (document, analyst), without text.

    >>> from datetime import UTC
    >>> from rl.rounds.round import ReviewReason, Verdict
    >>> from rl.rounds.unit import Unit
    >>> at = datetime(2026, 1, 2, tzinfo=UTC)
    >>> answered = Round(id="r", document_id="d", story="s", topics=("TSLA",), text="Tesla", kind="news", source="w",
    ...     published_at=at, decided_at=at, policy_version="p-1", served=(Unit(1),), p_review=0.02, analyst="ada",
    ...     review_reason=ReviewReason.BLIND, verdict=Verdict.CORRECT, right=Example("Tesla", 0), corrected_at=at)
    >>> guard = AnalystGuard()
    >>> guard.update(answered)
    >>> round(guard.weigh([answered])[0].weight, 2)
    0.85
    >>> strict = AnalystGuard(GuardConfig(sensitive_topics=frozenset({"TSLA"})))
    >>> strict.update(answered)
    >>> strict.weigh([answered])
    [Weighed(round_id='r', weight=0.0, reason=<GuardReason.WAITS_FOR_SECOND: 'waits_for_second'>)]
    """

    def __init__(self, config: GuardConfig | None = None, gold: Mapping[str, Example] | None = None) -> None:
        """Make a guard.

        Args:
            config: how far analysts are believed.
            gold: right labels of documents, by id, that were put before analysts to see how they answer.
        """
        self._config = config or GuardConfig()
        self._gold = dict(gold or {})
        self._claims: dict[tuple[str, str], Claim] = {}  # by document and analyst
        self._by_document: defaultdict[str, dict[str, Claim]] = defaultdict(dict)
        self._by_topic: defaultdict[str, dict[str, Claim]] = defaultdict(dict)  # by round
        self._by_round: dict[str, tuple[str, str]] = {}
        self._analysts: set[str] = set()
        self._releases: list[Release] = []
        self._held: dict[str, _Held] = {}  # of topics looked at since they changed
        self._reliabilities: dict[str, Reliability] | None = None

    def update(self, answered: Round) -> None:
        """Take a round into account; one that comes again changes nothing."""
        self._take(claim_of(answered))

    def release(self, release: Release) -> None:
        """Let an analyst's rounds on a topic count again, up to the time of the release."""
        if release not in self._releases:
            self._releases.append(release)
            self._held.pop(release.topic, None)

    def weigh(self, rounds: Sequence[Round], importances: Sequence[float] | None = None) -> list[Weighed]:
        """Return what each round weighs now, in order.

        Args:
            rounds: of one update, known by `update`; the cap is on shares of these.
            importances: by which their weights will be multiplied, such as 1 / review probability; 1 by default.

        Raises:
            ValueError: a round is not known.
        """
        believed = [self.weight_of(answered.id) for answered in rounds]
        of = [1.0] * len(rounds) if importances is None else list(importances)
        totals = [each.weight * importance for each, importance in zip(believed, of, strict=True)]
        capped = capped_weights([answered.analyst for answered in rounds], totals, self._config.max_share)
        return [
            _capped(each, left / total if total else 1.0)
            for each, left, total in zip(believed, capped, totals, strict=True)
        ]

    def weight_of(self, round_id: str) -> Weighed:
        """Return what a round weighs by itself now; the cap, which is on shares of an update, aside.

        Raises:
            ValueError: the round is not known.
        """
        reason = self.reason_of(round_id)
        if reason is not GuardReason.COUNTED:
            return Weighed(round_id, 0.0, reason)
        weight = self.reliability_of(self._by_round[round_id][1]).weight
        return Weighed(round_id, weight, reason if weight else GuardReason.UNRELIABLE)

    def reason_of(self, round_id: str) -> GuardReason:
        """Return whether a round counts, reliability and cap aside; cheap enough to ask after every correction.

        Raises:
            ValueError: the round is not known.
        """
        key = self._by_round.get(round_id)
        if key is None:
            raise ValueError(f"round_id must be of a round that `update` was told of, got {round_id}")
        claim = self._claims[key]
        if claim.round_id != round_id:
            return GuardReason.SUPERSEDED
        if self._is_held(claim):
            return GuardReason.QUARANTINED
        if self._config.sensitive_topics.isdisjoint(claim.topics):
            return GuardReason.COUNTED
        others = self._by_document[claim.document_id].values()
        if is_seconded(claim, (other for other in others if not self._is_held(other))):
            return GuardReason.COUNTED
        return GuardReason.WAITS_FOR_SECOND

    def quarantines(self) -> list[Quarantine]:
        """Return all that is held now, by topic."""
        return [held for topic in sorted(self._by_topic) for held in self.held_on(topic)]

    def held_on(self, topic: str) -> list[Quarantine]:
        """Return what is held of one topic now, by way and analyst."""
        reasons = self._reasons()
        return [held for held in self._held_on(topic).quarantines if held.reason in reasons]

    def reliabilities(self) -> dict[str, Reliability]:
        """Return the reliability of the analysts who could be compared with anybody."""
        if self._reliabilities is None:
            ratings = Ratings.of(self._ordered(), self._gold)
            self._reliabilities = reliabilities_of(ratings, self._config.reliability)
        return self._reliabilities

    def reliability_of(self, analyst: str) -> Reliability:
        """Return an analyst's reliability; of one who could not be compared, what is believed of anybody."""
        known = self.reliabilities().get(analyst)
        return known or Reliability(self._config.reliability.accuracy, 0.0)

    def n_answers(self) -> Counter[str]:
        """Return how many documents each analyst has answered."""
        return Counter(analyst for _, analyst in self._claims)

    def snapshot(self) -> bytes:
        """Return the state: claims and releases; gold items and configuration are the maker's."""
        return msgspec.msgpack.encode(_State(self._ordered(), self._superseded(), list(self._releases)))

    @classmethod
    def restore(
        cls, snapshot: bytes, config: GuardConfig | None = None, gold: Mapping[str, Example] | None = None
    ) -> AnalystGuard:
        """Return a guard that goes on where the snapshot was taken."""
        state = msgspec.msgpack.decode(snapshot, type=_State)
        restored = cls(config, gold)
        for claim in state.claims:
            restored._take(claim)
        for round_id, document_id, analyst in state.superseded:
            restored._by_round[round_id] = (document_id, analyst)
        restored._releases = state.releases
        return restored

    def _take(self, claim: Claim) -> None:
        key = (claim.document_id, claim.analyst)
        known = self._claims.get(key)
        self._by_round[claim.round_id] = key
        if known is not None:
            # whichever comes first, the later one counts
            if (known.at, known.round_id) >= (claim.at, claim.round_id):
                return
            for topic in set(known.topics):
                del self._by_topic[topic][known.round_id]
                self._held.pop(topic, None)
        self._claims[key] = claim
        self._by_document[claim.document_id][claim.analyst] = claim
        self._analysts.add(claim.analyst)
        for topic in set(claim.topics):
            self._by_topic[topic][claim.round_id] = claim
            self._held.pop(topic, None)
        self._reliabilities = None

    def _ordered(self) -> list[Claim]:
        return sorted(self._claims.values(), key=lambda claim: (claim.at, claim.round_id))

    def _superseded(self) -> list[tuple[str, str, str]]:
        return sorted(
            (round_id, *key) for round_id, key in self._by_round.items() if self._claims[key].round_id != round_id
        )

    def _is_held(self, claim: Claim) -> bool:
        reasons = self._reasons()
        return any(
            claim.round_id in self._held_on(topic).round_ids[reason] for topic in claim.topics for reason in reasons
        )

    def _reasons(self) -> tuple[QuarantineReason, ...]:
        # where only one or two answer, nobody is there to confirm a true crisis
        is_team = len(self._analysts) >= _MIN_TEAM
        return tuple(QuarantineReason) if is_team else (QuarantineReason.AGAINST_OTHERS,)

    def _held_on(self, topic: str) -> _Held:
        if topic not in self._held:
            cleared_at: dict[str, datetime] = {}
            for release in self._releases:
                if release.topic == topic:
                    cleared_at[release.analyst] = max(release.at, cleared_at.get(release.analyst, release.at))
            claims = list(self._by_topic[topic].values())
            found = quarantines_of(topic, claims, cleared_at, self._config.burst)
            ids = {
                reason: frozenset(round_id for held in found if held.reason is reason for round_id in held.round_ids)
                for reason in QuarantineReason
            }
            self._held[topic] = _Held(found, ids)
        return self._held[topic]


def _capped(believed: Weighed, kept: float) -> Weighed:
    if kept < 1.0 - 1e-9:
        return Weighed(believed.round_id, believed.weight * kept, GuardReason.CAPPED)
    return believed
