"""Kinds of documents on which a policy is measured apart: each a plain statement about an example."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from models.evaluation.intervals import Interval, intervals
from models.evaluation.judgement import Judgement
from models.evaluation.report import Report, report_of
from models.labelled.example import Example

EVERY = "all"

_MAX_SHORT_WORDS = 9  # a headline
_MAX_MEDIUM_WORDS = 29  # a post; beyond it, a paragraph
_MIN_LETTERS = 10  # of fewer, capitals say nothing: a ticker is no shouting
_P_UPPER = 0.7

_POST_MARK = re.compile(r"(?<!\w)[$#@][A-Za-z_]\w*|https?://\S|\bRT\b")
_TICKER = re.compile(r"[$#@][A-Za-z_]\w*|https?://\S+")
_NEGATION = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|cannot|can't|hardly|barely)\b|n['’]t\b", re.IGNORECASE
)
_NUMBER = re.compile(r"\d")


def n_words(example: Example) -> int:
    """Return how many words a text has, as blanks divide it."""
    return len(example.text.split())


def is_short(example: Example) -> bool:
    """Return whether it is no longer than a headline."""
    return n_words(example) <= _MAX_SHORT_WORDS


def is_medium(example: Example) -> bool:
    """Return whether it is longer than a headline, yet no paragraph."""
    return _MAX_SHORT_WORDS < n_words(example) <= _MAX_MEDIUM_WORDS


def is_long(example: Example) -> bool:
    """Return whether it is a paragraph or more."""
    return n_words(example) > _MAX_MEDIUM_WORDS


def is_post(example: Example) -> bool:
    """Return whether the text shows that it is social: a cashtag, hashtag, user name or link.

    >>> is_post(Example("$TSLA to the moon")), is_post(Example("Tesla recalls 2,000 cars for $5 m"))
    (True, False)
    """
    return _POST_MARK.search(example.text) is not None


def is_news(example: Example) -> bool:
    """Return whether nothing shows that it is a post."""
    return not is_post(example)


def has_negation(example: Example) -> bool:
    """Return whether an English negation stands in it.

    >>> has_negation(Example("It didn't fall")), has_negation(Example("Nordea falls"))
    (True, False)
    """
    return _NEGATION.search(example.text) is not None


def has_number(example: Example) -> bool:
    """Return whether it has a digit."""
    return _NUMBER.search(_TICKER.sub(" ", example.text)) is not None


def has_several_mentions(example: Example) -> bool:
    """Return whether more than one span is annotated."""
    return len(example.spans) > 1


def has_opposed_sentiments(example: Example) -> bool:
    """Return whether one span is annotated as negative and another as positive."""
    return {0, 2} <= {span.sentiment for span in example.spans}


def is_upper_case(example: Example) -> bool:
    """Return whether most letters are capitals, cashtags and links left out.

    >>> is_upper_case(Example("TESLA RECALLS CARS")), is_upper_case(Example("$TSLA $AAPL $AMZN up"))
    (True, False)
    """
    letters = [letter for letter in _TICKER.sub(" ", example.text) if letter.isupper() or letter.islower()]
    return len(letters) >= _MIN_LETTERS and sum(map(str.isupper, letters)) >= _P_UPPER * len(letters)


SLICES: Mapping[str, Callable[[Example], bool]] = MappingProxyType(
    {
        "short": is_short,
        "medium": is_medium,
        "long": is_long,
        "post": is_post,
        "news": is_news,
        "negation": has_negation,
        "number": has_number,
        "several_mentions": has_several_mentions,
        "opposed_sentiments": has_opposed_sentiments,
        "upper_case": is_upper_case,
    }
)
"""By name; a document may be in several, or in none."""


@dataclass(frozen=True, slots=True)
class SliceReport:
    """The figures of one slice, and the 95 % interval of each that has one."""

    report: Report
    intervals: Mapping[str, Interval]  # by the figure's name


def slices_of(example: Example) -> tuple[str, ...]:
    """Return the names of the slices that an example is in.

    >>> slices_of(Example("No recall of 12 cars"))
    ('short', 'news', 'negation', 'number')
    """
    return tuple(name for name, is_in in SLICES.items() if is_in(example))


def slice_reports(judgements: Sequence[Judgement], seed: int = 0) -> dict[str, SliceReport]:
    """Return a report for all documents, then for each slice that holds any."""
    by_slice: dict[str, list[Judgement]] = {EVERY: list(judgements)} | {name: [] for name in SLICES}
    for judgement in judgements:
        for name in slices_of(judgement.example):
            by_slice[name].append(judgement)
    return {
        name: SliceReport(report_of(members), intervals(members, seed))
        for name, members in by_slice.items()
        if members
    }
