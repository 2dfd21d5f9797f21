"""Amounts in a text: numbers with their scale and unit, so that two notations of one amount agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_AMOUNT = re.compile(
    r"(?<![\w.])(?P<currency>us\$|[$€£¥₹]|rs\.?\s?|eur\s?|usd\s?|inr\s?)?"
    r"(?P<value>\d+(?:,\d{2,3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?P<scale>\s?(?:trillion|trn|tn|billion|bln|bn|million|mln|mn|thousand|hundred|crores?|cr|lakhs?)\b|[tbmk]\b)?"
    r"\s?(?P<unit>%|percent\b|per\s?cent\b|pct\b|pc\b|basis points?\b|bps\b|euros?\b|dollars?\b|rupees?\b)?"
)
_SCALES = {"t": 1e12, "b": 1e9, "m": 1e6, "k": 1e3, "c": 1e7, "l": 1e5, "h": 1e2}  # by first letter; "thousand" apart
_CURRENCIES = {"us$": "$", "usd": "$", "eur": "€", "rs": "₹", "rs.": "₹", "inr": "₹"}
_UNITS = {"d": "$", "e": "€", "r": "₹", "%": "%", "p": "%", "b": "bp"}  # by first letter
_WORDS_OF_NUMBERS = "two three four five six seven eight nine ten"
_SPELLED = dict(zip(_WORDS_OF_NUMBERS.split(), map(str, range(2, 11)), strict=True))
_COUNTED = re.compile(rf"\b({'|'.join(_SPELLED)})(?=\s(?:hundred|thousand|million|billion|trillion)\b)")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as it stands in a text.

    >>> [amount.value for amount in amounts("up 5 percent to $1.2 billion in 2022")]
    ['5%', '1.2e+09$', '2022']
    """

    start: int
    end: int
    value: str  # six digits, with the unit
    is_year: bool


def amounts(lowered: str) -> Iterator[Amount]:
    """Yield the amounts of a text in lower case, in order."""
    for match in _AMOUNT.finditer(lowered):
        digits = match["value"].replace(",", "")[:30]
        scale = (match["scale"] or "").strip()
        value = float(digits) * (1e3 if scale.startswith("th") else _SCALES[scale[0]] if scale else 1)
        currency = (match["currency"] or "").strip()
        unit = _CURRENCIES.get(currency, currency) or _UNITS.get((match["unit"] or " ")[0], "")
        is_year = not unit and not scale and 1900 <= value < 2100
        yield Amount(match.start(), match.end(), f"{value:.6g}{unit}", is_year)


def with_digits(lowered: str) -> str:
    """Return the text with counts in digits where a scale follows.

    >>> with_digits("six million users of two apps")
    '6 million users of two apps'
    """
    return _COUNTED.sub(lambda match: _SPELLED[match[1]], lowered)
