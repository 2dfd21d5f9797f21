"""The buttons of a page that a text was copied from: "share to Facebook", "sign in with Google".

Says where in a text such a phrase stands; what is named in it is not what the text is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from models.topics.english import word_set

_VERBS = word_set("share follow like find join subscribe sign log continue connect tweet download read watch")
_BUTTON = re.compile(
    r"(?<!\w)(?:"
    r"share(?: (?:this(?: \w+)?|it))?(?: (?:on|to|via|with)\b|:)"
    r"|(?:follow|like|find|join|tweet|message|connect with) us\b[^.!?\n]{0,30}? (?:on|at|via)\b"
    r"|subscribe (?:to us )?(?:on|via)\b|(?:sign|log)(?: ?in| up) (?:with|via|using)\b|(?:continue|connect) with\b"
    r"|(?:download|get)(?: (?:it|the app|our app|now))? (?:on|from|at)\b"
    r"|(?:read|see|watch)(?: more| us)? (?:on|at) our\b"
    r")[^.!?\n]{0,80}",
    re.IGNORECASE,
)


def buttons(text: str, keys: Iterable[str]) -> list[tuple[int, int]]:
    """Return the characters [start, end) of each such phrase of a text with these folded words.

    >>> text = "Ford slips. Share this story: Facebook, Twitter"
    >>> [text[start:end] for start, end in buttons(text, {"share", "ford"})]
    ['Share this story: Facebook, Twitter']
    """
    if _VERBS.isdisjoint(keys):
        return []
    return [match.span() for match in _BUTTON.finditer(text)]
