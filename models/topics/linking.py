"""Which topics of a watchlist a document is about, why, and with what sentiment.

Knows names and their context, not how the spans were found.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum

from models.action import Span
from models.labels import Sentiment
from models.topics.bearers import is_longer_name, is_person, is_place, is_registered_otherwise, is_venue
from models.topics.buttons import buttons
from models.topics.context import ATTACHED, acts_as_a_company, has_company_word, has_legal_suffix, is_marked
from models.topics.discovery import Discovery, discovered_key
from models.topics.english import common_words
from models.topics.names import Name, NameIndex, Sighting
from models.topics.raters import is_source
from models.topics.reading import Reading
from models.topics.surface import folded_words
from models.topics.topic import Topic
from models.topics.watchlist import Watchlist

MAX_CHARACTERS = 20_000  # what is named only after that is not what the document is about


class LinkReason(StrEnum):
    """Why a topic was linked, strongest first."""

    CASHTAG = "cashtag"
    TICKER = "ticker"
    NAME = "name"
    ALIAS = "alias"
    SUFFIX = "suffix"  # an ambiguous name with a legal suffix: "Target Corp"
    CONTEXT = "context"  # an ambiguous name beside a word that settles it
    SPAN = "span"  # an ambiguous name that the policy marked, where something moves or is done


_STRENGTH = {reason: n for n, reason in enumerate(LinkReason)}


@dataclass(frozen=True, slots=True)
class Link:
    """One topic of one document, with the sentiment towards it."""

    topic_id: str
    sentiment: Sentiment
    surfaces: tuple[str, ...]  # the ways the text writes it, in order
    how: LinkReason  # the strongest there was


class Linker:
    """Links a document to the topics of one watchlist.

    >>> ford = Topic(id="ford", name="Ford Motor", tickers=("F",), ambiguous=("Ford",), context=("F-150",))
    >>> linker = Linker(Watchlist((ford,)))
    >>> [link] = linker.link("Ford recalls 1.2 million trucks", (), (0.8, 0.1, 0.1))
    >>> link.topic_id, link.how.value, link.surfaces
    ('ford', 'context', ('Ford',))
    >>> linker.link("How to ford a river", (), (0.1, 0.8, 0.1))
    ()
    """

    def __init__(self, watchlist: Watchlist) -> None:
        self.watchlist = watchlist
        self._index = NameIndex(watchlist)
        self._raters = frozenset(topic.id for topic in watchlist.topics if topic.is_rater)
        self._contexts = {topic.id: _phrases(topic) for topic in watchlist.topics if topic.context}

    def link(self, text: str, spans: Sequence[Span], document_sentiment: Sentiment) -> tuple[Link, ...]:
        """Return one link for each topic that the text or a span names, in the order of the text.

        Args:
            text: what the policy read, or the beginning of it.
            spans: the policy's; those beyond the end of `text` are linked by their surface.
            document_sentiment: for a topic that no span covers.

        Returns:
            Links whose sentiment is the mean over the topic's spans.
        """
        text, spans = _with_outside_spans(text[:MAX_CHARACTERS], spans)
        found: dict[str, list[tuple[Sighting, LinkReason]]] = {}
        for sighting, reason in self._judged(text, spans):
            if reason is not None and sighting.source.topic_id is not None:
                found.setdefault(sighting.source.topic_id, []).append((sighting, reason))
        return tuple(_link(topic_id, reasons, text, spans, document_sentiment) for topic_id, reasons in found.items())

    def discover(self, text: str, spans: Sequence[Span]) -> tuple[Discovery, ...]:
        """Return the spans that name something which the watchlist does not have, each with its key.

        A span that spells a watchlist name which was judged to mean something else names nothing new.
        """
        text, spans = _with_outside_spans(text[:MAX_CHARACTERS], spans)
        known = [(sighting.start, sighting.end, reason) for sighting, reason in self._judged(text, spans)]
        found: list[Discovery] = []
        for span in spans:
            key = discovered_key(span.surface)
            over = [each for each in known if each[0] < span.end and span.start < each[1]]
            if key is not None and not any(
                reason is not None or discovered_key(text[start:end]) == key for start, end, reason in over
            ):
                found.append(Discovery(key, span))
        return tuple(found)

    def _judged(self, text: str, spans: Sequence[Span]) -> list[tuple[Sighting, LinkReason | None]]:
        reading, sightings = self._index.sightings(text)
        if reading is None or not sightings:
            return []
        hidden = buttons(text, reading.keys)
        others: list[Sighting] = []
        meant: list[Sighting] = []
        for each in sightings:
            is_hidden = hidden and any(start <= each.start < end for start, end in hidden) and not each.is_cashtag
            is_other = is_hidden or (isinstance(each.source, Name) and self._is_other(reading, each, sightings))
            (others if is_other else meant).append(each)
        certain = {each.source.topic_id for each in meant if each.is_certain}
        unsure = {each.source.topic_id for each in meant} - certain
        sure = certain
        if unsure:
            sure = certain | {topic_id for topic_id in unsure if self._has_context(reading, topic_id)}
            sure |= self._in_good_company(certain, meant)
        judged = [(each, self._reason(reading, each, spans, is_sure=each.source.topic_id in sure)) for each in meant]
        return [*judged, *((each, None) for each in others)]

    def _is_other(self, reading: Reading, sighting: Sighting, sightings: Sequence[Sighting]) -> bool:
        """Return whether the words around a name give it to somebody else, or to one who only rates."""
        first, past = sighting.first, sighting.past
        if not isinstance(sighting.source, Name):
            return False
        if is_venue(reading, past) or (not sighting.source.is_surname and is_person(reading, first, past)):
            return True
        topic_id = sighting.source.topic_id
        if topic_id not in self._raters:
            return False
        with_another = any(each.source.topic_id != topic_id and self._is_company(each) for each in sightings)
        return is_source(reading, first, past, with_another=with_another)

    def _reason(
        self, reading: Reading, sighting: Sighting, spans: Sequence[Span], *, is_sure: bool
    ) -> LinkReason | None:
        if sighting.is_cashtag:
            return LinkReason.CASHTAG
        if not isinstance(sighting.source, Name) and (is_sure or sighting.is_certain):
            return LinkReason.TICKER
        if isinstance(sighting.source, Name) and sighting.is_certain:
            return LinkReason.NAME if sighting.source.is_first else LinkReason.ALIAS
        return self._ambiguous_reason(reading, sighting, spans, is_sure=is_sure)

    def _ambiguous_reason(
        self, reading: Reading, sighting: Sighting, spans: Sequence[Span], *, is_sure: bool
    ) -> LinkReason | None:
        if has_legal_suffix(reading, sighting):
            return LinkReason.SUFFIX
        if self._is_company(sighting) and (
            is_place(reading, sighting.past) or is_registered_otherwise(reading, sighting.past)
        ):
            return None
        if is_sure:
            return LinkReason.CONTEXT
        if reading.text[sighting.end : sighting.end + 1] == "-" or is_longer_name(
            reading, sighting.first, sighting.past, ATTACHED
        ):
            return None
        if self._is_company(sighting) and has_company_word(reading, sighting):
            return LinkReason.CONTEXT
        if is_marked(reading, sighting, spans) and (reading.tells_of_a_move or acts_as_a_company(reading, sighting)):
            return LinkReason.SPAN
        return None

    def _in_good_company(self, certain: Set[str | None], sightings: Sequence[Sighting]) -> set[str | None]:
        """Return the topics whose ambiguous name stands beside the sure name of another under the same parent.

        That does not settle a name which is a common word: "Walmart Misses Sales Target".
        """
        parents = {self.watchlist.topic(each).parent for each in certain if each is not None} - {None}
        return {
            each.source.topic_id
            for each in sightings
            if parents and each.source.topic_id is not None and not each.is_certain
            if self.watchlist.topic(each.source.topic_id).parent in parents
            if isinstance(each.source, Name) and common_words().isdisjoint(each.source.words)
        }

    def _is_company(self, sighting: Sighting) -> bool:
        topic_id = sighting.source.topic_id
        return topic_id is not None and self.watchlist.topic(topic_id).kind == "company"

    def _has_context(self, reading: Reading, topic_id: str | None) -> bool:
        phrases = self._contexts.get(topic_id, ()) if topic_id is not None else ()
        return any(phrase in reading.joined for phrase in phrases)


def _phrases(topic: Topic) -> tuple[str, ...]:
    return tuple(f" {' '.join(folded_words(phrase))} " for phrase in topic.context)


def _with_outside_spans(text: str, spans: Sequence[Span]) -> tuple[str, Sequence[Span]]:
    """Return the text with the surfaces of spans beyond its end appended, and all spans placed in it."""
    if all(text[span.start : span.end] == span.surface for span in spans):
        return text, spans
    placed: list[Span] = []
    for span in spans:
        if text[span.start : span.end] == span.surface:
            placed.append(span)
        else:
            start = len(text) + 1
            text = f"{text}\n{span.surface}"
            placed.append(replace(span, start=start, end=len(text)))
    return text, placed


def _link(
    topic_id: str,
    reasons: Sequence[tuple[Sighting, LinkReason]],
    text: str,
    spans: Sequence[Span],
    document_sentiment: Sentiment,
) -> Link:
    places = [(sighting.start, sighting.end) for sighting, _ in reasons]
    towards = [
        span.sentiment for span in spans if any(start < span.end and span.start < end for start, end in places)
    ]
    negative, neutral, positive = document_sentiment
    if towards:
        negative, neutral, positive = (sum(p) / len(p) for p in zip(*towards, strict=True))
    surfaces = tuple(dict.fromkeys(text[start:end] for start, end in places))
    how = min((reason for _, reason in reasons), key=_STRENGTH.__getitem__)
    return Link(topic_id, (negative, neutral, positive), surfaces, how)
