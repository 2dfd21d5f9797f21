"""Rolls a document's topics up to their parents: a sector has each document about its companies, once."""

from __future__ import annotations

from collections.abc import Mapping

from models.labels import Sentiment
from models.topics.watchlist import Watchlist


def rolled_up(linked: Mapping[str, Sentiment], watchlist: Watchlist) -> dict[str, Sentiment]:
    """Return the topics of a document and their ancestors, each once, those that it names first.

    The sentiment towards an ancestor that the text does not name is the mean of those towards the named topics that
    lead to it: a document that is bad for one bank and good for another is neither for the sector.

    Args:
        linked: topics that the document names, with the sentiment towards each.
        watchlist: knows their parents; topics that it does not have (discovered ones) have none.

    >>> from models.topics.topic import Topic
    >>> topics = (Topic(id="banks", name="banks"), Topic(id="ubs", name="UBS", parent="banks"),
    ...     Topic(id="ing", name="ING", parent="banks"))
    >>> rolled_up({"ubs": (0.8, 0.2, 0.0), "ing": (0.0, 0.2, 0.8)}, Watchlist(topics))["banks"]
    (0.4, 0.2, 0.4)
    """
    found = dict(linked)
    below: dict[str, list[Sentiment]] = {}
    for topic, sentiment in linked.items():
        for ancestor in watchlist.ancestors(topic):
            if ancestor not in linked:
                below.setdefault(ancestor, []).append(sentiment)
    for ancestor, sentiments in below.items():
        negative, neutral, positive = (sum(of) / len(sentiments) for of in zip(*sentiments, strict=True))
        found[ancestor] = (negative, neutral, positive)
    return found
