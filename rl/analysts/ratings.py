"""Ratings: who gave which label to what, from claims, the policy and gold items; what reliability is estimated from.

Knows no statistics.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.labelled.example import Example
from rl.analysts.claim import Claim, Labels, Span, labels_of

GOLD = "\0gold"
"""The rater that knows; no analyst's name begins so."""

_ABSENT = 3
_POLICY = "\0policy "


@dataclass(frozen=True, slots=True)
class Ratings:
    """Labels that raters gave to items, as arrays of one entry a rating (N).

    An item is a document's label (3 possible), a mention (4, with "no mention") or a bare verdict (2); it has at
    least two ratings.

    >>> Ratings.of([], {}).n_items
    0
    """

    raters: tuple[str, ...]
    n_items: int
    item: NDArray[np.intp]  # (N,)
    rater: NDArray[np.intp]  # (N,)
    label: NDArray[np.intp]  # (N,)
    n_labels: NDArray[np.intp]  # (n_items,), possible ones
    is_doubtful: NDArray[np.bool_]  # (n_items,), one analyst and the policy: nobody else says who errs

    @classmethod
    def of(cls, claims: Iterable[Claim], gold: Mapping[str, Example]) -> Ratings:
        """Return the ratings in claims, with those of the policies that decided and of gold items.

        A policy does not rate what analysts found: they look for its mistakes, so it would seem worse than it is.
        """
        documents: defaultdict[str, list[Claim]] = defaultdict(list)
        for claim in claims:
            documents[claim.document_id].append(claim)
        collected = _Collected()
        for document_id, about in documents.items():
            known = gold.get(document_id)
            if len(about) > 1 or known is not None or about[0].is_drawn:
                _collect(about, known, collected)
        return collected.ratings()


def is_person(rater: str) -> bool:
    """Return whether a rater is an analyst.

    >>> is_person("ada"), is_person(GOLD)
    (True, False)
    """
    return not rater.startswith("\0")


class _Collected:
    """Ratings as they are gathered."""

    def __init__(self) -> None:
        self._raters: dict[str, int] = {}
        self._rows: list[tuple[int, int, int]] = []
        self._n_labels: list[int] = []
        self._is_doubtful: list[bool] = []

    def add(self, n_labels: int, given: Mapping[str, int]) -> None:
        """Take an item's ratings into account; with fewer than two there is nothing to compare."""
        if len(given) < 2:
            return
        item = len(self._n_labels)
        self._n_labels.append(n_labels)
        self._is_doubtful.append(GOLD not in given and sum(map(is_person, given)) < 2)
        for name, label in given.items():
            self._rows.append((item, self._raters.setdefault(name, len(self._raters)), label))

    def ratings(self) -> Ratings:
        """Return what was gathered."""
        rows = np.array(self._rows, dtype=np.intp).reshape(-1, 3)  # (N, 3)
        return Ratings(
            tuple(self._raters),
            len(self._n_labels),
            rows[:, 0],
            rows[:, 1],
            rows[:, 2],
            np.array(self._n_labels, dtype=np.intp),
            np.array(self._is_doubtful, dtype=np.bool_),
        )


def _collect(about: Sequence[Claim], known: Example | None, collected: _Collected) -> None:
    drawn = next((claim for claim in about if claim.is_drawn), None)
    said: dict[str, tuple[Labels, bool]] = {}  # of each rater, and whether all else is no mention
    for claim in about:
        if not claim.judged:
            said[claim.analyst] = (dict(claim.said), claim.is_complete)
    if drawn is not None:
        said[_POLICY + drawn.policy_version] = (dict(drawn.served), True)
    if known is not None:
        said[GOLD] = (labels_of(known), known.are_spans_complete and not known.open_ranges)
    spans: set[Span] = {span for labels, _ in said.values() for span in labels}
    for span in sorted(spans - {None}, key=str):
        given = {
            name: labels.get(span, _ABSENT)
            for name, (labels, is_complete) in said.items()
            if span in labels or is_complete
        }
        collected.add(4, given)
    collected.add(3, {name: labels[None] for name, (labels, _) in said.items() if None in labels})
    for judged in sorted({claim.judged for claim in about if claim.judged}, key=str):
        verdicts = {claim.analyst: int(claim.is_rejection) for claim in about if claim.judged == judged}
        for name, (labels, is_complete) in said.items():
            verdict = _verdict(labels, is_complete, judged)
            if verdict is not None:
                verdicts[name] = verdict
        collected.add(2, verdicts)


def _verdict(labels: Labels, is_complete: bool, judged: Sequence[tuple[Span, int]]) -> int | None:
    """Return what labels say of shown units: 0 all are right, 1 one is wrong, None where they do not say."""
    absent = _ABSENT if is_complete else None
    told = [(labels.get(span, None if span is None else absent), label) for span, label in judged]
    if any(label is not None and label != shown for label, shown in told):
        return 1
    return None if any(label is None for label, _ in told) else 0
