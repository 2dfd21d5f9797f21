"""Other bearers of a topic's name: people, venues, places and longer names. "Jack Ford" makes no cars.

Judges a name by the words beside it; knows no watchlist.
"""

from __future__ import annotations

from collections.abc import Set

from models.topics.english import common_words, given_names, word_set
from models.topics.reading import Reading
from models.topics.surface import LEGAL_SUFFIXES, Casing

_VENUES = word_set("arena arenas ballpark bowl center centre coliseum cup dome stadium theater theatre")
_VENUES_IN_A_SENTENCE = word_set("championship championships classic field marathon open")
_PLACES = word_set("beach college county island islands lake mountain river university valley")
_PLACES_IN_A_SENTENCE = word_set(
    "avenue bay creek falls heights hills parish park road school springs state street township village"
)
_ENDS = word_set("bank bancorp company etf fund group holdings partners reit trust")
_LONGEST = 4  # words that a company's name goes on for
_OF_PEOPLE = frozenset({"died", "himself", "herself"})


def is_venue(reading: Reading, past: int) -> bool:
    """Return whether the word after a name makes a place or a sponsored event of it: "Barclays Center"."""
    if past == len(reading.keys) or reading.gap(past) != " " or not reading.is_capital(past):
        return False
    key = reading.keys[past].removesuffix("'s")
    if key in _PLACES or key in _VENUES:
        return reading.casing in (Casing.SENTENCE, Casing.TITLE)
    is_one = key in _VENUES_IN_A_SENTENCE or key in _PLACES_IN_A_SENTENCE
    return is_one and reading.casing is Casing.SENTENCE


def is_person(reading: Reading, first: int, past: int) -> bool:
    """Return whether a given name before it, or what is told of it, makes the name a person's."""
    keys = reading.keys
    after = keys[past : past + 2]
    if after and (after[0] in _OF_PEOPLE or after == ["was", "born"]):
        return True
    if past - first > 1 or first == 0 or reading.gap(first) != " " or not reading.is_capital(first - 1):
        return False
    return keys[first - 1] in given_names() and reading.is_capital(first)


def is_longer_name(reading: Reading, first: int, past: int, attached: Set[str]) -> bool:
    """Return whether a neighbour's capital makes one name of both: "Apple Hospitality", "Delta State"."""
    if reading.casing not in (Casing.SENTENCE, Casing.TITLE):
        return False
    if first > 0 and _belongs(reading, first - 1, reading.gap(first), attached):
        return True
    if reading.casing is Casing.TITLE or past == len(reading.keys) or reading.keys[past - 1].endswith("'s"):
        return False
    return _belongs(reading, past, reading.gap(past), attached)


def is_place(reading: Reading, past: int) -> bool:
    """Return whether "of" and a name or number follow: "Vale of Leven", "Oracle of Omaha", "Total of 90"."""
    if past + 1 >= len(reading.keys) or reading.keys[past] != "of" or reading.gap(past) != " ":
        return False
    return reading.is_capital(past + 1) or reading.keys[past + 1][0].isdigit()


def is_registered_otherwise(reading: Reading, past: int) -> bool:
    """Return whether the capitals after a name go on to another company's end: "Apple Rush Company"."""
    if reading.casing is not Casing.SENTENCE or reading.keys[past - 1].endswith("'s"):
        return False
    for n in range(past, min(past + _LONGEST, len(reading.keys))):
        if reading.gap(n) != " " or not reading.is_capital(n):
            return False
        if n > past and (reading.keys[n] in LEGAL_SUFFIXES or reading.keys[n] in _ENDS):
            return True
    return False


def _belongs(reading: Reading, n: int, gap: str, attached: Set[str]) -> bool:
    key = reading.keys[n]
    if key.endswith("'s"):
        key = key[:-2]
    if gap != " " or not reading.is_capital(n) or key in attached or key in LEGAL_SUFFIXES:
        return False
    return key not in common_words()
