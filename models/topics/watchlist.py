"""The topics a user follows, and how a YAML file of them is read and checked.

Says what a topic is called; knows nothing of how a text is matched against it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from models.topics.faults import faults
from models.topics.topic import Topic

__all__ = ["Topic", "Watchlist", "WatchlistInvalid", "bundled_watchlist", "load_watchlist", "parse_watchlist"]

_LISTS = ("tickers", "aliases", "ambiguous", "context", "excluded")


class WatchlistInvalid(ValueError):
    """A watchlist that cannot be used; the message is one line that says where, what, and the mend.

    >>> str(WatchlistInvalid("topic a: bad id", "topic b: bad id"))
    'topic a: bad id (and 1 more: see `finsurge topics check FILE`)'
    """

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        more = f" (and {len(faults) - 1} more: see `finsurge topics check FILE`)" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}")


@dataclass(frozen=True, slots=True)
class Watchlist:
    """Topics that do not contradict each other, with a version made of their content.

    >>> watchlist = Watchlist((Topic(id="tesla", name="Tesla", tickers=("TSLA",)),))
    >>> watchlist.topic("tesla").name, len(watchlist.version)
    ('Tesla', 16)

    Raises:
        WatchlistInvalid: ids, parents or names are wrong, missing, or claimed twice; it holds every fault.
    """

    topics: tuple[Topic, ...]
    version: str = field(init=False)  # hex digest: equal topics in equal order give equal versions
    _by_id: Mapping[str, Topic] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = tuple(faults(self.topics))
        if found:
            raise WatchlistInvalid(*found)
        content = json.dumps([asdict(topic) for topic in self.topics], ensure_ascii=True)
        object.__setattr__(self, "version", hashlib.sha256(content.encode()).hexdigest()[:16])
        object.__setattr__(self, "_by_id", {topic.id: topic for topic in self.topics})

    def topic(self, topic_id: str) -> Topic:
        """Return the topic of that id.

        Raises:
            KeyError: the watchlist has none.
        """
        return self._by_id[topic_id]

    def ancestors(self, topic_id: str) -> tuple[str, ...]:
        """Return the topics that this one rolls up to, the nearest first; none for one that is not here.

        >>> topics = (Topic(id="banks", name="banks"), Topic(id="ubs", name="UBS", parent="banks"))
        >>> Watchlist(topics).ancestors("ubs")
        ('banks',)
        """
        found: list[str] = []
        topic = self._by_id.get(topic_id)
        while topic is not None and topic.parent is not None:
            found.append(topic.parent)
            topic = self._by_id[topic.parent]
        return tuple(found)

    def __contains__(self, topic_id: object) -> bool:
        return topic_id in self._by_id


def load_watchlist(path: Path) -> Watchlist:
    """Return the watchlist of a YAML file.

    Raises:
        WatchlistInvalid: a line for each fault, with the file, the topic, what is wrong and the mend.
    """
    try:
        return parse_watchlist(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WatchlistInvalid(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WatchlistInvalid(f"{path}: is not UTF-8: save it as UTF-8") from error
    except WatchlistInvalid as error:
        raise WatchlistInvalid(*(f"{path}: {fault}" for fault in error.faults)) from error


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
    topics: list[Topic] = []
    malformed: list[str] = []
    for n, entry in enumerate(content["topics"], start=1):
        try:
            topics.append(_topic(entry, n))
        except WatchlistInvalid as error:
            malformed += error.faults
    if malformed:  # what lies between topics is told once each can be read
        raise WatchlistInvalid(*malformed)
    return Watchlist(tuple(topics))


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
    if key == "is_rater":
        if not isinstance(value, bool):
            raise WatchlistInvalid(f"{where}: `is_rater` must be true or false, got {value!r:.60}")
        return
    for item in value if key in _LISTS and isinstance(value, list) else [value]:
        if not isinstance(item, str) or not item.strip():
            # YAML reads ON, NO and 7203 as a truth value and a number
            raise WatchlistInvalid(f"{where}: `{key}` must be text, got {item!r:.60}; put it in quotes")
