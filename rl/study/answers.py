"""What analysts answer to a chunk of the stream: rounds, as production's join would make them.

Owns who is asked and what is shown and said. Knows no update.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from random import Random

from models.action import Action
from models.labelled.example import Example, LabelledSpan
from models.topics.discovery import discovered_key
from rl.analysts.simulated import AnalystsConfig, SimulatedAnalysts, are_right
from rl.exploration import ExplorationConfig, explore, seed_of
from rl.review import ReviewCandidate, ReviewConfig, ReviewSampler
from rl.reward import reward_of
from rl.rounds.round import ReviewReason, Round, ShownUnit, Verdict
from rl.rounds.unit import Unit, Units, units_of
from rl.study.stream import StreamDocument

_ANSWERED_AFTER = timedelta(hours=4)
_COIN = "stream"
"""In place of a policy's version: the coin falls alike for all arms, which so learn from the same documents."""


class Answering(StrEnum):
    """What an analyst says of a document."""

    LABELS = "labels"  # what is right
    VERDICTS = "verdicts"  # whether what is shown is right, and no more


@dataclass(frozen=True, kw_only=True)
class DeskConfig:
    """How many documents are asked about, and who answers what.

    >>> DeskConfig(p_found=2.0)
    Traceback (most recent call last):
    ValueError: p_found must be in [0, 1], got 2.0
    """

    review: ReviewConfig = field(
        default_factory=lambda: ReviewConfig(uniform=0.1, uncertain=0.0, impact=0.0, disagreement=0.0)
    )
    analysts: AnalystsConfig = field(default_factory=AnalystsConfig)
    answering: Answering = Answering.LABELS
    exploration: ExplorationConfig = field(default_factory=ExplorationConfig)
    # Of what is shown where verdicts are asked for.
    p_found: float = 0.0
    # Of the documents about their target, those that a hostile analyst comes upon unasked.

    def __post_init__(self) -> None:
        if not 0 <= self.p_found <= 1:
            raise ValueError(f"p_found must be in [0, 1], got {self.p_found}")


class Desk:
    """Asks analysts about documents; the same answers for the same seed, whatever the policy but for what it shows.

    >>> from rl.study.stream import StreamConfig, chunks_of
    >>> [chunk] = chunks_of([Example("FTX halts", 0)], 1, StreamConfig(n_chunks=1))
    >>> desk = Desk(DeskConfig(review=ReviewConfig(uniform=1.0, max_p=1.0)), seed=1)
    >>> [answered] = desk.rounds_of(chunk, {"d0": Action((0.9, 0.1, 0.0), ())}, "p-1")
    >>> answered.reward, answered.verdict.value
    (1.0, 'correct')
    """

    def __init__(self, config: DeskConfig, seed: int) -> None:
        self._config = config
        self._seed = seed
        self._sampler = ReviewSampler(config.review)
        self.analysts = SimulatedAnalysts(config.analysts)

    def asked_of(self, documents: Sequence[StreamDocument]) -> list[StreamDocument]:
        """Return the documents that somebody answers, whether drawn or come upon."""
        return [document for document in documents if self._is_drawn(document) or self._finders(document)]

    def rounds_of(
        self, documents: Sequence[StreamDocument], actions: Mapping[str, Action], policy_version: str
    ) -> list[Round]:
        """Return the rounds of a chunk, by time of the decision.

        Args:
            documents: of the chunk.
            actions: what the policy decided, by document id; of all in `asked_of`.
            policy_version: of that policy.
        """
        rounds: list[Round | None] = []
        for document in documents:
            if self._is_drawn(document):
                analyst = self.analysts.asked(document.id)
                rounds.append(self._answer(document, actions[document.id], policy_version, analyst, is_found=False))
            rounds += [
                self._answer(document, actions[document.id], policy_version, analyst, is_found=True)
                for analyst in self._finders(document)
            ]
        return [answered for answered in rounds if answered is not None]

    def _is_drawn(self, document: StreamDocument) -> bool:
        candidate = ReviewCandidate(f"{self._seed}:{document.id}", _COIN, document.published_at, (0.0, 1.0, 0.0))
        return self._sampler.get(candidate).is_drawn

    def _finders(self, document: StreamDocument) -> list[str]:
        if not self._config.p_found or not self.analysts.is_about_target(document.truth):
            return []
        asked = self.analysts.asked(document.id) if self._is_drawn(document) else None
        coins = Random(f"{self._seed}:{document.id}:found")  # noqa: S311
        found = [name for name in self.analysts.hostile if coins.random() < self._config.p_found]
        return [name for name in found if name != asked]

    def _answer(
        self, document: StreamDocument, action: Action, policy_version: str, analyst: str, *, is_found: bool
    ) -> Round | None:
        believed = self.analysts.believes(analyst, document.id, document.truth)
        shown: tuple[ShownUnit, ...] | None = None
        right: Example | None = believed
        verdict = Verdict.CORRECT
        if self._config.answering is Answering.VERDICTS:
            shown = proposal_of(document.id, policy_version, action, self._config.exploration)
            said = verdict_on(tuple(each.unit for each in shown), believed)
            if said is None:
                return None
            verdict = said
            right = all_of(shown, document.truth.text) if verdict is Verdict.CONFIRM else None
        served = units_of(action)
        return Round(
            id=f"{document.id}-{analyst}",
            document_id=document.id,
            story=document.story,
            topics=topics_of(document.truth.text, served, right),
            text=document.truth.text,
            kind="news",
            source=document.truth.source,
            published_at=document.published_at,
            decided_at=document.published_at,
            policy_version=policy_version,
            served=served,
            shown=shown,
            p_review=None if is_found else self._config.review.uniform,
            review_reason=ReviewReason.FOUND if is_found else ReviewReason.UNIFORM,
            analyst=analyst,
            verdict=verdict,
            right=right,
            corrected_at=document.published_at + _ANSWERED_AFTER,
            reward=None if right is None else reward_of(served, right),
        )


