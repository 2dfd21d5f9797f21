"""A policy's mentions as tags of given words, to be compared with files that are tagged with sentiments."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from models.action import Action
from models.batching import BatchLimits, decide_all
from models.decider import Decider
from models.evaluation.judgement import label_of
from models.labels import SENTIMENTS, TAGS


class MentionTags:
    """Decides the tags of words as a policy does, reading them with a space between.

    >>> from models.keyword import KeywordPolicy
    >>> MentionTags(KeywordPolicy()).tags_of([["Acme", "Corp", "fraud"]], [0])
    [['B-negative', 'I-negative', 'O']]
    """

    def __init__(self, policy: Decider, limits: BatchLimits | None = None) -> None:
        self._policy = policy
        self._limits = limits

    @property
    def tags(self) -> tuple[str, ...]:
        """Outside, and the three sentiments towards a mention."""
        return TAGS

    def tags_of(self, sentences: Sequence[Sequence[str]], documents: Sequence[int]) -> list[list[str]]:
        """Return a tag per word; a policy reads each sentence by itself, whatever its document."""
        if len(documents) != len(sentences):
            raise ValueError(f"documents must be one for each of {len(sentences)} sentences, got {len(documents)}")
        actions, _ = decide_all(self._policy, [" ".join(words) for words in sentences], self._limits)
        return [_tags(words, action) for words, action in zip(sentences, actions, strict=True)]


def _tags(words: Sequence[str], action: Action) -> list[str]:
    tags = ["O"] * len(words)
    starts = list(accumulate((len(word) + 1 for word in words[:-1]), initial=0))
    for span in action.spans:
        first, last = bisect_right(starts, span.start) - 1, bisect_right(starts, span.end - 1) - 1
        sentiment = SENTIMENTS[label_of(span.sentiment)]
        tags[first : last + 1] = [f"B-{sentiment}", *[f"I-{sentiment}"] * (last - first)]
    return tags
