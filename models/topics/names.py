"""Where a text spells a name, alias or ticker of a watchlist: dictionary look-ups of word n-grams, longest first.

Says what is written where; whether an ambiguous name means its topic is for linking to judge.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

from models.topics.english import common_words, given_names, ordinary_words
from models.topics.exchanges import EXCHANGES
from models.topics.reading import Reading
from models.topics.surface import Casing, folded_words, name_words
from models.topics.tickers import Symbol, explicit_end, is_bare_ticker
from models.topics.topic import Topic
from models.topics.watchlist import Watchlist

_PASSED_ON = frozenset({"rt", "via", "by", "from", "on"})  # before a user name: who says it, or where


@dataclass(frozen=True, slots=True)
class Name:
    """One way to write a topic; `topic_id` is None for a phrase that only looks like one."""

    written: str
    words: tuple[str, ...]
    topic_id: str | None
    is_first: bool  # the topic's name, not an alias
    is_ambiguous: bool
    is_surname: bool = False  # of somebody whom the topic names in full: "Novogratz"
    is_handle: bool = False  # counts only as a hashtag or a user name: "#WellsFargo", "@Delta"

    stem: str = field(init=False)  # the first word as written, without its possessive
    needs_case: bool = field(init=False)  # another case is another word: "SEC" and "sec", "HP" and "hp"
    is_lower: bool = field(init=False)

    def __post_init__(self) -> None:
        stem = self.written.split()[0].removesuffix("'s")
        needs_case = len(self.words) == 1 and (stem.isupper() or len(stem) <= 3)
        object.__setattr__(self, "stem", stem)
        object.__setattr__(self, "needs_case", needs_case)
        object.__setattr__(self, "is_lower", self.written.islower())


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
                symbols[base].append(Symbol.of(ticker, topic))
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
            end = explicit_end(symbol, reading, first)
            if end is not None:
                return _of_ticker(symbol, reading, first, end)
        if reading.is_cashtag(first):  # of a ticker that no topic has: "$ETH" need not be what people call ETH
            return None
        for name in self._names.get(key, ()):
            past = first + len(name.words)
            if _spells(name, reading, first, past) and _is_written(name, reading, first):
                start, end = reading.bounds[first][0], reading.end(past - 1)
                end = reading.bounds[past - 1][1] if name.words[-1].endswith("'s") else end
                is_certain = not name.is_ambiguous and not _is_shouted(name, reading)
                return Sighting(name, first, past, start, end, is_certain=is_certain)
        for symbol in symbols:
            if is_bare_ticker(symbol, reading, first):
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
    people = {words[-1] for words in names if len(words) > 1 and words[0] in given_names()}
    for words in [words for words in names if len(words) == 1 and words[0] in people]:
        names[words] = replace(names[words], is_surname=True)
    own = [] if topic.kind == "theme" else list(names.values())
    for written in topic.excluded:
        words = tuple(folded_words(written))  # with its legal suffix: "Delta Corp" is another company
        names.setdefault(words, Name(written, words, None, is_first=False, is_ambiguous=False))
    for name in own:
        joined = "".join(name.words).replace("&", "")
        handle = replace(name, words=(joined,), is_handle=True, is_ambiguous=False)
        names.setdefault(("@" + joined,), replace(handle, words=("@" + joined,)))
        if len(name.words) > 1:
            names.setdefault((joined,), handle)
    return list(names.values())


def _spells(name: Name, reading: Reading, first: int, past: int) -> bool:
    words, keys = name.words, reading.keys
    if past > len(keys) or (len(words) > 1 and tuple(keys[first : past - 1]) != words[:-1]):
        return False
    return keys[past - 1] in (words[-1], words[-1] + "'s")


def _is_written(name: Name, reading: Reading, first: int) -> bool:
    """Return whether the words at `first`, which spell the name, are written as it would be."""
    if name.topic_id is None and len(name.words) > 1:
        return True
    if not name.is_handle:
        return _has_case(name, reading, first) and not _is_exchange(reading, first)
    start = reading.bounds[first][0]
    if name.words[0][0] == "@":
        return first == 0 or reading.keys[first - 1] not in _PASSED_ON
    return reading.text[start - 1 : start] == "#"


def _is_exchange(reading: Reading, first: int) -> bool:
    """Return whether the word says where a ticker trades, "AMEX: GORO", and names no company."""
    end = reading.end(first)
    return reading.text[end : end + 1] == ":" and reading.written(first) in EXCHANGES


def _has_case(name: Name, reading: Reading, first: int) -> bool:
    """Return whether the name's first word is written as a name would be."""
    if len(name.words) > 1 and not name.is_lower:
        return _has_capitals(name, reading, first)
    if not name.needs_case:
        if reading.is_capital(first) or name.written[0].islower():
            return True
        if not reading.text[reading.bounds[first][0]].islower():  # a digit, or a script without capitals
            return True
        return reading.casing is Casing.LOWER or not (name.is_ambiguous or name.words[0] in ordinary_words())
    written = reading.written(first)
    if "&" in name.stem:
        written = written.replace("&amp;", "&").replace("＆", "&").replace(" ", "")
    return written in (name.stem, name.stem.upper())


def _is_shouted(name: Name, reading: Reading) -> bool:
    """Return whether capitals do not tell the name from a common word: "UPS AND DOWNS"."""
    return name.needs_case and name.words[0] in common_words() and reading.casing is Casing.UPPER


def _has_capitals(name: Name, reading: Reading, first: int) -> bool:
    """Return whether a name of several words bears the capitals that tell it from "the first republic"."""
    last = first + len(name.words) - 1
    if reading.is_capital(first) and reading.is_capital(last):
        return True
    if reading.is_capital(first) == reading.is_capital(last) or reading.casing is Casing.LOWER:
        is_plain = reading.casing is Casing.SENTENCE and not reading.is_capital(first)
        return not (is_plain and ordinary_words().issuperset(name.words))
    if not reading.is_capital(first):
        return name.written[0].islower()  # "the central bank of America"
    return not (name.written.split()[-1][0].isupper() and ordinary_words().issuperset(name.words))


def _of_ticker(symbol: Symbol, reading: Reading, first: int, end: int) -> Sighting:
    past = first + 1
    while past < len(reading.bounds) and reading.bounds[past][0] < end:  # "BRK.B" is two words
        past += 1
    is_cashtag = reading.is_cashtag(first)
    return Sighting(symbol, first, past, reading.bounds[first][0], end, is_cashtag, is_certain=True)
