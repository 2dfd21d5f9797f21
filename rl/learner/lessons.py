"""What rounds teach: feedback for an algorithm, weighted for who was asked and who answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.tokens import MAX_PIECES, Tokens, WordpieceTokenizer, tokenize
from rl.algorithms.feedback import Feedback, JudgedUnits
from rl.analysts.cap import capped_weights
from rl.rounds.round import Round, ShownUnit, Verdict


@dataclass(frozen=True, slots=True)
class LessonConfig:
    """How much a round may weigh.

    >>> LessonConfig(max_weight=0.5)
    Traceback (most recent call last):
    ValueError: max_weight must be >= 1, got 0.5
    """

    max_weight: float = 4.0
    # Of 1 / review probability, relative to the mean: unbiased would be without a limit, and one document in a
    # hundred would then decide an update. Biased towards what is reviewed more often.
    max_share: float = 0.25
    # Of the weight of all lessons, one analyst's; more where fewer than eight answer (`rl.analysts.cap`).

    def __post_init__(self) -> None:
        if not self.max_weight >= 1:
            raise ValueError(f"max_weight must be >= 1, got {self.max_weight}")
        if not 0 < self.max_share <= 1:
            raise ValueError(f"max_share must be in (0, 1], got {self.max_share}")


def lessons_of(
    rounds: Sequence[Round], tokenizer: WordpieceTokenizer, config: LessonConfig | None = None
) -> list[Feedback]:
    """Return the feedback of the rounds that teach something, in order; the mean weight of reviewed ones is about 1.

    A document that an analyst found weighs 1: nobody knows how likely that was. A longer document than is read at
    once teaches by its beginning. One who answers far more than the others does not decide what is learned.
    """
    config = config or LessonConfig()
    taught = [answered for answered in rounds if answered.weight > 0]
    inverse = [1.0 / answered.p_review for answered in taught if answered.p_review is not None]
    scale = len(inverse) / sum(inverse) if inverse else 1.0
    tokens = tokenize([answered.text for answered in taught], tokenizer, MAX_PIECES)
    lessons: list[Feedback] = []
    analysts: list[str] = []
    for answered, of_text in zip(taught, tokens, strict=True):
        of_review = 1.0 if answered.p_review is None else min(scale / answered.p_review, config.max_weight)
        lesson = _lesson(answered, of_text, of_review * answered.weight)
        if lesson is not None:
            lessons.append(lesson)
            analysts.append(answered.analyst)
    weights = capped_weights(analysts, [lesson.weight for lesson in lessons], config.max_share)
    return [replace(lesson, weight=weight) for lesson, weight in zip(lessons, weights, strict=True)]


def _lesson(answered: Round, tokens: Tokens, weight: float) -> Feedback | None:
    if not tokens.offsets:
        return None
    if answered.right is not None:
        return Feedback(tokens, right=answered.right, weight=weight)
    if not answered.shown:
        return None
    is_missing = None if answered.wrong is None else answered.is_missing
    return Feedback(tokens, judged=_judged(answered, answered.shown), is_missing=is_missing, weight=weight)


def _judged(answered: Round, shown: tuple[ShownUnit, ...]) -> tuple[JudgedUnits, ...]:
    if answered.wrong is None:
        return (JudgedUnits(shown, are_right=answered.verdict is Verdict.CONFIRM),)
    return tuple(JudgedUnits((unit,), are_right=place not in answered.wrong) for place, unit in enumerate(shown))
