"""Readers of labelled data: JSON lines with a document label, entities, cashtags, or tokens and tags.

Only what a row annotates is read out of it: `mixed` is no document label, a named entity has no sentiment,
and an entity that is not where its row says leaves the rest of the text open. Knows no network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from models.errors import DataInvalid
from models.labels import SENTIMENTS
from models.training.example import Example, LabelledSpan

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


def read_examples(path: Path) -> list[Example]:
    """Return the examples of one file, in order; empty lines are skipped.

    Raises:
        DataInvalid: if the file is missing, or a line is none of the formats; names file and line.
    """
    decoder = msgspec.json.Decoder(_Row)
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DataInvalid(f"cannot read {path}: {error.strerror}; point FINSURGE_DATA at the data") from error
    examples: list[Example] = []
    for number, line in enumerate(lines, start=1):
        try:
            if line.strip():
                examples.append(_example(decoder.decode(line), path.stem))
        except (msgspec.DecodeError, ValueError) as error:
            raise DataInvalid(f"{path}:{number}: {error}") from error
    return examples


def _example(row: _Row, source: str) -> Example:
    if row.tokens is not None and row.tags is not None:
        return _from_tags(row.tokens, row.tags, source)
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


def _from_tags(tokens: list[str], tags: list[str], source: str) -> Example:
    if len(tokens) != len(tags):
        raise ValueError(f"tokens and tags must be equally long, got {len(tokens)} and {len(tags)}")
    found: list[tuple[int, int, str]] = []
    at = 0
    for token, tag in zip(tokens, tags, strict=True):
        position, _, kind = tag.partition("-")
        if position == "I" and found and found[-1][2] == kind:
            found[-1] = (found[-1][0], at + len(token), kind)
        elif position in "BI":
            found.append((at, at + len(token), kind))
        at += len(token) + 1
    return Example(
        text=" ".join(tokens),
        spans=tuple(LabelledSpan(start, end, None) for start, end, kind in found if _is_mention(kind)),
        are_spans_complete=True,
        open_ranges=tuple((start, end) for start, end, kind in found if not _is_mention(kind)),
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
