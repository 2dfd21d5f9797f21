"""Keeps secrets out of log lines, whoever wrote them: a library's error message may quote an address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

HIDDEN = "[hidden]"
MIN_CHARACTERS = 6
"""Shorter ones are not looked for: what is left of a line would make no sense."""

_USERINFO = re.compile(r"(?<=://)[^/?#@\s\"']+@")


class Secrets:
    """Texts that no line may hold.

    >>> Secrets(["https://hooks.example.com/T0KEN/K3Y"]).hidden_in("cannot connect to /T0KEN/K3Y")
    'cannot connect to [hidden]'
    >>> Secrets([]).hidden_in("GET https://ada:pw@am.example.com/")
    'GET https://[hidden]@am.example.com/'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._texts: tuple[str, ...] = ()
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Hide these as well; of an address its path, query, user and password are hidden wherever they stand."""
        texts = set(self._texts)
        for secret in secrets:
            for part in _parts(secret):
                texts |= {part, quote(part)}
        self._texts = tuple(sorted((text for text in texts if len(text) >= MIN_CHARACTERS), key=len, reverse=True))

    def hidden_in(self, line: str) -> str:
        """Return the line without them."""
        for text in self._texts:
            if text in line:
                line = line.replace(text, HIDDEN)
        return _USERINFO.sub(f"{HIDDEN}@", line) if "://" in line else line


def _parts(secret: str) -> Iterable[str]:
    yield secret
    yield from secret.split()  # two webhook secrets, while receivers change over
    try:
        url = urlsplit(secret)
        yield from (url.password or "", url.username or "") if url.scheme else ()
    except ValueError:
        return
    if url.scheme and url.netloc:
        yield url.path.rstrip("/")
        yield url.query
