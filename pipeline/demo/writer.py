"""Writes stories: a template with its fillers, and the copies that other outlets and users make of it.

Randomness is given; knows nothing of how often what is written.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.demo.right import Right, Tone
from pipeline.demo.texts import Template, Texts
from pipeline.reading.text import full_text
from pipeline.records import SCHEMA, Document, Kind


@dataclass(frozen=True, slots=True)
class Item:
    """A text as somebody publishes it."""

    kind: Kind
    source: str
    headline: str | None
    body: str
    tone: Tone | None = None
    surfaces: tuple[str, ...] = ()  # the names that its subject goes by
    is_red_flag: bool = False

    def document(self, name: str, at: datetime) -> Document:
        """Return it as it goes to `documents`."""
        return Document(
            schema=SCHEMA,
            id=name,
            kind=self.kind,
            source=self.source,
            published_at=at,
            text=self.body,
            title=self.headline,
        )

    def right(self, document: Document) -> Right | None:
        """Return what is right of it; None where nobody would say."""
        if self.tone is None:
            return None
        return Right.of(full_text(document), self.tone, self.surfaces, is_red_flag=self.is_red_flag)


class Writer:
    """Fills templates and rewords what was written.

    >>> from pipeline.demo.texts import load_texts
    >>> writer = Writer(load_texts(), random.Random(7))
    >>> item = writer.write(Template("{name} moves to {place}", "It was about time."), {"name": "Acme"})
    >>> item.headline
    'Acme moves to Turin'
    >>> "Acme" in str(writer.copy(item))
    True
    """

    def __init__(self, texts: Texts, rng: random.Random) -> None:
        self._texts = texts
        self._rng = rng

    def write(self, template: Template, names: Mapping[str, str]) -> Item:
        """Return the template's first publication."""
        fillers = self._fillers() | dict(names)
        headline = None if template.headline is None else template.headline.format_map(fillers)
        return Item(
            kind=template.kind,
            source=self._source(template.kind),
            headline=headline,
            body=template.body.format_map(fillers),
            tone=template.tone,
            surfaces=tuple(names[of] for of in ("name", "tag") if of in names),
            is_red_flag=template.is_red_flag,
        )

    def copy(self, item: Item) -> Item:
        """Return the item as another publishes it: as it is, reworded, cut, or passed on in a post."""
        if item.kind == "social":
            return replace(item, source=self._source("social"), body=f"RT @{item.source}: {item.body}")
        way = self._rng.randrange(5)
        outlet = self._source("news")
        if way == 0:
            body = f"RT @{item.source.replace(' ', '')}: {item.headline}. {item.body}"
            return replace(item, kind="social", source=self._source("social"), headline=None, body=body)
        if way == 1:
            return replace(item, source=outlet, headline=f"UPDATE 1-{item.headline}")
        if way == 2:
            return replace(item, source=outlet, body=f"{item.body} ({outlet})")
        return replace(item, source=outlet)

    def _source(self, kind: Kind) -> str:
        return self._rng.choice(self._texts.users if kind == "social" else self._texts.outlets)

    def _fillers(self) -> dict[str, str]:
        rng = self._rng
        chosen = {name: rng.choice(values) for name, values in self._texts.fillers.items()}
        numbers = {"pct": rng.randint(3, 19), "money": 10 * rng.randint(2, 90), "n": rng.randint(3, 40)}
        date = f"{rng.randint(1, 28)} {chosen['month']}"
        return chosen | {name: str(number) for name, number in numbers.items()} | {"date": date}
