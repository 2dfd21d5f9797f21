"""The outcome of looking at one thing: its level, and one line that says what was found and the mend.

Knows nothing of what is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult

from pipeline.settings import Settings

_CREDENTIALS = re.compile(r"[^\s/,@'\"]+@")


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"  # finsurge works, though not all of it, or not for long
    FAIL = "fail"  # a worker would not start, or would lose alerts


@dataclass(frozen=True)
class Check:
    r"""One thing that was looked at.

    >>> Check("broker", Level.FAIL, "no Kafka at user:secret@kafka:9092;\nstart it").said
    'no Kafka at ***@kafka:9092; start it'
    """

    name: str
    level: Level
    said: str  # one line without secrets: what was found; the mend

    def __post_init__(self) -> None:
        line = _CREDENTIALS.sub("***@", " ".join(self.said.split()))
        object.__setattr__(self, "said", line)


Examine = Callable[[Settings], Iterator[Check]]
"""Looks at one part of a deployment."""


def shown_address(url: SplitResult) -> str:
    """Return the scheme, host and port of a URL: its path or query is a secret for many receivers.

    >>> from urllib.parse import urlsplit
    >>> shown_address(urlsplit("https://me:pw@hooks.example.com:8443/services/T0/B1?token=x"))
    'https://hooks.example.com:8443'
    """
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{url.hostname}{port}"
