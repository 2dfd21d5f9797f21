"""What is known of a document by which a policy is trained and judged, and which part it belongs to.

Knows no file format and no network.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

Part = Literal["train", "dev", "test"]

_LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """A stretch of text that names a topic, with the sentiment towards it where that is known."""

    start: int  # characters, inclusive
    end: int  # characters, exclusive
    sentiment: int | None  # index in SENTIMENTS


@dataclass(frozen=True, slots=True)
class Example:
    """A document with what its file annotates, and what it leaves open.

    >>> Example("FTX halts", sentiment=0, spans=(LabelledSpan(0, 3, 0),), are_spans_complete=True).source
    ''
    """

    text: str
    sentiment: int | None = None  # of the document, index in SENTIMENTS; None where not annotated
    spans: tuple[LabelledSpan, ...] = ()
    are_spans_complete: bool = False  # outside all spans: True teaches "no mention", False nothing
    open_ranges: tuple[tuple[int, int], ...] = ()  # characters of which nothing is known even so
    source: str = ""  # the data set's name, for figures by source


def part_of(text: str) -> Part:
    """Return the part a text belongs to, 80/10/10 by a hash, the same wherever the text turns up.

    Case, spacing and links are left out of the hash, so that re-posts do not leak across parts.

    >>> part_of("Tesla  recalls https://t.co/a") == part_of("tesla recalls https://t.co/b")
    True
    """
    normalised = " ".join(_LINK.sub(" ", text).casefold().split())
    digest = hashlib.sha256(normalised.encode("utf-8", "replace")).digest()
    bucket = int.from_bytes(digest[:4], "big") % 10
    return "test" if bucket == 9 else "dev" if bucket == 8 else "train"


def examples_of(examples: list[Example], part: Part) -> list[Example]:
    """Return the examples whose text belongs to a part, in order."""
    return [example for example in examples if part_of(example.text) == part]
