"""The labelled documents by which the demo's gate judges: written from the feed's parts, put together anew.

Headline and body are of different texts of one tone, so that no item is in the feed, and each is a story of its own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pipeline.demo.right import Tone, places_of
from pipeline.demo.texts import Subject, Template, Texts
from pipeline.demo.writer import Writer

_TONES: tuple[Tone, ...] = ("negative", "neutral", "neutral", "positive")
_NAMED = ("partner", "broker", "boss")
"""Fillers that name somebody: whether an analyst would mark these is left open."""


class Entity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of an item's text, as `finsurge evaluate` takes it."""

    text: str
    span: tuple[int, int]
    label: Tone | None = None
    type: str | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A labelled document.

    >>> Item(text="Nike soars", label="positive", entities=()).label
    'positive'
    """

    text: str
    label: Tone
    entities: tuple[Entity, ...]


@dataclass(frozen=True, slots=True)
class Mix:
    """What the items are of; the rest is ordinary news of companies.

    >>> Mix().p_red_flag
    0.04
    """

    p_red_flag: float = 0.04
    # In wordings that nobody corrects; as in the feed.
    p_crisis: float = 0.06
    p_theme: float = 0.12
    p_post: float = 0.12


def write_held_out(path: Path, texts: Texts, n_items: int, seed: int) -> None:
    """Write so many distinct items, a JSON line each."""
    rng = random.Random(f"{seed}/held-out")  # noqa: S311 -- texts, no secrets
    items: dict[str, Item] = {}
    for item in _items(texts, rng, Mix()):
        items[item.text] = item
        if len(items) == n_items:
            break
    path.write_bytes(b"".join(msgspec.json.encode(item) + b"\n" for item in items.values()))


def _items(texts: Texts, rng: random.Random, mix: Mix) -> Iterator[Item]:
    writer = Writer(texts, rng)
    named = [value for name in _NAMED for value in texts.fillers[name]]
    while True:
        subject, template = _drawn(texts, rng, mix)
        written = writer.write(template, subject.names)
        text = written.body if written.headline is None else f"{written.headline}\n{written.body}"
        if written.tone is not None:
            yield _labelled(text, written.tone, written.surfaces, named)


def _drawn(texts: Texts, rng: random.Random, mix: Mix) -> tuple[Subject, Template]:
    """Return whom an item is about, and its two halves as one text."""
    way = rng.random()
    if (way := way - mix.p_red_flag) < 0:
        return rng.choice(texts.companies), _mixed(texts.unseen_red_flags, rng)
    if (way := way - mix.p_crisis) < 0:
        return rng.choice(texts.playing("crisis")), _mixed([each for each in texts.crisis if each.headline], rng)
    tone = rng.choice(_TONES)
    if (way := way - mix.p_theme) < 0:
        subject = rng.choice([each for each in texts.subjects if not each.names])
        return subject, _mixed(subject.news[tone], rng)
    subject = rng.choice([each for each in texts.subjects if each.names])
    return subject, _mixed(subject.posts[tone] if way < mix.p_post else subject.news[tone], rng)


def _mixed(templates: Sequence[Template], rng: random.Random) -> Template:
    head, tail = rng.sample(list(templates), 2)
    if head.headline is None:
        return Template(None, f"{head.body}. {tail.body}", head.tone)
    return Template(head.headline, tail.body, head.tone)


def _labelled(text: str, tone: Tone, surfaces: Sequence[str], named: Sequence[str]) -> Item:
    marked = [Entity(text=text[start:end], span=(start, end), label=tone) for start, end in places_of(text, surfaces)]
    left_open = [
        Entity(text=text[start:end], span=(start, end), type="other") for start, end in places_of(text, named)
    ]
    return Item(text=text, label=tone, entities=(*marked, *left_open))
