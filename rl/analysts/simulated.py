"""Analysts who know the right answer, err now and then, and of whom some push one company.

For studies and tests: made from labelled data. Knows no policy and no round.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from random import Random

from models.labelled.example import Example, LabelledSpan
from models.labels import SENTIMENTS
from rl.rounds.unit import Unit

_N_LABELS = len(SENTIMENTS)


@dataclass(frozen=True, kw_only=True)
class AnalystsConfig:
    """Who answers, and how well.

    >>> AnalystsConfig(p_error=1.5)
    Traceback (most recent call last):
    ValueError: p_error must be in [0, 1], got 1.5
    """

    n_analysts: int = 10
    p_error: float = 0.05  # of each label and of each mention, by itself
    hostile_share: float = (
        0.0  # of the analysts; they answer as well as the others where it is not about their target
    )
    target: str = ""  # the surface of the company that the hostile ones push
    pushed: int = 2  # the sentiment they push it to, index in SENTIMENTS
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_analysts < 1:
            raise ValueError(f"n_analysts must be >= 1, got {self.n_analysts}")
        for name in ("p_error", "hostile_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        if self.hostile_share and not self.target:
            raise ValueError("target must name a company where analysts are hostile, got ''")
        if not 0 <= self.pushed < _N_LABELS:
            raise ValueError(f"pushed must be in [0, {_N_LABELS}), got {self.pushed}")


class SimulatedAnalysts:
    """A desk of analysts: who is asked about a document, and what that one holds to be right.

    The same document and analyst give the same answer.

    >>> from models.labelled.example import LabelledSpan
    >>> truth = Example("FTX halts", sentiment=0, spans=(LabelledSpan(0, 3, 0),), are_spans_complete=True)
    >>> config = AnalystsConfig(n_analysts=5, p_error=0.0, hostile_share=0.2, target="FTX")
    >>> desk = SimulatedAnalysts(config)
    >>> desk.hostile, desk.believes("analyst-1", "d1", truth).spans, desk.believes("analyst-4", "d1", truth).spans
    (('analyst-4',), (LabelledSpan(start=0, end=3, sentiment=0),), (LabelledSpan(start=0, end=3, sentiment=2),))
    """

    def __init__(self, config: AnalystsConfig) -> None:
        self._config = config
        self.names = tuple(f"analyst-{number}" for number in range(config.n_analysts))
        n_hostile = round(config.hostile_share * config.n_analysts)
        self.hostile = self.names[config.n_analysts - n_hostile :]

    def asked(self, document_id: str, but: Collection[str] = ()) -> str:
        """Return the analyst to whom a document is given, but for those."""
        return self._random(document_id, "asked").choice([name for name in self.names if name not in but])

    def believes(self, analyst: str, document_id: str, truth: Example) -> Example:
        """Return what an analyst holds to be right of a document."""
        believed = with_errors(truth, self._config.p_error, self._random(document_id, analyst))
        if analyst in self.hostile and self.is_about_target(truth):
            return self._pushed(believed)
        return believed

    def is_about_target(self, truth: Example) -> bool:
        """Return whether the hostile ones care about a document."""
        return bool(self._config.target) and any(self._is_target(truth.text, span) for span in truth.spans)

    def _pushed(self, example: Example) -> Example:
        pushed = self._config.pushed
        spans = tuple(
            replace(span, sentiment=pushed) if self._is_target(example.text, span) else span for span in example.spans
        )
        return replace(example, sentiment=None if example.sentiment is None else pushed, spans=spans)

    def _is_target(self, text: str, span: LabelledSpan) -> bool:
        return text[span.start : span.end].casefold() == self._config.target.casefold()

    def _random(self, document_id: str, what: str) -> Random:
        return Random(f"{self._config.seed}:{document_id}:{what}")  # noqa: S311


def with_errors(truth: Example, p_error: float, rng: Random) -> Example:
    """Return the labels with errors: of sentiments another one, of mentions also a wrong end or none at all.

    >>> with_errors(Example("FTX halts", sentiment=0), 1.0, Random(0)).sentiment in (1, 2)
    True
    """
    sentiment = truth.sentiment
    if sentiment is not None and rng.random() < p_error:
        sentiment = _another(sentiment, rng)
    spans: list[LabelledSpan] = []
    for index, span in enumerate(truth.spans):
        if rng.random() >= p_error:
            spans.append(span)
            continue
        kind = rng.choice(("sentiment", "end", "missed"))
        if kind == "sentiment" and span.sentiment is not None:
            spans.append(replace(span, sentiment=_another(span.sentiment, rng)))
        elif kind == "end":
            following = truth.spans[index + 1].start if index + 1 < len(truth.spans) else len(truth.text)
            end = _another_end(truth.text, span, following)
            spans += [replace(span, end=end)] if end != span.end else []
    return replace(truth, sentiment=sentiment, spans=tuple(spans))


def is_right(unit: Unit, believed: Example) -> bool | None:
    """Return whether a unit is right to one who believes these labels; None if they do not tell.

    >>> is_right(Unit(0), Example("FTX halts", sentiment=0)), is_right(Unit(0), Example("FTX halts"))
    (True, None)
    """
    if unit.span is None:
        return None if believed.sentiment is None else unit.sentiment == believed.sentiment
    for span in believed.spans:
        if (span.start, span.end) == unit.span:
            return None if span.sentiment is None else unit.sentiment == span.sentiment
    is_open = any(start < unit.span[1] and unit.span[0] < end for start, end in believed.open_ranges)
    return False if believed.are_spans_complete and not is_open else None


def _another(sentiment: int, rng: Random) -> int:
    return (sentiment + rng.choice((1, 2))) % _N_LABELS


def _another_end(text: str, span: LabelledSpan, following: int) -> int:
    """Return the end of the next word if there is one before the following mention, else that of the one before."""
    after = text.find(" ", span.end + 1)
    longer = len(text) if after < 0 else after
    if span.end < longer <= following and text[span.end : longer].strip():
        return longer
    before = text.rfind(" ", span.start, span.end)
    return before if before > span.start else span.end
