"""What the feed's texts are made of: companies, themes, templates and fillers, from `texts.yaml`.

Knows no time and no order; every text is invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import msgspec
import yaml

from pipeline.records import Kind

Tone = Literal["negative", "neutral", "positive"]
Part = Literal["crisis", "launch", "storm"]


@dataclass(frozen=True, slots=True)
class Template:
    """A text with fillers in braces: headline and body of a news item, or a post.

    >>> Template("{name} cuts outlook", "Orders fell.").kind
    'news'
    """

    headline: str | None
    body: str

    @property
    def kind(self) -> Kind:
        """What it is published as."""
        return "social" if self.headline is None else "news"


@dataclass(frozen=True, slots=True)
class Subject:
    """A topic that the feed writes about, with its ordinary texts by tone."""

    topic: str  # id in the default watchlist
    names: Mapping[str, str]  # fillers: name, tag, product
    part: Part | None  # what may happen to it beyond the ordinary
    news: Mapping[Tone, tuple[Template, ...]]
    posts: Mapping[Tone, tuple[Template, ...]]  # empty for themes


@dataclass(frozen=True, slots=True)
class Texts:
    """Everything that the feed is written from.

    >>> texts = load_texts()
    >>> len(texts.subjects), texts.playing("crisis")[0].topic
    (36, 'rivian')
    """

    subjects: tuple[Subject, ...]
    outlets: tuple[str, ...]
    users: tuple[str, ...]
    fillers: Mapping[str, tuple[str, ...]]
    noise: tuple[Template, ...]
    launch: tuple[Template, ...]
    storm: tuple[Template, ...]
    crisis: tuple[Template, ...]

    def playing(self, part: Part) -> tuple[Subject, ...]:
        """Return the subjects that may play a part."""
        return tuple(subject for subject in self.subjects if subject.part == part)


class _Company(msgspec.Struct):
    id: str
    name: str
    tag: str
    product: str
    role: Part | None = None


class _Theme(msgspec.Struct):
    id: str
    negative: list[tuple[str, str]]
    neutral: list[tuple[str, str]]
    positive: list[tuple[str, str]]


class _File(msgspec.Struct):
    companies: list[_Company]
    themes: list[_Theme]
    outlets: tuple[str, ...]
    users: tuple[str, ...]
    fillers: dict[str, tuple[str, ...]]
    news: dict[Tone, list[tuple[str, str]]]
    posts: dict[Tone, list[str]]
    noise: list[str]
    launch: list[tuple[str, str] | str]
    storm: list[tuple[str, str] | str]
    crisis: list[tuple[str, str] | str]


def load_texts() -> Texts:
    """Return the texts that come with finsurge."""
    content = (files("pipeline.demo") / "texts.yaml").read_text(encoding="utf-8")
    file = msgspec.convert(yaml.safe_load(content), _File)
    news = {tone: _templates(texts) for tone, texts in file.news.items()}
    posts = {tone: _templates(texts) for tone, texts in file.posts.items()}
    companies = (
        Subject(each.id, {"name": each.name, "tag": f"${each.tag}", "product": each.product}, each.role, news, posts)
        for each in file.companies
    )
    themes = (
        Subject(
            each.id,
            {},
            None,
            {
                "negative": _templates(each.negative),
                "neutral": _templates(each.neutral),
                "positive": _templates(each.positive),
            },
            {},
        )
        for each in file.themes
    )
    return Texts(
        subjects=(*companies, *themes),
        outlets=file.outlets,
        users=file.users,
        fillers=file.fillers,
        noise=_templates(file.noise),
        launch=_templates(file.launch),
        storm=_templates(file.storm),
        crisis=_templates(file.crisis),
    )


def _templates(texts: list[tuple[str, str]] | list[str] | list[tuple[str, str] | str]) -> tuple[Template, ...]:
    return tuple(Template(None, text) if isinstance(text, str) else Template(*text) for text in texts)
