"""Where a text spells a name, alias or ticker of a watchlist: dictionary look-ups of word n-grams, longest first.

Says what is written where; whether an ambiguous name means its topic is for linking to judge.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from models.topics.english import common_words
from models.topics.reading import Reading
from models.topics.surface import Casing, folded_words, name_words
from models.topics.watchlist import Topic, Watchlist

_EXCHANGE_BEFORE = re.compile(
    r"<$|\b(?:NYSE|NASDAQ|Nasdaq|NasdaqGS|AMEX|LSE|TSX|ASX|NSE|BSE|HKEX|SEHK|TSE|TYO|Xetra|OTC|OTCMKTS)\s?:\s?$"
)
_EXCHANGE_AFTER = re.compile(
    r"\.(?:N|O|OQ|K|A|P|L|PA|DE|F|T|HK|SS|SZ|NS|BO|AX|TO|MI|AS|MC|S|SW|VX|ST|CO|OL|HE|BR|KS|TW|SI|SA|MX|JO)(?!\.?\w)"
)
_JOINERS = ("/", ".", "-", "$")  # before a ticker: it is the end of another, "$TCK/B.TO"


@dataclass(frozen=True, slots=True)
class Name:
    """One way to write a topic; `topic_id` is None for a phrase that only looks like one."""

    written: str
    words: tuple[str, ...]
    topic_id: str | None
    is_first: bool  # the topic's name, not an alias
    is_ambiguous: bool

    @property
    def stem(self) -> str:
        """The first word as written, without its possessive."""
        return self.written.split()[0].removesuffix("'s")

    @property
    def needs_case(self) -> bool:
        """Whether another case is another word: "SEC" and "sec", "HP" and "hp"."""
        return len(self.words) == 1 and (self.stem.isupper() or len(self.stem) <= 3)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A topic's ticker."""

    written: str
    topic_id: str
    is_ambiguous: bool


@dataclass(frozen=True, slots=True)
class Sighting:
    """A name or ticker as it stands in a text: words [first, past), characters [start, end)."""

    source: Name | Symbol
    first: int
    past: int
    start: int
    end: int
    is_cashtag: bool = False
    is_certain: bool = False


class NameIndex:
    """Finds a watchlist's names and tickers in a text.

    >>> index = NameIndex(Watchlist((Topic(id="bofa", name="Bank of America", tickers=("BAC",)),)))
    >>> [(s.source.topic_id, s.start, s.end) for s in index.sightings("$BAC: Bank of America’s loss")[1]]
    [('bofa', 1, 4), ('bofa', 6, 21)]
    """

    def __init__(self, watchlist: Watchlist) -> None:
        names: dict[str, list[Name]] = defaultdict(list)
        symbols: dict[str, list[Symbol]] = defaultdict(list)
        for topic in watchlist.topics:
            for name in _names(topic):
                names[name.words[0]].append(name)
            for ticker in topic.tickers:
                base = folded_words(ticker)[0]
                symbols[base].append(Symbol(ticker, topic.id, ticker in topic.ambiguous))
        for first, group in list(names.items()):
            group.sort(key=lambda name: (-len(name.words), name.topic_id is None))
            # a possessive is looked up as it stands, not cut off word by word
            names[first + "'s"] = sorted(
                [*names.get(first + "'s", ()), *(name for name in group if len(name.words) == 1)],
                key=lambda name: -len(name.words),
            )
        for base, tickers in list(symbols.items()):
            tickers.sort(key=lambda symbol: -len(symbol.written))
            symbols[base + "'s"] = tickers
        self._names = {first: tuple(group) for first, group in names.items()}
        self._symbols = {base: tuple(group) for base, group in symbols.items()}
        self._firsts = frozenset(self._names) | frozenset(self._symbols)

    def sightings(self, text: str) -> tuple[Reading | None, list[Sighting]]:
        """Return the text's reading (None where nothing was found) and what it spells, in order of start."""
        keys = folded_words(text)
        if self._firsts.isdisjoint(keys):
            return None, []
        reading = Reading(text, keys)
        found: list[Sighting] = []
        position = 0
        while position < len(keys):
            sighting = self._at(reading, position) if keys[position] in self._firsts else None
            if sighting is not None and sighting.source.topic_id is not None:
                found.append(sighting)
            position = position + 1 if sighting is None else sighting.past
        return reading, found

    def _at(self, reading: Reading, first: int) -> Sighting | None:
        key = reading.keys[first]
        symbols = self._symbols.get(key, ())
        for symbol in symbols:
            sighting = _explicit(symbol, reading, first)
            if sighting is not None:
                return sighting
        if reading.is_cashtag(first):  # of a ticker that no topic has: "$ETH" need not be what people call ETH
            return None
        for name in self._names.get(key, ()):
            past = first + len(name.words)
            if _spells(name, reading, first, past) and _has_case(name, reading, first):
                start, end = reading.bounds[first][0], reading.end(past - 1)
                end = reading.bounds[past - 1][1] if name.words[-1].endswith("'s") else end
                return Sighting(name, first, past, start, end, is_certain=not name.is_ambiguous)
        for symbol in symbols:
            if _is_bare_ticker(symbol, reading, first):
                start, end = reading.bounds[first][0], reading.end(first)
                return Sighting(symbol, first, first + 1, start, end, is_certain=not symbol.is_ambiguous)
        return None


