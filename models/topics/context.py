"""What beside an ambiguous name shows that a company is meant: a legal suffix, a company's words, the policy's mark.

Judges one sighting; which topic's own context stands in a text is for linking.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.action import Span
from models.topics.english import common_words, word_set
from models.topics.names import Sighting
from models.topics.reading import Reading
from models.topics.surface import LEGAL_SUFFIXES, Casing, folded_words, has_dotted_suffix

_COMPANY = """
acquire acquires acquired acquisition analyst analysts antitrust bondholders buyback buybacks ceo cfo coo chairman
customers dividend downgrade downgraded downgrades earnings ebitda employees eps factory factories ftse guidance inc
investor investors ipo layoffs lawsuit merger nasdaq nyse outlook plc profit profits q1 q2 q3 q4 quarterly recall
recalls rating results revenue revenues sales share shareholder shareholders shares stake stock stocks subsidiary sue
sued sues takeover unveils upgrade upgraded upgrades valuation workers
"""
_COMPANY_WORDS = frozenset(_COMPANY.split())
ATTACHED = LEGAL_SUFFIXES | {"co", "company", "group", "holdings", "the", "and"} | _COMPANY_WORDS
"""Words that a company's name draws to itself; their capital makes no longer name of it."""

_ACTS = word_set(
    "to will would has had is may must can could said hit cut set put sold bought lost won led paid quit left"
    " gave got made took built struck kept told saw found held"
)
_NEAR = 8  # words either side; a headline's width
_NEAR_IN_TITLE = 2  # words after


def has_legal_suffix(reading: Reading, sighting: Sighting) -> bool:
    """Return whether a legal suffix follows: "Target Corp", "Vale S.A."."""
    if has_dotted_suffix(reading.text, sighting.end):
        return True
    n = sighting.past
    if n >= len(reading.keys) or reading.gap(n) not in (" ", ", "):
        return False
    return reading.keys[n].removesuffix("'s") in LEGAL_SUFFIXES and (
        reading.is_capital(n) or reading.casing is Casing.LOWER
    )


def has_company_word(reading: Reading, sighting: Sighting) -> bool:
    """Return whether a word that goes with companies stands near: the less capitals tell, the nearer."""
    keys, first, past = reading.keys, sighting.first, sighting.past
    if reading.casing in (Casing.LOWER, Casing.UPPER) and keys[first].removesuffix("'s") in common_words():
        return False
    starts = first == 0 and keys[first] in common_words()  # "Snap judgments cost investors money"
    if starts or (reading.casing is Casing.TITLE and first > 0):
        return not _COMPANY_WORDS.isdisjoint(keys[past : past + _NEAR_IN_TITLE])
    return not _COMPANY_WORDS.isdisjoint(keys[max(0, first - _NEAR) : first] + keys[past : past + _NEAR])


def is_marked(reading: Reading, sighting: Sighting, spans: Sequence[Span]) -> bool:
    """Return whether the policy marked this name, and no longer one, and it bears the capital that it should."""
    if not reading.is_capital(sighting.first) and not sighting.source.written.islower():
        return False
    for span in spans:
        if span.start <= sighting.start and sighting.end <= span.end:
            rest = reading.text[span.start : sighting.start] + " " + reading.text[sighting.end : span.end]
            return all(key in ATTACHED or key == "s" for key in folded_words(rest))
    return False


def acts_as_a_company(reading: Reading, sighting: Sighting) -> bool:
    """Return whether a name that the policy marked stands as a company's would: it owns or does something."""
    keys, first, past = reading.keys, sighting.first, sighting.past
    if keys[past - 1].endswith("'s"):
        return True
    if reading.casing is Casing.SENTENCE and first > 0 and not set(reading.gap(first)) & set(".!?:\n|"):
        return True  # a capital that no sentence's beginning asks for
    if past == len(keys) or reading.gap(past).strip("®™") != " ":
        return False
    after = keys[past]
    return after in _ACTS or (len(after) > 3 and after.endswith(("s", "ed")))
