"""What analysts answer to a chunk of the stream: rounds, as production's join would make them.

Owns who is asked and what is shown and said. Knows no update.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import NamedTuple

from models.action import Action
from models.labelled.example import Example, LabelledSpan
from models.topics.discovery import discovered_key
from rl.analysts.simulated import AnalystsConfig, SimulatedAnalysts, is_right
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
    VERDICTS = "verdicts"  # which of what is shown is right, and no more


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
        return [document for document in documents if self._answering(document)]

    def rounds_of(
        self, documents: Sequence[StreamDocument], actions: Mapping[str, Action], policy_version: str
    ) -> list[Round]:
        """Return the rounds of a chunk, by time of the decision.

        Args:
            documents: of the chunk.
            actions: what the policy decided, by document id; of all in `asked_of`.
            policy_version: of that policy.
        """
        return [
            self._answer(document, actions[document.id], policy_version, analyst, reason)
            for document in documents
            for analyst, reason in self._answering(document)
        ]

    def _answering(self, document: StreamDocument) -> list[tuple[str, ReviewReason]]:
        """Return who answers: whoever is asked, those who come upon it, and now and then one who seconds these."""
        coin_id = f"{self._seed}:{document.id}"
        candidate = ReviewCandidate(coin_id, _COIN, document.published_at, (0.0, 1.0, 0.0))
        if self._sampler.get(candidate).is_drawn:
            asked = self.analysts.asked(document.id)
            finders = [name for name in self._finders(document) if name != asked]
            return [(asked, ReviewReason.UNIFORM), *((name, ReviewReason.FOUND) for name in finders)]
        finders = self._finders(document)
        answering = [(name, ReviewReason.FOUND) for name in finders]
        if 0 < len(finders) < len(self.analysts.names) and self._sampler.is_seconded(coin_id, _COIN):
            answering.append((self.analysts.asked(document.id, but=finders), ReviewReason.SECOND))
        return answering

    def _finders(self, document: StreamDocument) -> list[str]:
        if not self._config.p_found or not self.analysts.is_about_target(document.truth):
            return []
        coins = Random(f"{self._seed}:{document.id}:found")  # noqa: S311
        return [name for name in self.analysts.hostile if coins.random() < self._config.p_found]

    def _answer(
        self, document: StreamDocument, action: Action, policy_version: str, analyst: str, reason: ReviewReason
    ) -> Round:
        believed = self.analysts.believes(analyst, document.id, document.truth)
        shown: tuple[ShownUnit, ...] | None = None
        right: Example | None = believed
        verdict = Verdict.CORRECT
        wrong: tuple[int, ...] | None = None
        is_missing = False
        if self._config.answering is Answering.VERDICTS:
            shown = proposal_of(document.id, policy_version, action, self._config.exploration)
            verdict, wrong, is_missing = verdict_on(tuple(each.unit for each in shown), believed)
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
            p_review=self._config.review.uniform if reason is ReviewReason.UNIFORM else None,
            review_reason=reason,
            analyst=analyst,
            verdict=verdict,
            wrong=wrong,
            is_missing=is_missing,
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


class Answer(NamedTuple):
    """What an analyst says of a proposal."""

    verdict: Verdict
    wrong: tuple[int, ...] | None = None  # which units, of one that is rejected
    is_missing: bool = False  # a mention that touches none of them


def verdict_on(shown: Units, believed: Example) -> Answer:
    """Return what an analyst says of a proposal who gives no right label.

    >>> believed = Example("FTX halts", 0, (LabelledSpan(0, 3, 0),), are_spans_complete=True)
    >>> verdict_on((Unit(0), Unit(0, (0, 3))), believed)
    Answer(verdict=<Verdict.CONFIRM: 'confirm'>, wrong=None, is_missing=False)
    >>> verdict_on((Unit(1), Unit(0, (0, 3))), believed)[1:], verdict_on((Unit(0),), believed)[1:]
    (((0,), False), ((), True))
    """
    spans = [unit.span for unit in shown if unit.span is not None]
    is_missing = any(all(end <= span.start or span.end <= start for start, end in spans) for span in believed.spans)
    wrong = tuple(place for place, unit in enumerate(shown) if not is_right(unit, believed))
    return Answer(Verdict.REJECT, wrong, is_missing) if wrong or is_missing else Answer(Verdict.CONFIRM)


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
