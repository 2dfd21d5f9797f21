"""What a policy got wrong: one entry for each wrong document, mention or entity, for people to read through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from models.evaluation.judgement import Judgement, label_of
from models.evaluation.slices import slices_of
from models.labelled.example import Example, LabelledSpan
from models.labelled.iob import Entity, entities_of
from models.labelled.sentence import Sentence
from models.labels import SENTIMENTS, Sentiment

MENTION = "mention"
"""Expected where a span is annotated without a sentiment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """One wrong answer; what should not have been found is expected to be None, what was missed is got as None.

    >>> from models.action import Action
    >>> [mistake] = mistakes_of(Judgement(Example("FTX halts", sentiment=0), Action((0.2, 0.7, 0.1), ())))
    >>> mistake.expected, mistake.got, mistake.probability
    ('negative', 'neutral', 0.7)
    """

    unit: Literal["document", "mention", "entity"]
    text: str
    source: str
    start: int | None = None  # characters of the text; None for a document
    end: int | None = None
    surface: str | None = None
    expected: str | None
    got: str | None
    probability: float | None  # of the sentiment that was got
    slices: tuple[str, ...]


def mistakes_of(judgement: Judgement) -> list[Mistake]:
    """Return what is wrong with one document: its label first, then its spans from left to right.

    Where not all spans are annotated, those that are count by the sentiment towards them alone.
    """
    example, action = judgement.example, judgement.action
    mistakes: list[Mistake] = []
    if example.sentiment is not None and example.sentiment != judgement.label:
        mistakes.append(_mistake(example, None, SENTIMENTS[example.sentiment], action.sentiment))
    if judgement.can_judge_spans:
        return mistakes + sorted(_of_spans(judgement), key=lambda mistake: mistake.start or 0)
    for span, sentiment in zip(example.spans, judgement.towards, strict=True):
        if span.sentiment not in (None, label_of(sentiment)):
            mistakes.append(_mistake(example, (span.start, span.end), _expected(span), sentiment))
    return mistakes


def tag_mistakes_of(sentence: Sentence, tags: Sequence[str], source: str) -> list[Mistake]:
    """Return the entities that were missed, made up or given another type, from left to right.

    >>> [mistake] = tag_mistakes_of(Sentence(("FTX", "halts"), ("B-ORG", "O")), ["B-PER", "O"], "a")
    >>> mistake.surface, mistake.expected, mistake.got
    ('FTX', 'ORG', 'PER')
    """
    labelled, found = _by_words(entities_of(sentence.tags)), _by_words(entities_of(tags))
    wrong = sorted(words for words in labelled | found if labelled.get(words) != found.get(words))
    starts = [0, *accumulate(len(word) + 1 for word in sentence.words)]
    slices = slices_of(Example(sentence.text))
    return [
        Mistake(
            unit="entity",
            text=sentence.text,
            source=source,
            start=starts[first],
            end=starts[end] - 1,
            surface=" ".join(sentence.words[first:end]),
            expected=labelled.get((first, end)),
            got=found.get((first, end)),
            probability=None,
            slices=slices,
        )
        for first, end in wrong
    ]


def _of_spans(judgement: Judgement) -> Iterator[Mistake]:
    example = judgement.example
    labelled = {(span.start, span.end): span for span in example.spans}
    found = {(span.start, span.end): span for span in judgement.action.spans}
    for where, span in labelled.items():
        if where not in found:
            yield _mistake(example, where, _expected(span), None)
        elif span.sentiment not in (None, label_of(found[where].sentiment)):
            yield _mistake(example, where, _expected(span), found[where].sentiment)
    for where in found.keys() - labelled.keys():
        yield _mistake(example, where, None, found[where].sentiment)


def _mistake(example: Example, where: tuple[int, int] | None, expected: str | None, got: Sentiment | None) -> Mistake:
    return Mistake(
        unit="mention" if where else "document",
        text=example.text,
        source=example.source,
        start=where[0] if where else None,
        end=where[1] if where else None,
        surface=example.text[where[0] : where[1]] if where else None,
        expected=expected,
        got=SENTIMENTS[label_of(got)] if got else None,
        probability=round(max(got), 4) if got else None,
        slices=slices_of(example),
    )


def _expected(span: LabelledSpan) -> str:
    return MENTION if span.sentiment is None else SENTIMENTS[span.sentiment]


def _by_words(entities: Sequence[Entity]) -> dict[tuple[int, int], str]:
    return {(first, end): kind for first, end, kind in entities}
