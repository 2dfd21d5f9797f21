"""The feed: ordinary news and posts on some dozens of topics without end, and in it a launch, a storm and a crisis.

A function of its seed and the time at which the live part begins. Knows nothing of how it is sent.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from pipeline.demo.malformed import malformed_values
from pipeline.demo.right import Right, Tone
from pipeline.demo.scenario import Scenario
from pipeline.demo.texts import Subject, Template, Texts
from pipeline.demo.writer import Item, Writer
from pipeline.records import encode

Card = TypeVar("Card")
_TONES: tuple[Tone, ...] = ("negative",) * 2 + ("neutral",) * 4 + ("positive",) * 2
"""Of eight ordinary stories; dealt like cards, so that no ordinary day looks like a crisis by chance."""
_COPIES = (0, 0, 0, 1, 1, 2, 3)
_MAX_DELAY_S = 5_400


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """What goes to `documents`; malformed ones have bytes that are no document."""

    at: datetime
    key: str
    value: bytes
    right: Right | None = None  # as its writer knows


class Feed:
    """Writes the demo's documents.

    Args:
        texts: what they are made of.
        scenario: what happens when.
        live_at: event time at which history ends and the live part begins.
        seed: equal ones give equal feeds.

    >>> from datetime import UTC
    >>> from pipeline.demo.texts import load_texts
    >>> feed = Feed(load_texts(), Scenario(), datetime(2026, 1, 9, tzinfo=UTC), seed=1)
    >>> first = next(feed.records())
    >>> first.at.isoformat(timespec="hours"), feed.crisis_topic
    ('2026-01-04T00+00:00', 'volkswagen')
    """

    def __init__(self, texts: Texts, scenario: Scenario, live_at: datetime, seed: int) -> None:
        if live_at.tzinfo is None:
            raise ValueError(f"live_at must be aware, got {live_at}")
        self._texts = texts
        self._scenario = scenario
        self._live_at = live_at
        self._seed = seed
        cast = random.Random(f"{seed}/cast")  # noqa: S311 -- texts, no secrets
        self._crisis = cast.choice(texts.playing("crisis"))
        self._launch = cast.choice(texts.playing("launch"))
        self._storm = cast.choice(texts.playing("storm"))

    @property
    def crisis_topic(self) -> str:
        """The topic that has to alert."""
        return self._crisis.topic

    @property
    def launch_topic(self) -> str:
        """The topic with much good news, which must not alert."""
        return self._launch.topic

    @property
    def storm_topic(self) -> str:
        """The topic with one bad story in many copies, which must not alert."""
        return self._storm.topic

    def records(self) -> Iterator[FeedRecord]:
        """Yield all records in event-time order, without end."""
        streams = [self._stream(subject.topic, self._ordinary(subject)) for subject in self._texts.subjects]
        streams += [
            self._stream("noise", self._noise()),
            self._stream("red-flags", self._red_flags()),
            self._stream("launch", self._burst("launch", self._launch, self._texts.launch, 360, 360)),
            self._stream("storm", self._single(self._storm, self._texts.storm[0])),
            self._stream("crisis", self._burst("crisis", self._crisis, self._texts.crisis, 900, 300)),
            self._malformed(),
        ]
        yield from heapq.merge(*streams, key=lambda record: (record.at, record.key))

    def _stream(
        self, name: str, stories: Iterator[tuple[datetime, list[tuple[float, Item]]]]
    ) -> Iterator[FeedRecord]:
        """Yield the documents of stories in the order of their times, copies among later stories."""
        numbers = itertools.count()
        waiting: list[tuple[datetime, int, Item]] = []
        for at, items in stories:
            while waiting and waiting[0][0] <= at:
                yield self._record(name, *heapq.heappop(waiting))
            for delay_s, item in items:
                heapq.heappush(waiting, (at + timedelta(seconds=delay_s), next(numbers), item))
        while waiting:
            yield self._record(name, *heapq.heappop(waiting))

    def _record(self, name: str, at: datetime, number: int, item: Item) -> FeedRecord:
        key = f"demo-{self._seed}-{name}-{number}"
        document = item.document(key, at)
        return FeedRecord(at, key, encode(document), item.right(document))

    def _ordinary(self, subject: Subject) -> Iterator[tuple[datetime, list[tuple[float, Item]]]]:
        rng, writer = self._hand(subject.topic)
        tones = _deal(rng, _TONES)
        news = {tone: _deal(rng, texts) for tone, texts in subject.news.items()}
        posts = {tone: _deal(rng, texts) for tone, texts in subject.posts.items()}
        gap_s = 86_400 / self._scenario.stories_per_day * (1 if posts else 2)
        for at in self._times(rng, gap_s):
            tone = next(tones)
            if subject is self._crisis and tone == "negative" and self._is_near_crisis(at):
                tone = "neutral"  # so that all that the alert rests on is the crisis's own
            deck = posts if posts and rng.random() < 0.3 else news
            yield at, self._story(rng, writer, next(deck[tone]), subject, rng.choice(_COPIES))

    def exam(self, at: datetime) -> list[FeedRecord]:
        """Return red flags in wordings that are nowhere else in the feed, published at one time.

        One of each company to which nothing else happens: two at once are near to a crisis.
        """
        rng, writer = self._hand("exam")
        templates = _deal(rng, self._texts.unseen_red_flags)
        items = (writer.write(next(templates), company.names) for company in self._texts.companies)
        return [self._record("exam", at, number, item) for number, item in enumerate(items)]

    def _is_near_crisis(self, at: datetime) -> bool:
        since_s = (at - self._live_at).total_seconds()
        return self._scenario.crisis_after_s - 4 * 3_600 <= since_s <= self._scenario.live_s

    def _noise(self) -> Iterator[tuple[datetime, list[tuple[float, Item]]]]:
        rng, writer = self._hand("noise")
        for at, template in zip(self._times(rng, self._scenario.noise_every_s), _deal(rng, self._texts.noise)):  # noqa: B905 -- both endless
            yield at, [(0.0, writer.write(template, {}))]

    def _red_flags(self) -> Iterator[tuple[datetime, list[tuple[float, Item]]]]:
        """Yield bad news in sober words, of companies to which nothing else happens."""
        rng, writer = self._hand("red-flags")
        templates, companies = _deal(rng, self._texts.red_flags), _deal(rng, self._texts.companies)
        for at in self._times(rng, 86_400 / self._scenario.red_flags_per_day):
            yield at, [(0.0, writer.write(next(templates), next(companies).names))]  # nobody passes these on

    def _burst(
        self, part: str, subject: Subject, templates: Sequence[Template], first_gap_s: float, least_gap_s: float
    ) -> Iterator[tuple[datetime, list[tuple[float, Item]]]]:
        """Yield one story after the other, faster and faster, with many copies."""
        rng, writer = self._hand(part)
        after_s = self._scenario.crisis_after_s if part == "crisis" else self._scenario.launch_after_s
        at, gap_s = self._live_at + timedelta(seconds=after_s), first_gap_s
        for template in _mixed(templates):
            yield at, self._story(rng, writer, template, subject, rng.randint(1, 5))
            at += timedelta(seconds=gap_s * rng.uniform(0.8, 1.2))
            gap_s = max(least_gap_s, 0.93 * gap_s)

    def _single(self, subject: Subject, template: Template) -> Iterator[tuple[datetime, list[tuple[float, Item]]]]:
        rng, writer = self._hand("storm")
        yield (
            self._live_at + timedelta(seconds=self._scenario.storm_after_s),
            self._story(rng, writer, template, subject, 30),
        )

    def _story(
        self, rng: random.Random, writer: Writer, template: Template, subject: Subject, n_copies: int
    ) -> list[tuple[float, Item]]:
        first = writer.write(template, subject.names)
        copies = [(rng.uniform(60, _MAX_DELAY_S), writer.copy(first)) for _ in range(n_copies)]
        return [(0.0, first), *copies]

    def _malformed(self) -> Iterator[FeedRecord]:
        rng, _ = self._hand("malformed")
        times = self._times(rng, self._scenario.malformed_every_s)
        for number, (at, value) in enumerate(zip(times, malformed_values())):  # noqa: B905 -- both endless
            yield FeedRecord(at, f"demo-{self._seed}-malformed-{number}", value)

    def _hand(self, name: str) -> tuple[random.Random, Writer]:
        rng = random.Random(f"{self._seed}/{name}")  # noqa: S311 -- texts, no secrets
        return rng, Writer(self._texts, rng)

    def _times(self, rng: random.Random, gap_s: float) -> Iterator[datetime]:
        at = self._live_at - timedelta(seconds=self._scenario.history_s - rng.uniform(0, gap_s))
        while True:
            yield at
            hour = at.hour + at.minute / 60
            busy = 1 + 0.5 * math.sin((hour - 8) * math.pi / 12)  # most at 14:00 UTC, least at 02:00
            at += timedelta(seconds=gap_s * rng.uniform(0.5, 1.5) / busy)


def _deal(rng: random.Random, cards: Sequence[Card]) -> Iterator[Card]:
    while True:
        deck = list(cards)
        rng.shuffle(deck)
        yield from deck


def _mixed(templates: Sequence[Template]) -> list[Template]:
    """Return news in the order given, posts spread among them."""
    news = [template for template in templates if template.kind == "news"]
    posts = [template for template in templates if template.kind == "social"]
    places = [((n + 0.5) / len(news), n, template) for n, template in enumerate(news)]
    places += [((n + 1.0) / len(posts), n, template) for n, template in enumerate(posts)]
    return [template for _, _, template in sorted(places, key=lambda place: place[:2])]
