"""The two-person rule: what one analyst says of a sensitive topic counts once a second one says the same."""

from __future__ import annotations

from collections.abc import Iterable

from rl.analysts.claim import Claim, Labels


def is_seconded(claim: Claim, others: Iterable[Claim]) -> bool:
    """Return whether another analyst says the same of the same document.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 1, 2, tzinfo=UTC)
    >>> served = ((None, 1), ((0, 3), 1))
    >>> ada = Claim("1", "d", "s", ("TSLA",), "ada", at, "p-1", served, said=((None, 0),))
    >>> bob = Claim("2", "d", "s", ("TSLA",), "bob", at, "p-1", served, said=((None, 0), ((0, 3), 1)))
    >>> is_seconded(ada, [ada]), is_seconded(ada, [ada, bob])
    (False, True)
    """
    return any(
        other.analyst != claim.analyst and other.document_id == claim.document_id and agree(claim, other)
        for other in others
    )


def agree(one: Claim, other: Claim) -> bool:
    """Return whether two claims about a document say the same of the same units.

    Of labels, those that either of them changed must be in both, and none may differ. A rejection agrees with one of
    the same units, and with labels that contradict one of these.
    """
    if one.is_rejection and other.is_rejection:
        return set(one.judged) == set(other.judged)
    if one.is_rejection:
        return _contradicts(other, one)
    if other.is_rejection:
        return _contradicts(one, other)
    mine, yours = _stated(one, other), _stated(other, one)
    changed = _changed(one, mine).keys() | _changed(other, yours).keys()
    shared = mine.keys() & yours.keys()
    return changed <= shared and bool(shared) and all(mine[span] == yours[span] for span in shared)


_ABSENT = 3


def _stated(claim: Claim, other: Claim) -> Labels:
    """Return the labels of a claim, and "absent" for what a complete one leaves out of what is talked about."""
    said = dict(claim.said)
    if claim.is_complete:
        spoken_of = (*claim.served, *other.said)
        said |= {span: _ABSENT for span, _ in spoken_of if span is not None and span not in said}
    return said


def _changed(claim: Claim, stated: Labels) -> Labels:
    served = dict(claim.served)
    return {
        span: label
        for span, label in stated.items()
        if label != served.get(span, _ABSENT if span is not None else None)
    }


def _contradicts(labels: Claim, rejection: Claim) -> bool:
    stated = _stated(labels, rejection)
    if labels.is_complete:
        stated |= {span: _ABSENT for span, _ in rejection.judged if span is not None and span not in stated}
    return any(span in stated and stated[span] != label for span, label in rejection.judged)
