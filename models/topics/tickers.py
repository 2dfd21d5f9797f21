"""A topic's ticker, and whether a text spells it: "$F", "NYSE: F", "7203.T", "BRK-B", or NVDA in capitals.

Judges one place in a text; knows no names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.topics.english import common_words, given_names, ordinary_words
from models.topics.exchanges import FOREIGN_SUFFIXES, exchange_before, is_traded_there, suffix_after
from models.topics.reading import Reading
from models.topics.surface import Casing
from models.topics.topic import Topic

_CLASS_MARK = re.compile(r"[.\-/]")
_JOINERS = ("/", ".", "-", "$")  # before a ticker: it is the end of another, "$TCK/B.TO"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A topic's ticker: "F", "7203.T" (traded in Tokyo), "BRK.B" (a class of shares).

    >>> Symbol.of("BRK.B", Topic(id="berkshire", name="Berkshire Hathaway")).spellings
    ('BRK.B', 'BRK-B', 'BRK/B')
    """

    written: str
    topic_id: str
    is_ambiguous: bool

    suffix: str  # the exchange's, or nothing
    spellings: tuple[str, ...]  # the ways to write it in full, and last without its exchange

    @classmethod
    def of(cls, ticker: str, topic: Topic) -> Symbol:
        """Return the symbol of one of a topic's tickers."""
        base, mark, last = ticker.rpartition(".")
        suffix = last if mark and last in FOREIGN_SUFFIXES else ""
        whole: tuple[str, ...] = (ticker,)
        if not suffix and not ticker.isalnum():  # a class of shares: "BRK.B" is "BRK-B" and "BRK/B" as well
            whole = tuple(_CLASS_MARK.sub(other, ticker) for other in ".-/")
        return cls(ticker, topic.id, ticker in topic.ambiguous, suffix, (*whole, base) if suffix else whole)


def explicit_end(symbol: Symbol, reading: Reading, first: int) -> int | None:
    """Return where the ticker at word `first` ends, if it is whole, or something beside it says that it is one."""
    text, start = reading.text, reading.bounds[first][0]
    written = _written_at(symbol, text, start)
    if written is None:
        return None
    end = start + len(written)
    is_whole = not symbol.suffix or len(written) == len(symbol.written)
    is_cashtag = is_whole and reading.is_cashtag(first) and (len(written) > 1 or written.isupper())
    if not is_cashtag and (text[start - 1 : start] in _JOINERS or not _is_said(symbol, text, start, written)):
        return None
    return end


def _written_at(symbol: Symbol, text: str, start: int) -> str | None:
    for spelling in symbol.spellings:
        end = start + len(spelling)
        if text[start:end].upper() == spelling and not text[end : end + 1].isalnum():
            return text[start:end]
    return None


def _is_said(symbol: Symbol, text: str, start: int, written: str) -> bool:
    """Return whether the text names the exchange where the symbol trades, or spells its exchange or class out."""
    if written != written.upper():
        return False
    exchanges = exchange_before(text, start)
    if exchanges is not None:
        return is_traded_there(symbol.suffix, exchanges)
    if not written.isalnum():
        return True
    suffix = suffix_after(text, start + len(written))
    if suffix is not None:
        return is_traded_there(symbol.suffix, frozenset({suffix}))
    return text[start - 1 : start] == "<" and not symbol.suffix


def is_bare_ticker(symbol: Symbol, reading: Reading, first: int) -> bool:
    """Return whether upper case alone shows the ticker: three letters or more, not shouted, not a word.

    Of a ticker that is listed as ambiguous less is asked, since it takes context to link it.
    """
    shortest = 2 if symbol.is_ambiguous else 3
    if len(symbol.written) < shortest or not symbol.written.isalpha() or reading.written(first) != symbol.written:
        return False
    lower = symbol.written.lower()
    if lower in common_words():
        return False
    is_plain = lower in ordinary_words() or lower in given_names() or reading.casing is Casing.UPPER
    if is_plain and not symbol.is_ambiguous:
        return False
    start, end = reading.bounds[first][0], reading.end(first)
    return exchange_before(reading.text, start) is None and suffix_after(reading.text, end) is None
