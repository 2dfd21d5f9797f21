"""Keys of names that no watchlist topic has: two spellings of one name give one key.

Knows no watchlist. A key begins with "~", which no topic's id does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.action import Span
from models.topics.english import STOP_WORDS, ordinary_words
from models.topics.surface import name_words

MAX_WORDS = 6  # a longer span is a clause that the policy marked by mistake
MAX_KEY_CHARACTERS = 64
_LEADING = frozenset({"the", "a", "an", "mr", "mrs", "ms"})
_TRAILING = frozenset({"co", "company", "group", "holding", "holdings"})


@dataclass(frozen=True, slots=True)
class Discovery:
    """A span that names something that the watchlist does not have.

    >>> span = Span(4, 16, "Brown-Forman", (0.7, 0.2, 0.1))
    >>> Discovery("~brown forman", span).key
    '~brown forman'
    """

    key: str
    span: Span


def discovered_key(surface: str) -> str | None:
    """Return the key of a name, or None where the surface names nothing that could be followed.

    >>> discovered_key("Brown-Forman Corp.'s"), discovered_key("#BrownForman"), discovered_key("$BF-B")
    ('~brown forman', '~brown forman', '~$BF-B')
    >>> discovered_key("Crédit Agricole S.A."), discovered_key("the company"), discovered_key("12 %")
    ('~credit agricole', None, None)
    """
    surface = surface.strip()
    if surface[:1] == "$" and surface[1:2].isalpha():
        return f"~{surface.rstrip('.,:;!?').upper()}"[:MAX_KEY_CHARACTERS]
    if surface[:1] in ("#", "@"):
        surface = _parted(surface[1:])
    words = list(name_words(surface.removesuffix("'s").removesuffix("’s")))
    while words and words[0] in _LEADING:
        words.pop(0)
    while len(words) > 1 and words[-1] in _TRAILING:
        words.pop()
    words = [word.removesuffix("'s") for word in words]
    if not words or len(words) > MAX_WORDS or not _is_a_name(words, surface):
        return None
    return f"~{' '.join(words)}"[:MAX_KEY_CHARACTERS]


def _is_a_name(words: list[str], surface: str) -> bool:
    if not any(c.isalpha() for c in "".join(words)) or "/" in words[0] or STOP_WORDS.issuperset(words):
        return False
    # "the market" names nothing, "Best Buy" does; a script without capitals has none to show
    return any(c.isupper() for c in surface) or not ordinary_words().issuperset(words)


def _parted(tag: str) -> str:
    """Return "BrownForman" as "Brown Forman"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", tag)
