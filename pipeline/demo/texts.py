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

from pipeline.demo.right import Tone
from pipeline.records import Kind

Part = Literal["crisis", "launch", "storm"]


@dataclass(frozen=True, slots=True)
class Template:
    """A text with fillers in braces: headline and body of a news item, or a post.

    >>> Template("{name} cuts outlook", "Orders fell.").kind
    'news'
    """

    headline: str | None
    body: str
    tone: Tone | None = None  # None: nobody would say which
    is_red_flag: bool = False  # bad news in sober words

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
    red_flags: tuple[Template, ...]  # that analysts correct
    unseen_red_flags: tuple[Template, ...]  # other wordings, which nobody corrects

    def playing(self, part: Part) -> tuple[Subject, ...]:
        """Return the subjects that may play a part."""
        return tuple(subject for subject in self.subjects if subject.part == part)

    @property
    def companies(self) -> tuple[Subject, ...]:
        """The companies to which nothing beyond the ordinary happens."""
        return tuple(subject for subject in self.subjects if subject.names and subject.part is None)


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


class _RedFlags(msgspec.Struct):
    seen: list[tuple[str, str]]
    unseen: list[tuple[str, str]]


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
    red_flags: _RedFlags


def load_texts() -> Texts:
    """Return the texts that come with finsurge."""
    content = (files("pipeline.demo") / "texts.yaml").read_text(encoding="utf-8")
    file = msgspec.convert(yaml.safe_load(content), _File)
    news = {tone: _templates(texts, tone) for tone, texts in file.news.items()}
    posts = {tone: _templates(texts, tone) for tone, texts in file.posts.items()}
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
                "negative": _templates(each.negative, "negative"),
                "neutral": _templates(each.neutral, "neutral"),
                "positive": _templates(each.positive, "positive"),
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
        storm=_templates(file.storm, "negative"),
        crisis=_templates(file.crisis, "negative"),
        red_flags=_templates(file.red_flags.seen, "negative", is_red_flag=True),
        unseen_red_flags=_templates(file.red_flags.unseen, "negative", is_red_flag=True),
    )


def _templates(
    texts: list[tuple[str, str]] | list[str] | list[tuple[str, str] | str],
    tone: Tone | None = None,
    *,
    is_red_flag: bool = False,
) -> tuple[Template, ...]:
    parts = ((None, text) if isinstance(text, str) else text for text in texts)
    return tuple(Template(headline, body, tone, is_red_flag) for headline, body in parts)
