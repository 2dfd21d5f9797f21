"""What of a text is kept to tell near-duplicates by: hashes of its words, names and numbers, and its direction.

Equal on every machine and in every process. Whether two sketches are one story is decided elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from models.topics.amounts import amounts, with_digits
from models.topics.english import FALLS, RISES, STOP_WORDS, common_words
from models.topics.lead import lead_of, traits_of
from models.topics.stem import stem
from models.topics.surface import WORD, Casing, casing, fold

MAX_WORDS = 32  # a resemblance of 0.5 is then estimated with a standard error of 0.09
MAX_NAMES = 8
MAX_NUMBERS = 8
MAX_CHARACTERS = 10_000  # what comes after tells little of the story, and costs

_QUARTER = re.compile(r"\bq([1-4])\b|\b(first|second|third|fourth)[ -]quarter\b")
_ORDINALS = {"first": "1", "second": "2", "third": "3", "fourth": "4"}
_FIGURE = re.compile(r"\d+(?:[a-z]|st|nd|rd|th)?")
_WIDE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # scripts that part no words
_MOVE = re.compile(r"\b(up|down)\s+(?:by\s+|over\s+|nearly\s+|about\s+)?[$€£₹]?\d")
_COUNTS = "trillion trn tn billion bln bn million mln mn thousand crore crores lakh lakhs percent pct bps"
_COUNTED = frozenset(_COUNTS.split())
_WEAK_MOVES = frozenset({"up", "down"})  # moves only before a number: "wake up", "down under"


@cache
def _common_stems() -> frozenset[str]:
    return frozenset(stem(word) for word in common_words() | FALLS | RISES)


@dataclass(frozen=True, slots=True)
class Sketch:
    """A bottom-k sketch of a text's words beside what distinguishes it from texts with the same words.

    >>> sketch("Ford beats estimates").direction, sketch("Ford misses estimates").direction
    (1, -1)
    """

    words: tuple[int, ...]  # the MAX_WORDS least 32-bit hashes of stemmed content words, ascending
    names: tuple[int, ...]  # likewise of names and cashtags, at most MAX_NAMES
    numbers: tuple[int, ...]  # likewise of numbers with scale and unit, at most MAX_NUMBERS
    direction: int  # -1 for the worse, 1 for the better, 0 neither or both
    lead: tuple[int, ...] = ()  # hashes of the first words in their order, see `models.topics.lead`
    traits: int = 0  # what kind of telling it is, see `models.topics.lead`


def sketch(text: str) -> Sketch:
    """Return the sketch of `text`; an empty text has empty tuples.

    See "On the resemblance and containment of documents" by Broder (1997) and "Summarizing data using bottom-k
    sketches" by Cohen and Kaplan (2007): the least hashes of the union of two sketches estimate the share of
    words that two texts have in common. Words are taken singly, not as shingles, since headlines on one story
    differ in order. The estimate is exact where both texts have at most MAX_WORDS distinct words.

    >>> a = sketch("Tesla recalls 1.2 million cars over a software fault")
    >>> b = sketch("RT @wire: TESLA RECALLED 1,200,000 CARS OVER SOFTWARE FAULT https://t.co/x")
    >>> a.words == b.words, a.numbers == b.numbers, set(b.names) <= set(a.names)
    (True, True, True)
    """
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS])
    raw = [word for word in WORD.findall(text) if not _is_address(word)]
    keys = [fold(word).removesuffix("'s") for word in raw]
    lowered = with_digits(text.lower())
    return Sketch(
        words=_least(_content(keys), MAX_WORDS),
        names=_least(_names(text, raw, keys), MAX_NAMES),
        numbers=_least(_numbers(lowered), MAX_NUMBERS),
        direction=_direction(keys, lowered),
        lead=lead_of(lowered),
        traits=traits_of(lowered),
    )


def _least(items: Iterable[str], k: int) -> tuple[int, ...]:
    return tuple(sorted({zlib.crc32(item.encode("utf-8", "surrogatepass")) for item in items})[:k])


def _is_address(word: str) -> bool:
    return word[0] == "@" or word[:4].lower() in ("http", "www.")


def _content(keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        if not key or key in STOP_WORDS or key in _COUNTED or _FIGURE.fullmatch(key):
            continue
        if _WIDE.search(key) and len(key) > 2:
            yield from (key[n : n + 2] for n in range(len(key) - 1))
        else:
            yield stem(key)


def _names(text: str, raw: list[str], keys: list[str]) -> Iterator[str]:
    """Yield cashtags, and the capitalised words that are not plain English: in a title all are capitalised."""
    yield from (stem(tag.lower()) for tag in re.findall(r"(?<!\w)\$([A-Za-z]{1,6})\b", text))
    if casing(raw) is Casing.LOWER:
        return
    common = _common_stems()
    for word, key in zip(raw, keys, strict=True):
        is_name = word[0].isupper() or (word[0].isdigit() and word[-1].isupper())  # "FTX", "3AC"
        is_plain = stem(key) in common or _FIGURE.fullmatch(key) or _QUARTER.fullmatch(key)
        if is_name and not is_plain and len(key) > 1:
            yield stem(key)


def _numbers(lowered: str) -> Iterator[str]:
    for amount in amounts(lowered):
        if not amount.is_year:  # it is shared by all that is written in it
            yield amount.value
    for match in _QUARTER.finditer(lowered):
        yield f"q{match[1] or _ORDINALS[match[2]]}"


def _direction(keys: list[str], lowered: str) -> int:
    moves = {match[1] for match in _MOVE.finditer(lowered)}
    moves.update(key for key in keys if key not in _WEAK_MOVES)
    return (not RISES.isdisjoint(moves)) - (not FALLS.isdisjoint(moves))
