"""Which language a text is in: English by its common words, else whichever its sequences of letters tell.

Links, tags, names of users, numbers and emoji tell nothing and are left out. Knows neither policy nor tokens.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from models.topics.english import common_words

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ENGLISH = "en"
UNDETERMINED = "und"
"""Too little text to tell: tickers, names, a link."""

_WITH_A_PRESS = """
af ar az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk km kn ko lo lt
lv mk ml mn mr ms mt my ne nl no pa pl ps pt ro ru si sk sl so sq sr sv sw ta te th tl tr uk ur uz vi zh
"""
LANGUAGES = frozenset(_WITH_A_PRESS.split())
"""Those that can be told, ISO 639-1; each further one would draw names to itself."""

_NO_LANGUAGE = "zxx"  # the identifier's own code for what is not language

_MAX_CHARACTERS = 800  # a title and its lead
_ENGLISH_SHARE = 0.5  # of the words, common English ones; in other languages' headlines half at most
_MIN_WORDS = 3  # of Latin script; two are as good as a name
# Names and slang get a confidence of 0.1 to 0.3, foreign headlines 0.45 and more; the more English words there are
# beside it, the surer it must be. benchmarks/language.py prints what these give.
_CONFIDENCE = 0.35
_CONFIDENCE_BESIDE_ENGLISH = 0.5  # added in proportion to the share of common English words

_NOISE = re.compile(r"https?://\S*|www\.\S+|<[^<>\s]*>|&#?\w{1,8};|\$[A-Za-z][A-Za-z.]*|[@#][A-Za-z0-9_]+|#\w+")
_ENGLISH_LIKE = re.compile(r"[a-z][a-z'’.&-]*")
_PUNCTUATION = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~…“”‘’–—«»·•|"


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of the language of a text's beginning, or UNDETERMINED.

    Leans towards English: another language is told only where the identifier is sure, since tickers, names and
    slang look like anything. Between close relatives (Indonesian and Malay, Russian and Bulgarian) it errs at times.
    *See* "langid.py: An off-the-shelf language identification tool" by Lui and Baldwin (2012).

    >>> language_of("Anleger fürchten eine Rezession in der Eurozone"), language_of("日銀が利上げを決定、円高が進む")
    ('de', 'ja')
    >>> language_of("$TSLA bears in disbelief 😂 https://t.co/x"), language_of("$TSLA $F @elonmusk #FSD 12.3 🚀")
    ('en', 'und')
    """
    words = _words(text[:_MAX_CHARACTERS])
    if not words:
        return UNDETERMINED
    n_english = sum(word.removesuffix("'s") in common_words() for word in words)
    share = n_english / len(words)
    if share > _ENGLISH_SHARE:
        return ENGLISH
    undecided = ENGLISH if n_english else UNDETERMINED
    plain = " ".join(words)
    if plain.isascii() and len(words) < _MIN_WORDS:
        return undecided
    found, confidence = _identifier().classify(plain)
    if found in (ENGLISH, _NO_LANGUAGE) or confidence < _CONFIDENCE + share * _CONFIDENCE_BESIDE_ENGLISH:
        return undecided
    return str(found)


def _words(text: str) -> list[str]:
    """Return the words in lower case, those with digits left out where the script parts words."""
    text = _NOISE.sub(" ", text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    words = (word.strip(_PUNCTUATION) for word in text.lower().split())
    return [word for word in words if _is_word(word)]


def _is_word(word: str) -> bool:
    if word.isascii():
        return _ENGLISH_LIKE.fullmatch(word) is not None
    return any(map(str.isalpha, word))


@cache
def _identifier() -> LanguageIdentifier:
    """Return the identifier, loaded when first needed: a second, and 100 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([*LANGUAGES, _NO_LANGUAGE])
    return identifier