def _names(topic: Topic) -> list[Name]:
    ambiguous = {name_words(name) for name in topic.ambiguous}
    names: dict[tuple[str, ...], Name] = {}
    for n, written in enumerate((topic.name, *topic.aliases, *topic.ambiguous)):
        words = name_words(written)
        if written not in topic.tickers or words in map(name_words, (topic.name, *topic.aliases)):
            names.setdefault(words, Name(written, words, topic.id, is_first=n == 0, is_ambiguous=words in ambiguous))
    for written in topic.excluded:
        words = tuple(folded_words(written))  # with its legal suffix: "Delta Corp" is another company
        names.setdefault(words, Name(written, words, None, is_first=False, is_ambiguous=False))
    return list(names.values())


def _spells(name: Name, reading: Reading, first: int, past: int) -> bool:
    words, keys = name.words, reading.keys
    if past > len(keys) or (len(words) > 1 and tuple(keys[first : past - 1]) != words[:-1]):
        return False
    return keys[past - 1] in (words[-1], words[-1] + "'s")


def _has_case(name: Name, reading: Reading, first: int) -> bool:
    """Return whether the name's first word is written as a name would be."""
    written = reading.written(first).replace("&amp;", "&")
    if name.needs_case:
        shouted = reading.casing is Casing.UPPER and name.words[0] in common_words()
        return written in (name.stem, name.stem.upper()) and not (shouted and name.stem.isupper())
    if not written[0].islower() or name.written[0].islower():
        return True
    if len(name.words) > 1:
        return not reading.is_capital(first + len(name.words) - 1)  # "the central bank of America"
    return reading.casing is Casing.LOWER or not (name.is_ambiguous or name.words[0] in common_words())


def _explicit(symbol: Symbol, reading: Reading, first: int) -> Sighting | None:
    """Return the ticker where something beside it says that it is one: "$F", "<F.N>", "NYSE: F", "7203.T"."""
    text, start = reading.text, reading.bounds[first][0]
    end = start + len(symbol.written)
    written = text[start:end]
    if written.upper() != symbol.written or text[end : end + 1].isalnum():
        return None
    is_cashtag = reading.is_cashtag(first) and (len(written) > 1 or written.isupper())
    if not is_cashtag:
        said = not symbol.written.isalnum() or _EXCHANGE_AFTER.match(text, end)
        said = said or _EXCHANGE_BEFORE.search(text[max(0, start - 12) : start])
        if written != symbol.written or not said or text[start - 1 : start] in _JOINERS:
            return None
    past = first + 1
    while past < len(reading.bounds) and reading.bounds[past][0] < end:
        past += 1
    return Sighting(symbol, first, past, start, end, is_cashtag, is_certain=True)


def _is_bare_ticker(symbol: Symbol, reading: Reading, first: int) -> bool:
    """Return whether upper case alone shows the ticker: three letters or more, not shouted, not a word."""
    return (
        len(symbol.written) >= 3
        and symbol.written.isalpha()
        and reading.written(first) == symbol.written
        and symbol.written.lower() not in common_words()
        and reading.casing is not Casing.UPPER
    )
