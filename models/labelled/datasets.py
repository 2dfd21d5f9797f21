"""Readers of labelled data: JSON lines with a document label, entities, cashtags, or tokens and tags; columns.

Only what a row annotates is read out of it: `mixed` is no document label, a named entity has no sentiment,
and an entity that is not where its row says leaves the rest of the text open. Knows no network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import msgspec

from models.errors import DataInvalid
from models.labelled.conll import sentences_in
from models.labelled.example import Example, LabelledSpan
from models.labelled.iob import entities_of, iob2, is_tag
from models.labelled.lines import Lines
from models.labelled.sentence import Sentence
from models.labels import SENTIMENTS

MENTION_TYPES = frozenset({"org", "organization", "corporation", "product", "group", "commodity"})
"""Named-entity types that are mentions here; of the others it is open whether an analyst would follow them."""


class _Entity(msgspec.Struct):
    text: str
    label: str | None = None
    type: str | None = None
    span: tuple[int, int] | None = None


class _Row(msgspec.Struct):
    text: str | None = None
    label: str | None = None
    entities: list[_Entity] | None = None
    tokens: list[str] | None = None
    tags: list[str] | None = None
    cashtags: list[str] = []
    ticker: str | None = None


_DECODER = msgspec.json.Decoder(_Row)


@dataclass(frozen=True)
class LabelledFile:
    """What one file holds: every line or sentence as an example, and what is tagged word by word.

    >>> LabelledFile(examples=(Example("FTX halts", sentiment=0),), sentences=()).sentences
    ()
    """

    examples: tuple[Example, ...]
    sentences: tuple[Sentence, ...]  # empty unless words are tagged

    @classmethod
    def read(cls, path: Path) -> LabelledFile:
        """Return a file's content, in order; what it is made of is seen from its first line.

        JSON lines have `text` with `label` or `entities`, or `tokens` and `tags`; anything else is read as
        columns of words and tags.

        Raises:
            DataInvalid: if the file is missing, or a line is none of the formats; names file and line.
        """
        lines = Lines.read(path)
        if not lines.are_json:
            sentences = sentences_in(lines)
            return cls(tuple(_from_sentence(sentence, path.stem) for sentence in sentences), tuple(sentences))
        examples: list[Example] = []
        tagged: list[Sentence] = []
        for number, line in enumerate(lines.lines, start=1):
            try:
                if line.strip():
                    content = _content(_DECODER.decode(line), path.stem, len(examples))
                    examples.append(_from_sentence(content, path.stem) if isinstance(content, Sentence) else content)
                    tagged += [content] if isinstance(content, Sentence) else []
            except (msgspec.DecodeError, ValueError) as error:
                raise lines.error(number, error) from error
        return cls(tuple(examples), tuple(tagged))


def read_examples(path: Path) -> list[Example]:
    """Return the examples of one file, in order; empty lines are skipped.

    Raises:
        DataInvalid: if the file is missing, or a line is none of the formats; names file and line.
    """
    return list(LabelledFile.read(path).examples)


def read_sentences(path: Path) -> list[Sentence]:
    """Return the tagged sentences of a column file, or of JSON lines with `tokens` and `tags`.

    Raises:
        DataInvalid: if the file is missing or malformed, or no word in it is tagged.
    """
    sentences = LabelledFile.read(path).sentences
    if not sentences:
        raise DataInvalid(f"{path}: no words with tags; give JSON lines with tokens and tags, or columns")
    return list(sentences)


def _content(row: _Row, source: str, count: int) -> Example | Sentence:
    if row.tokens is not None and row.tags is not None:
        if faulty := next((tag for tag in row.tags if not is_tag(tag)), None):
            raise ValueError(f"tag must be O, or like B-ORG, got {faulty}")
        return Sentence(tuple(row.tokens), tuple(iob2(row.tags)), document=count)
    if row.text is None:
        raise ValueError("row must have text, or tokens and tags")
    sentiment = None if row.label in (None, "mixed") else _sentiment(row.label)
    if row.entities is None:
        cashtags = row.cashtags + ([row.ticker] if row.ticker else [])
        return Example(row.text, sentiment, _cashtag_spans(row.text, cashtags, sentiment), source=source)
    spans, open_ranges, is_complete = _from_entities(row.text, row.entities)
    return Example(row.text, sentiment, spans, is_complete, open_ranges, source)


def _from_entities(
    text: str, entities: list[_Entity]
) -> tuple[tuple[LabelledSpan, ...], tuple[tuple[int, int], ...], bool]:
    spans: list[LabelledSpan] = []
    open_ranges: list[tuple[int, int]] = []
    for entity in entities:
        if entity.span is None:
            continue
        if not 0 <= entity.span[0] < entity.span[1] <= len(text):
            raise ValueError(f"span must lie within the text, got {entity.span}")
        if entity.label is not None or _is_mention(entity.type):
            label = None if entity.label is None else _sentiment(entity.label)
            spans.append(LabelledSpan(*entity.span, label))
        else:
            open_ranges.append(entity.span)
    is_complete = all(entity.span is not None for entity in entities)
    return _without_overlap(spans), tuple(open_ranges), is_complete


def _from_sentence(sentence: Sentence, source: str) -> Example:
    starts = [0, *accumulate(len(word) + 1 for word in sentence.words)]
    spans: list[LabelledSpan] = []
    open_ranges: list[tuple[int, int]] = []
    for first, end, kind in entities_of(sentence.tags):
        where = (starts[first], starts[end] - 1)
        if kind in SENTIMENTS:
            spans.append(LabelledSpan(*where, SENTIMENTS.index(kind)))
        elif _is_mention(kind):
            spans.append(LabelledSpan(*where, None))
        else:
            open_ranges.append(where)
    return Example(
        text=sentence.text,
        spans=tuple(spans),
        are_spans_complete=True,
        open_ranges=tuple(open_ranges),
        source=source,
    )


def _cashtag_spans(text: str, cashtags: list[str], sentiment: int | None) -> tuple[LabelledSpan, ...]:
    """Take the post's sentiment as the one towards its cashtag, where it has only one."""
    names = {cashtag.lstrip("$") for cashtag in cashtags}
    towards = sentiment if len(names) == 1 else None
    return _without_overlap(
        LabelledSpan(*match.span(), towards)
        for name in sorted(names)
        for match in re.finditer(rf"\${re.escape(name)}\b", text, re.IGNORECASE)
    )


def _without_overlap(spans: Iterable[LabelledSpan]) -> tuple[LabelledSpan, ...]:
    """Keep the longest of overlapping spans, since a token has one tag."""
    kept: list[LabelledSpan] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return tuple(sorted(kept, key=lambda span: span.start))


def _is_mention(kind: str | None) -> bool:
    return (kind or "").lower() in MENTION_TYPES


def _sentiment(label: str | None) -> int:
    if label not in SENTIMENTS:
        raise ValueError(f"label must be one of {', '.join(SENTIMENTS)} or mixed, got {label}")
    return SENTIMENTS.index(label)
