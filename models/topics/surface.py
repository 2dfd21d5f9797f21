"""How a name is written: the words of a text, folded so that two spellings of one name compare equal.

Offsets always count characters of the text as given. Knows no watchlist and no sentiment.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import Enum

_SUFFIXES = """
inc incorporated corp corporation ltd limited plc llc lp llp ag sa se nv spa gmbh kgaa oyj asa bhd pty tbk kk jsc
pjsc sab
"""
LEGAL_SUFFIXES = frozenset(_SUFFIXES.split())
"""Endings that only companies carry; "company", "group" and "co" are left out, people write "shell company"."""

_LETTER = r"[\w\u0300-\u036f]"  # combining marks belong to the word, though \w leaves them out
_AND = "[&＆](?:amp;)?"
_WORD = rf"(?:https?://|www\.)\S+|@\w+|{_LETTER}+(?:(?:{_AND}|['’‘ʼ＇´`]){_LETTER}+)*|{_AND}"
WORD = re.compile(_WORD, re.IGNORECASE)
"""A link, a user name, or a word; "AT&T" and "Moody's" are one word, "Coca-Cola" and "J.P." are two."""

_WORD_OR_INITIALS = re.compile(rf"(?<!\w)[A-Z]{{1,2}} {_AND} [A-Z](?!\w)|{_WORD}", re.IGNORECASE)
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ＇´`", "'") | {"＆": "&"})
_DOTTED = re.compile(r",?\s(?:[SAN]\.[AEGV]|S\.p\.A|P\.L\.C|K\.K|B\.V|A/S)\.?(?!\w)", re.IGNORECASE)
_DOTTED_AT_END = re.compile(_DOTTED.pattern + r"\s*$", re.IGNORECASE)


def fold(word: str) -> str:
    """Return the word without case, accents, full-width forms and curly quotes.

    >>> fold("Nestlé’s"), fold("AT&amp;T"), fold("&"), fold("ＡＰＰＬＥ")
    ("nestle's", 'at&t', 'and', 'apple')
    """
    if "&" in word or "＆" in word:
        word = word.replace("＆", "&").replace("&amp;", "&").replace(" ", "")
        if word == "&":
            return "and"
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.translate(_APOSTROPHES))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def folded_words(text: str) -> list[str]:
    """Return the folded words of `text`, one for each match of its `word_pattern`.

    >>> folded_words("Coca-Cola beats Moody’s view")
    ['coca', 'cola', 'beats', "moody's", 'view']
    """
    if text.isascii() and "&" not in text:  # `fold` would do no more
        return WORD.findall(text.lower())
    return [fold(word) for word in word_pattern(text).findall(text)]


def word_pattern(text: str) -> re.Pattern[str]:
    """Return what finds the words of `text`: `WORD`, and "P & G" as one word where there is an ampersand.

    >>> word_pattern("P & G").findall("P & G"), word_pattern("P and G").findall("P and G")
    (['P & G'], ['P', 'and', 'G'])
    """
    return _WORD_OR_INITIALS if "&" in text or "＆" in text else WORD


def name_words(name: str) -> tuple[str, ...]:
    """Return the folded words of a name without its legal suffixes; two spellings of one name agree.

    >>> name_words("Ford Motor Company, Inc."), name_words("Johnson & Johnson"), name_words("Nestlé S.A.")
    (('ford', 'motor', 'company'), ('johnson', 'and', 'johnson'), ('nestle',))
    """
    words = folded_words(_DOTTED_AT_END.sub("", name))
    while len(words) > 1 and words[-1] in LEGAL_SUFFIXES:
        words.pop()
    return tuple(words)


def has_dotted_suffix(text: str, end: int) -> bool:
    """Return whether a legal suffix written with dots stands at `end`.

    >>> has_dotted_suffix("Total S.A. leaves", 5), has_dotted_suffix("Total U.S. sales", 5)
    (True, False)
    """
    return _DOTTED.match(text, end) is not None


class Casing(Enum):
    """What capitals tell in a text: something only in a sentence, little in the other three."""

    SENTENCE = "sentence"
    TITLE = "title"
    UPPER = "upper"
    LOWER = "lower"


def casing(words: Iterable[str]) -> Casing:
    """Return how these words, as written, use capitals; links and user names are left out of the judgement.

    >>> [casing(text.split()).name for text in ("Ford cuts its view", "Ford Cuts Its View", "FORD CUTS VIEW")]
    ['SENTENCE', 'TITLE', 'UPPER']
    """
    plain = [word for word in words if word[0] != "@" and "/" not in word]
    letters = "".join(plain)
    n_upper, n_lower = sum(map(str.isupper, letters)), sum(map(str.islower, letters))
    if n_upper > 9 * n_lower:
        return Casing.UPPER
    if n_upper == 0 and n_lower:
        return Casing.LOWER
    long = [word for word in plain if len(word) >= 4]
    n_title = sum(word[0].isupper() for word in long)
    return Casing.TITLE if len(long) >= 3 and n_title >= 0.7 * len(long) else Casing.SENTENCE
