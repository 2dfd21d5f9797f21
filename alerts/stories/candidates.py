"""Candidates: which of a topic's stories a text can be like at all, found by its rarest words.

Derived from the stories, never stored.
"""

from __future__ import annotations

from collections.abc import Iterable

from alerts.stories.likeness import Facets, LikenessConfig, least_common


class Candidates:
    """The words and numbers of stories, each with the stories that have it.

    *See* "A primitive operator for similarity joins in data cleaning" by Chaudhuri, Ganti and Kaushik (2006): whoever
    has at least n of a text's words in common with it has one of those that are left without any n - 1 of them. Here
    the commonest ones are left out, such as the topic's own name, which all of its stories have.

    >>> from alerts.stories.sketches import TextSketch
    >>> candidates = Candidates(LikenessConfig())
    >>> for number, words in enumerate([(1, 2, 3), (1, 5, 6), (1, 2, 9)]):
    ...     candidates.add(number, Facets(TextSketch(words=words)))
    >>> [number for number, _ in candidates.of(Facets(TextSketch(words=(1, 2, 7))))]
    [0, 2]
    """

    def __init__(self, config: LikenessConfig) -> None:
        self._config = config
        self._facets: dict[int, Facets] = {}
        # tuples, as most words are of one story: half of a list's memory, and no matter of the garbage collector
        self._having: dict[int, tuple[int, ...]] = {}
        self._numbered: dict[int, tuple[int, ...]] = {}

    @property
    def n_keys(self) -> int:
        """How many words and numbers are remembered."""
        return len(self._having) + len(self._numbered)

    def add(self, story: int, facets: Facets) -> None:
        """Take note of a story."""
        self._facets[story] = facets
        for index, keys in ((self._having, facets.words), (self._numbered, facets.numbers)):
            for key in keys:
                index[key] = (*index.get(key, ()), story)

    def remove(self, story: int) -> None:
        """Forget a story."""
        facets = self._facets.pop(story)
        for index, keys in ((self._having, facets.words), (self._numbered, facets.numbers)):
            for key in keys:
                having = index[key]
                if len(having) == 1:
                    del index[key]
                else:
                    at = having.index(story)
                    index[key] = having[:at] + having[at + 1 :]

    def of(self, facets: Facets) -> Iterable[tuple[int, Facets]]:
        """Return the stories that a text can be like, and more, in the order of their numbers."""
        having = sorted((self._having[word] for word in facets.words if word in self._having), key=len)
        n_rarest = len(having) + 1 - least_common(self._config, len(facets.words))
        found: set[int] = set().union(*having[: max(0, n_rarest)])
        found.update(*(self._numbered[number] for number in facets.numbers if number in self._numbered))
        return [(story, self._facets[story]) for story in sorted(found)]
