"""The lead of a text: its first line word by word, and what kind of telling it is.

Two texts from one template share all words but one; only the order shows that those two stand in one place.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from models.topics.amounts import amounts
from models.topics.english import DENIALS, FALLING, RISING, STOP_WORDS, WIRE_LABELS
from models.topics.stem import stem
from models.topics.surface import WORD, fold

MAX_LEAD = 16  # words: a headline; what follows is told in other words by every outlet
MAX_LINE = 300  # characters: a text that is one long line has no headline
NUMBER_BIT = 1 << 15  # set in numbers; the rest is a hash of 15 bits: two words collide in one of 128 pairs of leads

DENIES, LOOKS_BACK, RECURS, CORRECTS = 1, 2, 4, 8

_REFUSED = re.compile(
    r"\breject(?:s|ed|ing)?\b.*\b(?:claims?|reports?|rumou?rs?|allegations?|accusations?|talk)\b|\bfail(?:s|ed)? to\b"
)
_LOOKS_BACK = re.compile(
    r"\banniversary\b|\byears? (?:ago|after|since|on|later)\b|\bon this day\b|\botd\b|\blook(?:s|ing)? back\b"
)
_RECURS = re.compile(
    r"\b(?:wrap|round-?up|recap|briefing|watch-?list|movers|newsletter|hourly|to watch|most active|week ahead"
    r"|this week|price (?:update|alert)|moving average|(?:is|are) trading at|unusual options|liquidated)\b|\bprice:"
    r"|\b(?:stocks|shares|futures|markets?|oil|gold|index) (?:\w+ ){0,2}(?:open|close|settle|end)s?\b"
)
_WORDS_OF_NUMBERS = "two three four five six seven eight nine ten eleven twelve"
_CORRECTS = frozenset({"corrects", "corrected", "correction", "correcting", "refile"})
_CUT = re.compile(r"\w+(?:…|\.\.\.)\s*$")
_PASSED_ON = re.compile(r"\b(?:rt|mt|qt)\s+@\w+:?\s*(?=\S)")  # what comes before is a comment
_SPELLED = dict(zip(_WORDS_OF_NUMBERS.split(), map(str, range(2, 13)), strict=True))


def lead_of(lowered: str) -> tuple[int, ...]:
    r"""Return the hashes of the first words and numbers of a text in lower case, in their order.

    Words of how far something moved are one word up and one word down. A last word that was cut is left out.

    >>> lead_of("ford recalls cars\nthe brakes") == lead_of("BREAKING: Ford recalling cars by the...".lower())
    True
    """
    words = _words(_first_line(lowered))
    return tuple(hashed for hashed, _ in zip(words, range(MAX_LEAD), strict=False))


def traits_of(lowered: str) -> int:
    """Return what kind of telling the first line of a text in lower case is, as a set of bits.

    >>> traits_of("ford denies it will close the plant") == DENIES
    True
    """
    line = _first_line(lowered)
    words = frozenset(WORD.findall(line))
    corrects = not words.isdisjoint(_CORRECTS)
    is_denied = not words.isdisjoint(DENIALS) or any(word.endswith(("n't", "n’t")) for word in words)
    denies = not corrects and (is_denied or bool(_REFUSED.search(line)))
    return (
        DENIES * denies
        | LOOKS_BACK * bool(_LOOKS_BACK.search(line))
        | RECURS * bool(_RECURS.search(line))
        | CORRECTS * corrects
    )


def _first_line(lowered: str) -> str:
    line = _CUT.sub("", lowered.lstrip().split("\n", 1)[0][:MAX_LINE])
    return _PASSED_ON.split(line)[-1]


def _words(line: str) -> Iterator[int]:
    position = 0
    for amount in amounts(line):
        yield from _plain(line[position : amount.start])
        yield _hash(amount.value) | (0 if amount.is_year else NUMBER_BIT)
        position = amount.end
    yield from _plain(line[position:])


def _plain(part: str) -> Iterator[int]:
    for word in WORD.findall(part):
        key = fold(word).removesuffix("'s")
        if not key or word[0] == "@" or key[:4] in ("http", "www.") or key in WIRE_LABELS:
            continue
        if key in _SPELLED:
            yield NUMBER_BIT | _hash(_SPELLED[key])
        elif key in FALLING or key in RISING:
            yield _hash("down" if key in FALLING else "up")
        elif key not in STOP_WORDS:
            yield _hash(stem(key))


def _hash(key: str) -> int:
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) & (NUMBER_BIT - 1)
