"""Which topics of a watchlist a document is about, why, and with what sentiment.

Knows names and their context, not how the spans were found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from models.action import Span
from models.labels import Sentiment
from models.topics.english import common_words
from models.topics.names import Name, NameIndex, Sighting
from models.topics.reading import Reading
from models.topics.surface import LEGAL_SUFFIXES, Casing, folded_words
from models.topics.watchlist import Topic, Watchlist

_COMPANY = """
acquire acquires acquired acquisition analyst analysts antitrust bondholders buyback buybacks ceo cfo coo chairman
customers dividend downgrade downgraded downgrades earnings ebitda employees eps factory factories ftse guidance inc
investor investors ipo layoffs lawsuit merger nasdaq nyse outlook plc profit profits q1 q2 q3 q4 quarterly recall
recalls rating results revenue revenues sales share shareholder shareholders shares stake stock stocks subsidiary sue
sued sues takeover unveils upgrade upgraded upgrades valuation workers
"""
_COMPANY_WORDS = frozenset(_COMPANY.split())
_ATTACHED = LEGAL_SUFFIXES | {"co", "company", "group", "holdings", "the", "and"} | _COMPANY_WORDS
MAX_CHARACTERS = 20_000  # what is named only after that is not what the document is about

_NEAR = 8  # words either side; a headline's width
_NEAR_IN_TITLE = 2  # words after


class LinkReason(StrEnum):
    """Why a topic was linked, strongest first."""

    CASHTAG = "cashtag"
    TICKER = "ticker"
    NAME = "name"
    ALIAS = "alias"
    SUFFIX = "suffix"  # an ambiguous name with a legal suffix: "Target Corp"
    CONTEXT = "context"  # an ambiguous name beside a word that settles it
    SPAN = "span"  # an ambiguous name that the policy marked, in a text about a move


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
        reading, sightings = self._index.sightings(text)
        if reading is None:
            return ()
        sure = {each.source.topic_id for each in sightings if each.is_certain}
        unsure = {each.source.topic_id for each in sightings} - sure
        sure |= {topic_id for topic_id in unsure if self._has_context(reading, topic_id)}
        found: dict[str, list[tuple[Sighting, LinkReason]]] = {}
        for sighting in sightings:
            topic_id = sighting.source.topic_id
            reason = self._reason(reading, sighting, spans, is_sure=topic_id in sure)
            if reason is not None and topic_id is not None:
                found.setdefault(topic_id, []).append((sighting, reason))
        return tuple(_link(topic_id, reasons, text, spans, document_sentiment) for topic_id, reasons in found.items())

    def _reason(
        self, reading: Reading, sighting: Sighting, spans: Sequence[Span], *, is_sure: bool
    ) -> LinkReason | None:
        if sighting.is_cashtag:
            return LinkReason.CASHTAG
        if not isinstance(sighting.source, Name):
            return LinkReason.TICKER if is_sure else None
        if sighting.is_certain:
            return LinkReason.NAME if sighting.source.is_first else LinkReason.ALIAS
        return self._ambiguous_reason(reading, sighting, spans, is_sure=is_sure)

    def _ambiguous_reason(
        self, reading: Reading, sighting: Sighting, spans: Sequence[Span], *, is_sure: bool
    ) -> LinkReason | None:
        if _has_legal_suffix(reading, sighting):
            return LinkReason.SUFFIX
        if is_sure:
            return LinkReason.CONTEXT
        if reading.text[sighting.end : sighting.end + 1] == "-" or _is_part_of_a_longer_name(reading, sighting):
            return None
        if self._is_company(sighting) and _has_company_word(reading, sighting):
            return LinkReason.CONTEXT
        if _is_marked(reading, sighting, spans) and reading.tells_of_a_move:
            return LinkReason.SPAN
        return None

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
    negative, neutral, positive = (sum(p) / len(p) for p in zip(*towards or [document_sentiment], strict=True))
    surfaces = tuple(dict.fromkeys(text[start:end] for start, end in places))
    how = min((reason for _, reason in reasons), key=_STRENGTH.__getitem__)
    return Link(topic_id, (negative, neutral, positive), surfaces, how)


def _has_legal_suffix(reading: Reading, sighting: Sighting) -> bool:
    n = sighting.past
    if n >= len(reading.keys) or reading.gap(n) not in (" ", ", "):
        return False
    return reading.keys[n].removesuffix("'s") in LEGAL_SUFFIXES and (
        reading.is_capital(n) or reading.casing is Casing.LOWER
    )


def _is_part_of_a_longer_name(reading: Reading, sighting: Sighting) -> bool:
    """Return whether a neighbour's capital makes one name of both: "Apple Hospitality", "Harrison Ford"."""
    if reading.casing not in (Casing.SENTENCE, Casing.TITLE):
        return False
    before, after = sighting.first - 1, sighting.past
    if before >= 0 and _belongs(reading, before, reading.gap(sighting.first)):
        return True
    if reading.casing is Casing.TITLE or after == len(reading.keys) or reading.keys[after - 1].endswith("'s"):
        return False
    return _belongs(reading, after, reading.gap(after))


def _belongs(reading: Reading, n: int, gap: str) -> bool:
    key = reading.keys[n].removesuffix("'s")
    return gap == " " and reading.is_capital(n) and key not in _ATTACHED and key not in common_words()


def _has_company_word(reading: Reading, sighting: Sighting) -> bool:
    """Return whether a word that goes with companies stands near: the less capitals tell, the nearer."""
    keys, first, past = reading.keys, sighting.first, sighting.past
    if reading.casing in (Casing.LOWER, Casing.UPPER) and keys[first].removesuffix("'s") in common_words():
        return False
    if reading.casing is Casing.TITLE and first > 0:
        return not _COMPANY_WORDS.isdisjoint(keys[past : past + _NEAR_IN_TITLE])
    return not _COMPANY_WORDS.isdisjoint(keys[max(0, first - _NEAR) : first] + keys[past : past + _NEAR])


def _is_marked(reading: Reading, sighting: Sighting, spans: Sequence[Span]) -> bool:
    """Return whether the policy marked this name, and no longer one, and it bears the capital that it should."""
    if not reading.is_capital(sighting.first) and not sighting.source.written.islower():
        return False
    for span in spans:
        if span.start <= sighting.start and sighting.end <= span.end:
            rest = reading.text[span.start : sighting.start] + " " + reading.text[sighting.end : span.end]
            return all(key in _ATTACHED or key == "s" for key in folded_words(rest))
    return False
