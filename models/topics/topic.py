"""A topic: one subject to follow, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject to follow: a company or a theme, and what it is called.

    >>> Topic(id="ford", name="Ford Motor", tickers=("F",), ambiguous=("Ford",)).kind
    'company'
    """

    id: str
    name: str
    kind: Literal["company", "theme"] = "company"
    tickers: tuple[str, ...] = ()  # upper case, with the exchange where it is not American: "7203.T"
    aliases: tuple[str, ...] = ()  # further names, sure enough to link alone
    ambiguous: tuple[str, ...] = ()  # names or tickers that mean other things too, and link only in context
    context: tuple[str, ...] = ()  # words or phrases that settle an ambiguous name
    excluded: tuple[str, ...] = ()  # phrases that hold a name and mean something else: "price target"
    is_rater: bool = False  # its analysts rate others: "upgraded at X" and "X analysts say" are not about it
    parent: str | None = None  # id of the topic that this one rolls up to
