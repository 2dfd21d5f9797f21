"""The words of a text: where each stands, and how it is read.

Links are one word, HTML entities and emoji are read as what they stand for, styled and full-width letters as
plain ones, #CamelCase as its words. Offsets stay the text's own. Knows no tokenizer and no network.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import emoji

LINK = "http"
"""What every link is read as: where it leads is noise."""

_WORD = re.compile(
    r"(?P<link>https?://[^\s<>\"]+)"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
    r"|[^\W_]+(?:[\u0300-\u036f][^\W_]*)*"
    r"|\S"
)
_SIMPLE_WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f][^\W_]*)*|\S")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MAYBE_EMOJI = re.compile(r"[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]|[0-9#*]\ufe0f?\u20e3")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufe0e\ufe0f\ufeff]")
_PLAIN = str.maketrans({"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "−": "-"})


class Word(NamedTuple):
    """A stretch of a text, with what it is read as.

    >>> words_of("R&amp;D 📉")
    [Word(start=0, end=1, reading='R'), Word(start=1, end=6, reading='&'), Word(start=6, end=7, reading='D'), \
Word(start=8, end=9, reading='chart decreasing')]
    """

    start: int  # characters in the text, inclusive
    end: int  # exclusive
    reading: str  # never empty


def words_of(text: str, max_words: int | None = None) -> list[Word]:
    """Return the words of a text, the first `max_words` of them; each punctuation mark is one of its own.

    >>> [word.reading for word in words_of("L&T up 3% https://t.co/x")]
    ['L', '&', 'T', 'up', '3', '%', 'http']
    """
    readable = _CONTROLS.sub(" ", text)
    found = _with_emoji(readable) if _MAYBE_EMOJI.search(readable) else _words(readable, 0, len(readable))
    return list(islice(found, max_words))


def _words(text: str, start: int, end: int) -> Iterator[Word]:
    for match in _WORD.finditer(text, start, end):
        if match["link"]:
            yield Word(*match.span(), LINK)
        elif match["entity"]:
            yield from _entity(text, *match.span())
        elif reading := _plain(match[0]):
            is_handle = match.start() > start and text[match.start() - 1] in "#@"
            yield Word(*match.span(), _HUMP.sub(" ", reading) if is_handle else reading)


def _entity(text: str, start: int, end: int) -> Iterator[Word]:
    """Yield what the entity stands for; "AT&Tower;" is none, and so the words it is made of."""
    entity = text[start:end]
    character = html.unescape(entity)
    if character == entity:
        yield from (Word(*match.span(), match[0]) for match in _SIMPLE_WORD.finditer(text, start, end))
    elif reading := _plain(character):
        yield Word(start, end, reading)


def _with_emoji(text: str) -> Iterator[Word]:
    at = 0
    for found in emoji.emoji_list(text):
        start, end = found["match_start"], found["match_end"]
        yield from _words(text, at, start)
        name = emoji.demojize(found["emoji"], delimiters=("", "")).replace("_", " ").strip()
        yield Word(start, end, name or found["emoji"])
        at = end
    yield from _words(text, at, len(text))


def _plain(word: str) -> str:
    """Return the word without what only looks different: styled letters, curly quotes, invisible marks."""
    if word.isascii():
        return word.strip()
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", word.translate(_PLAIN))).strip()
