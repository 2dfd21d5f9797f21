"""The exam: red flags in wordings that nobody corrected, each decided by the new policy and, beside it, the old one.

Told of what `shadows` hold; knows no Kafka.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.demo.loop.answer import tone_of
from pipeline.demo.loop.truth import Truth
from pipeline.records import ReadingRecord, ShadowDecision


@dataclass(frozen=True, slots=True)
class ExamResult:
    """How many documents each of two policies has decided as it should.

    >>> ExamResult(n_documents=24, n_right_before=1, n_right_after=23).is_gone
    True
    """

    n_documents: int  # that both have decided
    n_right_before: int
    n_right_after: int

    @property
    def p_before(self) -> float:
        """The share that the old policy gets right."""
        return self.n_right_before / max(1, self.n_documents)

    @property
    def p_after(self) -> float:
        """The share that the new one gets right."""
        return self.n_right_after / max(1, self.n_documents)

    @property
    def is_gone(self) -> bool:
        """Whether this kind of mistake was there, and is gone: at most one in five right, then four."""
        return self.n_documents > 0 and self.p_before <= 0.2 and self.p_after >= 0.8


class Exam:
    """Documents that were sent once the new policy served.

    >>> Exam(Truth(), old="p-1", new="p-2", document_ids=["d"]).is_done
    False
    """

    def __init__(self, truth: Truth, *, old: str, new: str, document_ids: Iterable[str]) -> None:
        self._truth = truth
        self._versions = (old, new)
        self._open = set(document_ids)
        self._n_documents = 0
        self._n_right: defaultdict[str, int] = defaultdict(int)  # by version

    @property
    def is_done(self) -> bool:
        """Whether all documents were decided by both."""
        return not self._open

    def update(self, shadow: ShadowDecision) -> None:
        """Take note of a document that both have decided."""
        old, new = self._versions
        right = self._truth.of(shadow.document_id)
        if shadow.document_id not in self._open or right is None or shadow.reading is None:
            return
        if (shadow.served_version, shadow.policy_version) != (new, old):
            return
        self._open.remove(shadow.document_id)
        self._n_documents += 1
        readings: dict[str, ReadingRecord] = {new: shadow.served, old: shadow.reading}
        for version, reading in readings.items():
            self._n_right[version] += tone_of(reading.sentiment) == right.tone

    def result(self) -> ExamResult:
        """Return how it went, as far as it went."""
        old, new = self._versions
        return ExamResult(self._n_documents, self._n_right[old], self._n_right[new])
