"""How good tags of words are: figures for each tag, and for entities by the rules of `conlleval`.

Works for whatever decides tags; knows neither files nor networks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from models.evaluation import metrics
from models.evaluation.judgement import OnProgress
from models.labelled.iob import entities_of
from models.labelled.sentence import Sentence


class TagDecider(Protocol):
    """Decides one tag for every word of a sentence."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags it chooses from, as IOB2."""

    def tags_of(self, sentences: Sequence[Sequence[str]], documents: Sequence[int]) -> list[list[str]]:
        """Return a tag per word.

        Args:
            sentences: their words, as a file has them.
            documents: of each sentence; neighbours of the same document may be read as its context.
        """


@dataclass(frozen=True, slots=True)
class TagFigures:
    """Precision and the rest, of one tag or type, or their average; 0 where a share is of nothing.

    >>> TagFigures.of_counts(n_right=1, n_found=2, n_labelled=4)
    TagFigures(precision=0.5, recall=0.25, f1=0.3333333333333333, support=4)
    """

    precision: float
    recall: float
    f1: float
    support: int  # how often it is the label

    @classmethod
    def of_counts(cls, n_right: int, n_found: int, n_labelled: int) -> TagFigures:
        """Return the figures of what was found."""
        return cls(
            precision=n_right / n_found if n_found else 0.0,
            recall=n_right / n_labelled if n_labelled else 0.0,
            f1=metrics.f1(n_right, n_found, n_labelled) if n_found + n_labelled else 0.0,
            support=n_labelled,
        )


@dataclass(frozen=True, slots=True)
class Averages:
    """Over tags: micro counts every word alike, macro every tag, weighted every tag by its support."""

    micro: TagFigures
    macro: TagFigures
    weighted: TagFigures


@dataclass(frozen=True, kw_only=True)
class TagReport:
    """Figures of tagged sentences; a figure without evidence is None.

    >>> report = tag_report([Sentence(("FTX", "halts"), ("B-ORG", "O"))], [["B-ORG", "O"]])
    >>> report.with_o.micro.f1, report.entities.f1
    (1.0, 1.0)
    """

    n_sentences: int
    n_words: int
    tags: Mapping[str, TagFigures]  # of each tag that was labelled or found, `O` as well
    with_o: Averages
    without_o: Averages | None  # None where there is no tag but `O`
    entities: TagFigures | None  # exact boundaries and type; None where there is none and none was found
    entity_types: Mapping[str, TagFigures]


def tag_report(sentences: Sequence[Sentence], decided: Sequence[Sequence[str]]) -> TagReport:
    """Return the figures of decided tags, those of entities by the rules of `conlleval`.

    See "Introduction to the CoNLL-2003 Shared Task" by Tjong Kim Sang and De Meulder. Tags are compared as they
    are; sequences that are not legal are mended for entities alone.

    Raises:
        ValueError: if there is no word, or not one tag per word.
    """
    lengths = [len(sentence.words) for sentence in sentences]
    if not sum(lengths) or lengths != [len(tags) for tags in decided]:
        raise ValueError(f"decided must hold a tag per word of {len(lengths)} sentences, got {len(decided)}")
    labelled = Counter(chain.from_iterable(sentence.tags for sentence in sentences))
    found = Counter(chain.from_iterable(decided))
    pairs = zip(sentences, decided, strict=True)
    right = Counter(
        tag for sentence, tags in pairs for tag, other in zip(sentence.tags, tags, strict=True) if tag == other
    )
    names = sorted(labelled | found, key=lambda tag: (tag == "O", tag.partition("-")[2], tag))
    inside = [name for name in names if name != "O"]
    types, entities = _entity_figures(sentences, decided)
    return TagReport(
        n_sentences=len(sentences),
        n_words=sum(lengths),
        tags={name: TagFigures.of_counts(right[name], found[name], labelled[name]) for name in names},
        with_o=_averages(names, right, found, labelled),
        without_o=_averages(inside, right, found, labelled) if inside else None,
        entities=entities,
        entity_types=types,
    )


def decide_tags(
    decider: TagDecider,
    sentences: Sequence[Sentence],
    on_progress: OnProgress = lambda _, __: None,
    n_at_once: int = 256,
) -> list[list[str]]:
    """Return the decided tags of each sentence, whole documents at a time."""
    decided: list[list[str]] = []
    for chunk in _chunks(sentences, n_at_once):
        decided += decider.tags_of([s.words for s in chunk], [s.document for s in chunk])
        on_progress(len(decided), len(sentences))
    return decided


def _chunks(sentences: Sequence[Sentence], n_at_once: int) -> Iterable[list[Sentence]]:
    chunk: list[Sentence] = []
    for sentence in sentences:
        if len(chunk) >= n_at_once and chunk[-1].document != sentence.document:
            yield chunk
            chunk = []
        chunk.append(sentence)
    if chunk:
        yield chunk


def _averages(names: Sequence[str], right: Counter[str], found: Counter[str], labelled: Counter[str]) -> Averages:
    rows = [TagFigures.of_counts(right[name], found[name], labelled[name]) for name in names]
    support = sum(row.support for row in rows)
    micro = TagFigures.of_counts(sum(right[name] for name in names), sum(found[name] for name in names), support)
    return Averages(
        micro=micro,
        macro=_mean(rows, [1] * len(rows), support),
        weighted=_mean(rows, [row.support for row in rows], support),
    )


def _mean(rows: Sequence[TagFigures], weights: Sequence[int], support: int) -> TagFigures:
    total = sum(weights) or 1
    precision, recall, f1 = (
        sum(weight * getattr(row, name) for row, weight in zip(rows, weights, strict=True)) / total
        for name in ("precision", "recall", "f1")
    )
    return TagFigures(precision, recall, f1, support)


def _entity_figures(
    sentences: Sequence[Sentence], decided: Sequence[Sequence[str]]
) -> tuple[dict[str, TagFigures], TagFigures | None]:
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    labelled: Counter[str] = Counter()
    for sentence, tags in zip(sentences, decided, strict=True):
        expected, got = set(entities_of(sentence.tags)), set(entities_of(tags))
        right.update(kind for _, _, kind in expected & got)
        found.update(kind for _, _, kind in got)
        labelled.update(kind for _, _, kind in expected)
    if not found and not labelled:
        return {}, None
    types = {
        kind: TagFigures.of_counts(right[kind], found[kind], labelled[kind]) for kind in sorted(found | labelled)
    }
    return types, TagFigures.of_counts(right.total(), found.total(), labelled.total())
