"""Which texts tell the same story: near-duplicates, which intervals must not count as independent.

Knows no policy.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from models.labelled.example import Example
from rl.estimators.log import Integers

_WORD = re.compile(r"\w+")
_LINK = re.compile(r"https?://\S+")
_MIN_RESEMBLANCE = 0.6
_RARE = 60
"""Words in more texts than this name no story, and would compare everything with everything."""


def stories_of(examples: Sequence[Example]) -> Integers:
    """Return each text's story as a number, shape (N,): texts that share most words, directly or by way of others.

    Pairs that share a rare word are compared by Jaccard resemblance of their words, links left out.

    >>> texts = ("Nordea cuts 200 jobs in Oslo", "Nordea cuts 200 jobs in Oslo: report", "Tesla recalls cars")
    >>> stories_of([Example(text) for text in texts]).tolist()
    [0, 0, 2]
    """
    words = [frozenset(_WORD.findall(_LINK.sub(" ", example.text).casefold())) for example in examples]
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for index, of_text in enumerate(words):
        for word in of_text:
            holders[word].append(index)
    story = list(range(len(words)))

    def first_of(index: int) -> int:
        while story[index] != index:
            story[index] = story[story[index]]
            index = story[index]
        return index

    pairs = {
        (left, right)
        for members in holders.values()
        if len(members) <= _RARE
        for place, left in enumerate(members)
        for right in members[place + 1 :]
    }
    for left, right in sorted(pairs):
        shared = len(words[left] & words[right])
        if shared >= _MIN_RESEMBLANCE * (len(words[left]) + len(words[right]) - shared):
            one, other = sorted((first_of(left), first_of(right)))
            story[other] = one
    return np.array([first_of(index) for index in range(len(words))], dtype=np.int64)
