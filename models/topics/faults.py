"""What is wrong with a list of topics: ids, parents, names that two topics claim or that mean too much.

Each fault is one line that names the topic, the name and the mend. Knows no file and no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from models.topics.english import common_words
from models.topics.surface import folded_words, name_words
from models.topics.topic import Topic

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TICKER = re.compile(r"[A-Z0-9]{1,12}(?:[.\-/][A-Z0-9]{1,4})?")
_KINDS = ("company", "theme")


def faults(topics: Sequence[Topic]) -> Iterator[str]:
    """Return every fault of the topics, in their order, then those that lie between topics.

    >>> list(faults([Topic(id="x", name="Acme", aliases=("Acme, Inc.",))]))
    ["topic x: alias 'Acme, Inc.' is the same as 'Acme'; leave one of them out"]
    """
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
        yield from _shapes(topic)
        yield from _repeats(topic)
        yield from _vague(topic)
        seen.add(topic.id)
    yield from _circles(topics)
    yield from _collisions(topics)
    yield from _taken_ids(topics)


def _shapes(topic: Topic) -> Iterator[str]:
    for ticker in topic.tickers:
        if not _TICKER.fullmatch(ticker):
            yield f"topic {topic.id}: ticker {ticker!r:.60} is not one; write it in capitals, without '$'"
    for name in (topic.name, *topic.aliases, *topic.ambiguous, *topic.context, *topic.excluded):
        if not name_words(name):
            yield f"topic {topic.id}: {name!r:.60} holds no word; give it letters or digits"
    for name in topic.aliases:
        if len("".join(name_words(name))) == 1:
            yield (
                f"topic {topic.id}: alias {name!r:.60} is one letter, which stands for much else; "
                "list it as a ticker, or leave it out"
            )


def _repeats(topic: Topic) -> Iterator[str]:
    sure = {name_words(topic.name): topic.name}
    for name in topic.aliases:
        words = name_words(name)
        if words and words in sure:
            yield f"topic {topic.id}: alias {name!r:.60} is the same as {sure[words]!r:.60}; leave one of them out"
        sure.setdefault(words, name)
    unsure: dict[tuple[str, ...], str] = {}
    aliases = set(map(name_words, topic.aliases))
    for name in topic.ambiguous:
        words = name_words(name)
        if words in unsure:
            yield f"topic {topic.id}: ambiguous {name!r:.60} is the same as {unsure[words]!r:.60}; leave one out"
        if words in aliases and name not in topic.tickers:
            yield f"topic {topic.id}: {name!r:.60} is both in `aliases` and in `ambiguous`; leave it in one of them"
        unsure.setdefault(words, name)
    for ticker in {ticker for ticker in topic.tickers if topic.tickers.count(ticker) > 1}:
        yield f"topic {topic.id}: ticker {ticker!r:.60} is listed twice; leave one of them out"
    for phrase in topic.excluded:
        words = tuple(folded_words(phrase))  # with its legal suffix, as it is matched
        if words in sure and words not in unsure:
            yield f"topic {topic.id}: {phrase!r:.60} is both a name and in `excluded`; leave it in one of them"


def _vague(topic: Topic) -> Iterator[str]:
    """Yield aliases that stand for too much: a theme's are common words by nature, a company's need context."""
    if topic.kind == "theme":
        if topic.ambiguous and not topic.context:
            yield f"topic {topic.id}: `ambiguous` names of a theme link only in context; give it `context`"
        return
    unsure = set(map(name_words, topic.ambiguous))
    for alias in topic.aliases:
        words = name_words(alias)
        if len(words) == 1 and words not in unsure and words[0] in common_words() and not alias.isupper():
            yield (
                f"topic {topic.id}: alias {alias!r:.60} is an ordinary English word; "
                "list it in `ambiguous`, with `context`"
            )


def _circles(topics: Sequence[Topic]) -> Iterator[str]:
    parents = {topic.id: topic.parent for topic in topics}
    for topic in topics:
        above, line = topic.parent, [topic.id]
        while above is not None and above not in line:
            line.append(above)
            above = parents.get(above)
        if above == topic.id:
            yield f"topic {topic.id}: is its own ancestor by `parent` ({' > '.join([*line, topic.id])}); break it"


def _collisions(topics: Sequence[Topic]) -> Iterator[str]:
    owners: dict[tuple[str, ...], str] = {}
    for topic in topics:
        names = {name_words(name): name for name in (topic.name, *topic.aliases, *topic.ambiguous)}
        # a cashtag is never a name and a name never a cashtag: $GOLD and gold may be two topics
        claims = {("name", *words): name for words, name in names.items() if name not in topic.tickers and words}
        claims |= {("ticker", ticker): ticker for ticker in topic.tickers}
        for claim, written in claims.items():
            owner = owners.setdefault(claim, topic.id)
            if owner != topic.id:
                yield (
                    f"topic {topic.id}: {claim[0]} {written!r:.60} is claimed by topic {owner} as well; "
                    "leave it to one of them"
                )


def _taken_ids(topics: Sequence[Topic]) -> Iterator[str]:
    own = {topic.id: {"-".join(name_words(name)) for name in (topic.name, *topic.ambiguous)} for topic in topics}
    for topic in topics:
        for alias in topic.aliases:
            as_id = "-".join(name_words(alias))
            if as_id in own and as_id != topic.id and as_id not in own[as_id]:
                yield (
                    f"topic {topic.id}: alias {alias!r:.60} reads like the id of topic {as_id}; "
                    "leave it to that topic, or give that topic another id"
                )
