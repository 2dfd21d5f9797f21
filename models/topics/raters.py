"""Who only rates or is quoted: "upgraded at Goldman Sachs" is not about Goldman Sachs.

Judges a bank's or agency's name by the words beside it; knows no watchlist.
"""

from __future__ import annotations

from models.topics.english import word_set
from models.topics.reading import Reading

_WIDTH = 8  # words looked at on either side

_RATING = word_set(
    "upgrade upgrades upgraded downgrade downgrades downgraded initiate initiates initiated reiterate reiterates"
    " reinstated reiterated overweight underweight outperform underperform pt coverage rated"
)
_GRADES = word_set("rating ratings target targets neutral buy sell hold junk review conviction")
_WEAK_GRADES = word_set("debt estimate estimates forecast forecasts outlook view bonds")
_CHANGES = word_set(
    "adds affirms assigns assumes boosts cuts hikes keeps lifts lowers maintains places puts raises rates reaffirms"
    " reinstates removes resumes sets slashes starts trims"
)
_CHANGED = word_set(
    "added affirmed assigned boosted cut gets given hiked kept lifted lowered maintained moved new placed raised"
    " reaffirmed removed received receives resumed set slashed started trimmed"
)
_RATES = word_set("upgrades downgrades initiates reiterates rates reinstates")
_PEOPLE = word_set("analyst analysts economist economists research strategist strategists")
_SAYS = word_set(
    "argue argues believe believes estimate estimates expect expects forecast forecasts note notes predict predicts"
    " said saw say says see sees think thinks told upgraded downgraded warn warned warns write writes wrote"
)
_PAPERS = word_set("note notes report research")


def is_source(reading: Reading, first: int, past: int, *, with_another: bool) -> bool:
    """Return whether the name at words [first, past) is that of who rates or is quoted, not of who is talked about.

    Args:
        reading: the text.
        first: the name's first word.
        past: the word after its last.
        with_another: whether the text names another company, which an outlook or an estimate may be of.
    """
    return _is_rated_by(reading, first) or _is_rating(reading, past, with_another) or _is_quoted(reading, first, past)


def _is_rated_by(reading: Reading, first: int) -> bool:
    keys = reading.keys
    if first < 2 or keys[first - 1] not in ("at", "by", "from"):
        return False
    before = keys[max(0, first - _WIDTH - 1) : first - 1]
    if not _RATING.isdisjoint(before):
        return True
    return not _GRADES.isdisjoint(before) and not (_CHANGED.isdisjoint(before) and "rating" not in before)


def _is_rating(reading: Reading, past: int, with_another: bool) -> bool:
    after = reading.keys[past : past + _WIDTH]
    if after and after[0] in _PEOPLE:
        after = after[1:]
        if not _SAYS.isdisjoint(after[:4]) or not (_CHANGES | _RATES).isdisjoint(after[:4]):
            return True
    if not after:
        return False
    if after[0] in _RATES:
        return True
    is_own = after[1:2] == ["its"] and not with_another and "on" not in after
    if after[0] not in _CHANGES or is_own:
        return False
    return not (_RATING | _GRADES).isdisjoint(after) or (with_another and not _WEAK_GRADES.isdisjoint(after))


def _is_quoted(reading: Reading, first: int, past: int) -> bool:
    keys = reading.keys
    if keys[max(0, first - 2) : first] == ["according", "to"]:
        return True
    if first >= 3 and keys[first - 1] in ("says", "said", "per"):
        return True
    after = keys[past : past + 4]
    return bool(after) and after[0] in ("says", "said") and "in" in after and not _PAPERS.isdisjoint(after)