def proposal_of(
    document_id: str, policy_version: str, action: Action, config: ExplorationConfig
) -> tuple[ShownUnit, ...]:
    """Return what is shown: the label and each mention's sentiment, each drawn by itself, with its propensity."""
    units = [(None, action.sentiment), *(((span.start, span.end), span.sentiment) for span in action.spans)]
    choices = [
        (span, explore(sentiment, config, seed_of(document_id, policy_version, span or ())))
        for span, sentiment in units
    ]
    return tuple(ShownUnit(Unit(choice.action, span), choice.propensity) for span, choice in choices)


def verdict_on(shown: Units, believed: Example) -> Verdict | None:
    """Return what an analyst says of a whole proposal.

    None where all that is shown is right, and something is missing: neither verdict would be true.

    >>> believed = Example("FTX halts", 0, (LabelledSpan(0, 3, 0),), are_spans_complete=True)
    >>> verdict_on((Unit(0), Unit(0, (0, 3))), believed).value, verdict_on((Unit(1),), believed).value
    ('confirm', 'reject')
    >>> verdict_on((Unit(0),), believed) is None
    True
    """
    found = {unit.span for unit in shown}
    is_missing = any((span.start, span.end) not in found for span in believed.spans)
    if are_right(shown, believed) is False:
        return Verdict.REJECT
    return None if is_missing or are_right(shown, believed) is None else Verdict.CONFIRM


def all_of(shown: Sequence[ShownUnit], text: str) -> Example:
    """Return the right labels that a confirmed proposal gives."""
    units = [each.unit for each in shown]
    spans = tuple(LabelledSpan(*unit.span, unit.sentiment) for unit in units if unit.span is not None)
    return Example(text, next(unit.sentiment for unit in units if unit.is_document), spans, are_spans_complete=True)


def topics_of(text: str, served: Units, right: Example | None) -> tuple[str, ...]:
    """Return the topics of a round: the normalised names of what was served, and of what is right."""
    spans = {unit.span for unit in served if unit.span is not None}
    spans |= {(span.start, span.end) for span in right.spans} if right is not None else set()
    keys = {discovered_key(text[start:end]) for start, end in spans}
    return tuple(sorted(key for key in keys if key is not None))
