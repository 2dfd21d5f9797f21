"""How far two sequences of words agree: BLEU and ROUGE-L. Pure; knows neither documents nor policies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

_MAX_ORDER = 4


def bleu(decided: Sequence[str], right: Sequence[str]) -> float:
    """Return sentence BLEU up to four words in a row, in [0, 1].

    See "BLEU: a Method for Automatic Evaluation of Machine Translation" by Papineni et al.; smoothed as in "ORANGE: a
    Method for Evaluating Automatic Evaluation Metrics" by Lin and Och (one is added to counts of two words and more),
    since a sentence by itself often shares no four. Orders longer than both sequences are left out, so that
    a short right answer can reach 1.

    >>> bleu("Tesla negative".split(), "Tesla negative".split())
    1.0
    """
    if not decided or not right:
        return float(not decided and not right)
    logs: list[float] = []
    for order in range(1, min(_MAX_ORDER, max(len(decided), len(right))) + 1):
        found, expected = _grams(decided, order), _grams(right, order)
        n_added = int(order > 1)
        n_right = (found & expected).total() + n_added
        if not n_right:
            return 0.0
        logs.append(math.log(n_right / (found.total() + n_added)))
    brevity = min(0.0, 1 - len(right) / len(decided))
    return math.exp(brevity + sum(logs) / len(logs))


def rouge_l(decided: Sequence[str], right: Sequence[str]) -> float:
    """Return the F1 of the longest common subsequence, in [0, 1].

    See "ROUGE: A Package for Automatic Evaluation of Summaries" by Lin; precision and recall weigh the same here.

    >>> rouge_l("Tesla negative Ford neutral".split(), "Tesla negative".split())
    0.6666666666666666
    """
    if not decided or not right:
        return float(not decided and not right)
    return 2 * _longest_common(decided, right) / (len(decided) + len(right))


def _grams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + order]) for start in range(len(words) - order + 1))


def _longest_common(left: Sequence[str], right: Sequence[str]) -> int:
    row = [0] * (len(right) + 1)
    for word in left:
        before = row
        row = [0]
        for position, other in enumerate(right):
            row.append(before[position] + 1 if word == other else max(before[position + 1], row[position]))
    return row[-1]
