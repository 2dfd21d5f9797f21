"""The topics a user follows, and how a YAML file of them is read and checked.

Says what a topic is called; knows nothing of how a text is matched against it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import yaml

from models.topics.surface import name_words

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TICKER = re.compile(r"[A-Z0-9]{1,12}(?:[.\-/][A-Z0-9]{1,4})?")
_KINDS = ("company", "theme")
_LISTS = ("tickers", "aliases", "ambiguous", "context", "excluded")


class WatchlistInvalid(ValueError):
    """A watchlist that cannot be used; the message is one line that says where, what, and the mend."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject to follow: a company or a theme, and what it is called.

    >>> Topic(id="ford", name="Ford Motor", tickers=("F",), ambiguous=("Ford",)).kind
    'company'
    """

    id: str
    name: str
    kind: Literal["company", "theme"] = "company"
    tickers: tuple[str, ...] = ()  # upper case, with the exchange where it is part of it: "7203.T"
    aliases: tuple[str, ...] = ()  # further names, sure enough to link alone
    ambiguous: tuple[str, ...] = ()  # names or tickers that mean other things too, and link only in context
    context: tuple[str, ...] = ()  # words or phrases that settle an ambiguous name
    excluded: tuple[str, ...] = ()  # phrases that hold a name and mean something else: "price target"
    parent: str | None = None  # id of the topic that this one rolls up to


@dataclass(frozen=True, slots=True)
class Watchlist:
    """Topics that do not contradict each other, with a version made of their content.

    >>> watchlist = Watchlist((Topic(id="tesla", name="Tesla", tickers=("TSLA",)),))
    >>> watchlist.topic("tesla").name, len(watchlist.version)
    ('Tesla', 16)

    Raises:
        WatchlistInvalid: an id, parent or name is wrong, missing, or claimed twice.
    """

    topics: tuple[Topic, ...]
    version: str = field(init=False)  # hex digest: equal topics in equal order give equal versions
    _by_id: Mapping[str, Topic] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for fault in _faults(self.topics):
            raise WatchlistInvalid(fault)
        content = json.dumps([asdict(topic) for topic in self.topics], ensure_ascii=True)
        object.__setattr__(self, "version", hashlib.sha256(content.encode()).hexdigest()[:16])
        object.__setattr__(self, "_by_id", {topic.id: topic for topic in self.topics})

    def topic(self, topic_id: str) -> Topic:
        """Return the topic of that id.

        Raises:
            KeyError: the watchlist has none.
        """
        return self._by_id[topic_id]

    def __contains__(self, topic_id: object) -> bool:
        return topic_id in self._by_id


def load_watchlist(path: Path) -> Watchlist:
    """Return the watchlist of a YAML file.

    Raises:
        WatchlistInvalid: one line with the file, the topic, what is wrong and the mend.
    """
    try:
        return parse_watchlist(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WatchlistInvalid(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WatchlistInvalid(f"{path}: is not UTF-8: save it as UTF-8") from error
    except WatchlistInvalid as error:
        raise WatchlistInvalid(f"{path}: {error}") from error


def bundled_watchlist(name: str = "default") -> Path:
    """Return the path of a watchlist that comes with finsurge: "default" or "crypto".

    >>> load_watchlist(bundled_watchlist("crypto")).topic("ftx").name
    'FTX'
    """
    return Path(str(files("models.topics"))) / "watchlists" / f"{name}.yaml"


def parse_watchlist(text: str) -> Watchlist:
    """Return the watchlist that a YAML text holds: a mapping with one key, `topics`, a list of topics.

    >>> parse_watchlist("topics: [{id: tesla, name: Tesla, tickers: [TSLA]}]").topics[0].tickers
    ('TSLA',)
    """
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2022-13-01
        raise WatchlistInvalid(f"is not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise WatchlistInvalid("is not a watchlist: it is nested too deep") from error
    if not isinstance(content, dict) or set(content) != {"topics"}:
        raise WatchlistInvalid("must hold one key, `topics`, and nothing beside it")
    if not isinstance(content["topics"], list) or not content["topics"]:
        raise WatchlistInvalid("`topics` must be a list with at least one topic")
    return Watchlist(tuple(_topic(entry, n) for n, entry in enumerate(content["topics"], start=1)))


def _topic(entry: object, n: int) -> Topic:
    if not isinstance(entry, dict):
        raise WatchlistInvalid(f"topic number {n}: must be a mapping with `id` and `name`, got {entry!r:.60}")
    where = f"topic {entry['id']!s:.64}" if "id" in entry else f"topic number {n}"
    known = [each.name for each in fields(Topic)]
    for key, value in entry.items():
        if key not in known:
            raise WatchlistInvalid(f"{where}: unknown key {key!r:.60}; known are {', '.join(known)}")
        _check_type(where, key, value)
    for key in ("id", "name"):
        if key not in entry:
            raise WatchlistInvalid(f"{where}: `{key}` is missing; every topic needs an id and a name")
    values: dict[str, Any] = {key: tuple(value) if key in _LISTS else value for key, value in entry.items()}
    return Topic(**values)


def _check_type(where: str, key: str, value: object) -> None:
    if key in _LISTS and (not isinstance(value, list) or not value):
        raise WatchlistInvalid(
            f"{where}: `{key}` must be a list with at least one entry, got {value!r:.60}; leave it out if none"
        )
    for item in value if key in _LISTS and isinstance(value, list) else [value]:
        if not isinstance(item, str) or not item.strip():
            # YAML reads ON, NO and 7203 as a truth value and a number
            raise WatchlistInvalid(f"{where}: `{key}` must be text, got {item!r:.60}; put it in quotes")


def _faults(topics: tuple[Topic, ...]) -> Iterator[str]:
    ids = {topic.id for topic in topics}
    seen: set[str] = set()
    for topic in topics:
        if not _ID.fullmatch(topic.id):
            yield f"topic {topic.id!r:.70}: bad id; use 1 to 64 of letters, digits, '.', '_' and '-'"
        if topic.id in seen:
            yield f"topic {topic.id}: this id is used twice; give one of the two another id"
        if topic.kind not in _KINDS:
            yield f"topic {topic.id}: `kind` must be company or theme, got {topic.kind!r:.60}"
        if topic.parent is not None and topic.parent not in ids:
            yield f"topic {topic.id}: parent {topic.parent!r:.70} is not a topic here; add it, or leave it out"
        yield from _name_faults(topic)
        seen.add(topic.id)
    yield from _circles(topics)
    yield from _collisions(topics)


def _name_faults(topic: Topic) -> Iterator[str]:
    for ticker in topic.tickers:
        if not _TICKER.fullmatch(ticker):
            yield f"topic {topic.id}: ticker {ticker!r:.60} is not one; write it in capitals, without '$'"
    for name in (topic.name, *topic.aliases, *topic.ambiguous, *topic.context, *topic.excluded):
        if not name_words(name):
            yield f"topic {topic.id}: {name!r:.60} holds no word; give it letters or digits"


def _circles(topics: tuple[Topic, ...]) -> Iterator[str]:
    parents = {topic.id: topic.parent for topic in topics}
    for topic in topics:
        above, line = topic.parent, [topic.id]
        while above is not None and above not in line:
            line.append(above)
            above = parents[above]
        if above == topic.id:
            yield f"topic {topic.id}: is its own ancestor by `parent` ({' > '.join([*line, topic.id])}); break it"


def _collisions(topics: tuple[Topic, ...]) -> Iterator[str]:
    owners: dict[tuple[str, ...], str] = {}
    for topic in topics:
        names = {name_words(name): name for name in (topic.name, *topic.aliases, *topic.ambiguous)}
        # a cashtag is never a name and a name never a cashtag: $GOLD and gold may be two topics
        claims = {("name", *words): name for words, name in names.items() if name not in topic.tickers}
        claims |= {("ticker", ticker): ticker for ticker in topic.tickers}
        for claim, written in claims.items():
            owner = owners.setdefault(claim, topic.id)
            if owner != topic.id:
                yield (
                    f"topic {topic.id}: {claim[0]} {written!r:.60} is claimed by topic {owner} as well; "
                    "leave it to one of them"
                )
