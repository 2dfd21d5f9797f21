"""How well a linker does on labelled cases: which topics each text is about, and the trap that it sets.

Knows cases and links, not where the spans come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from models.action import Span
from models.labels import Sentiment
from models.topics.linking import Linker

NEUTRAL: Sentiment = (0.0, 1.0, 0.0)  # linking never looks at it
THEME_TRAP = "theme"


class LinkingCase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text with the topics that it is about.

    >>> case = LinkingCase(text="F-150 maker Ford", topics=("ford",), trap="common_word", spans=((12, 16),))
    >>> [span.surface for span in case.ideal_spans()]
    ['Ford']
    """

    text: str
    topics: tuple[str, ...]  # companies; of a case with the trap "theme", themes
    trap: str  # what tempts to a wrong answer
    spans: tuple[tuple[int, int], ...] = ()  # characters that a faultless policy marks
    watchlist: str = "default"
    part: str = "development"  # or "held-out"

    def ideal_spans(self) -> tuple[Span, ...]:
        """Return the spans of a faultless policy."""
        return tuple(Span(start, end, self.text[start:end], NEUTRAL) for start, end in self.spans)


@dataclass(frozen=True, slots=True)
class LinkingScore:
    """Counts over cases, and what follows from them.

    >>> score = LinkingScore(n_cases=4, n_right=3, n_expected=2, n_linked=2, n_both=1)
    >>> score.precision, score.recall, score.f1
    (0.5, 0.5, 0.5)
    """

    n_cases: int
    n_right: int  # cases whose links are exactly the expected topics
    n_expected: int  # topics expected, over all cases
    n_linked: int
    n_both: int

    @property
    def precision(self) -> float:
        """The share of links that were expected; 1 if there are none."""
        return self.n_both / self.n_linked if self.n_linked else 1.0

    @property
    def recall(self) -> float:
        """The share of expected topics that were linked; 1 if none is expected."""
        return self.n_both / self.n_expected if self.n_expected else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.n_linked + self.n_expected
        return 2 * self.n_both / total if total else 1.0


def read_cases(path: Path) -> list[LinkingCase]:
    """Return the cases of a JSONL file."""
    return msgspec.json.Decoder(list[LinkingCase]).decode(b"[" + b",".join(path.read_bytes().splitlines()) + b"]")


def linked_topics(linker: Linker, case: LinkingCase, spans: Sequence[Span]) -> set[str]:
    """Return the topics that a case is judged by: companies, or themes where the trap is one."""
    kind = "theme" if case.trap == THEME_TRAP else "company"
    found = {link.topic_id for link in linker.link(case.text, spans, NEUTRAL)}
    return {topic_id for topic_id in found if linker.watchlist.topic(topic_id).kind == kind}


def score_cases(
    cases: Iterable[LinkingCase], linkers: Mapping[str, Linker], spans_of: Callable[[LinkingCase], Sequence[Span]]
) -> LinkingScore:
    """Return the score of the linkers, each by its watchlist's name, on cases with the spans of `spans_of`."""
    n_cases = n_right = n_expected = n_linked = n_both = 0
    for case in cases:
        expected, found = set(case.topics), linked_topics(linkers[case.watchlist], case, spans_of(case))
        n_cases += 1
        n_right += expected == found
        n_expected += len(expected)
        n_linked += len(found)
        n_both += len(expected & found)
    return LinkingScore(n_cases, n_right, n_expected, n_linked, n_both)
