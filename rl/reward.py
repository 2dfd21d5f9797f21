"""What an action is worth, given the right labels: plain functions of both, and their weighted mean.

A reward is in [0, 1], and None where there is no evidence: silence is not "right". Knows no network, and nothing of
who gave the labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from models.evaluation.metrics import f1
from models.labelled.example import Example
from models.labels import SENTIMENTS
from rl.overlap import bleu, rouge_l
from rl.rounds.unit import Unit, Units

Costs = tuple[tuple[float, float, float], ...]

LABEL_COSTS: Costs = ((0.0, 1.0, 1.0), (0.6, 0.0, 0.5), (0.8, 0.5, 0.0))
"""What it costs to decide a column where a row is right. A missed negative costs most: a surge that is not seen. A
neutral or positive document called negative wakes someone for nothing; the other two mix-ups wake nobody."""


@dataclass(frozen=True, slots=True)
class RewardConfig:
    """Which functions make up the reward, and how much each weighs.

    >>> RewardConfig({"rouge": 1.0})
    Traceback (most recent call last):
    ValueError: weights must name functions of accuracy, bleu, label, mention_f1, rouge_l, span_f1, got rouge
    """

    weights: Mapping[str, float] = field(default_factory=lambda: {"label": 0.5, "mention_f1": 0.5})
    label_costs: Costs = LABEL_COSTS  # in [0, 1], right labels by decided ones

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.weights) - set(FUNCTIONS)):
            raise ValueError(f"weights must name functions of {', '.join(sorted(FUNCTIONS))}, got {unknown[0]}")
        if not self.weights or min(self.weights.values()) <= 0:
            raise ValueError(f"weights must be > 0, and one at least, got {dict(self.weights)}")
        n_labels = len(SENTIMENTS)
        if len(self.label_costs) != n_labels or any(len(row) != n_labels for row in self.label_costs):
            raise ValueError(f"label_costs must be ({n_labels}, {n_labels}), got {self.label_costs}")
        if not all(0 <= cost <= 1 for row in self.label_costs for cost in row):
            raise ValueError(f"label_costs must be in [0, 1], got {self.label_costs}")


def reward_of(decided: Units, right: Example, config: RewardConfig | None = None) -> float | None:
    """Return the mean of the configured functions by their weights, over those that have evidence.

    Without a config it is the one that production uses: the cost-sensitive document label and the F1 of mentions
    with the sentiment towards them, at equal weights.

    >>> right = Example("FTX halts", sentiment=0, are_spans_complete=True)
    >>> reward_of((Unit(0), Unit(1, (0, 3))), right)
    0.5
    """
    config = config or PRODUCTION
    total = known = 0.0
    for name, weight in config.weights.items():
        reward = FUNCTIONS[name](decided, right, config)
        if reward is not None:
            total, known = total + weight * reward, known + weight
    return total / known if known else None


def label_reward(decided: Units, right: Example, config: RewardConfig) -> float | None:
    """Return 1 minus the cost of the document's label; None where no label is right, as for `mixed`.

    >>> label_reward((Unit(1),), Example("a", sentiment=0), PRODUCTION)
    0.0
    """
    label = _label(decided)
    return None if label is None or right.sentiment is None else 1 - config.label_costs[right.sentiment][label]


def accuracy(decided: Units, right: Example, _: RewardConfig) -> float | None:
    """Return 1 if the document's label is right, else 0."""
    label = _label(decided)
    return None if label is None or right.sentiment is None else float(label == right.sentiment)


def mention_f1(decided: Units, right: Example, _: RewardConfig) -> float | None:
    """Return the F1 of exact spans together with the sentiment towards them.

    A span whose sentiment is not known is right with any. What nothing is known of counts neither way: mentions in
    open ranges, and, where not all spans are annotated, those beside the annotated ones.
    """
    return _mentions_f1(decided, right, with_sentiment=True)


def span_f1(decided: Units, right: Example, _: RewardConfig) -> float | None:
    """Return the F1 of exact spans, whatever the sentiment towards them; evidence is that of `mention_f1`."""
    return _mentions_f1(decided, right, with_sentiment=False)


def mentions_bleu(decided: Units, right: Example, _: RewardConfig) -> float | None:
    """Return BLEU of the words of all mentions, each mention followed by its sentiment, where all are annotated."""
    return bleu(_words(decided, right.text), _right_words(right)) if _is_all_known(right) else None


def mentions_rouge_l(decided: Units, right: Example, _: RewardConfig) -> float | None:
    """Return ROUGE-L of the words of all mentions, each mention followed by its sentiment; as `mentions_bleu`."""
    return rouge_l(_words(decided, right.text), _right_words(right)) if _is_all_known(right) else None


RewardFunction = Callable[[Units, Example, RewardConfig], float | None]

FUNCTIONS: Mapping[str, RewardFunction] = MappingProxyType(
    {
        "label": label_reward,
        "accuracy": accuracy,
        "mention_f1": mention_f1,
        "span_f1": span_f1,
        "bleu": mentions_bleu,
        "rouge_l": mentions_rouge_l,
    }
)
"""By the name that a configuration gives them."""


def has_mention_evidence(right: Example) -> bool:
    """Return whether anything is known of the mentions that the document should have."""
    return right.are_spans_complete or bool(right.spans)


def _label(decided: Units) -> int | None:
    return next((unit.sentiment for unit in decided if unit.is_document), None)


def _mentions_f1(decided: Units, right: Example, *, with_sentiment: bool) -> float | None:
    if not has_mention_evidence(right):
        return None
    expected = {(span.start, span.end): span.sentiment if with_sentiment else None for span in right.spans}
    n_right = n_counted = 0
    for unit in decided:
        if unit.span is None:
            continue
        is_right = unit.span in expected and expected[unit.span] in (None, unit.sentiment)
        n_right += is_right
        n_counted += is_right or _is_known(unit.span, right)
    return f1(n_right, n_counted, len(right.spans))


def _is_known(span: tuple[int, int], right: Example) -> bool:
    """Return whether a mention there, which is not a right one, is known to be wrong."""
    if any(_overlap(span, open_range) for open_range in right.open_ranges):
        return False
    return right.are_spans_complete or any(_overlap(span, (other.start, other.end)) for other in right.spans)


def _overlap(left: tuple[int, int], right: tuple[int, int]) -> bool:
    return left[0] < right[1] and right[0] < left[1]


def _is_all_known(right: Example) -> bool:
    has_sentiments = all(span.sentiment is not None for span in right.spans)
    return right.are_spans_complete and not right.open_ranges and has_sentiments


def _words(decided: Units, text: str) -> list[str]:
    mentions = [(unit, unit.span) for unit in decided if unit.span is not None]
    return [
        word for unit, (start, end) in mentions for word in (*text[start:end].split(), SENTIMENTS[unit.sentiment])
    ]


def _right_words(right: Example) -> list[str]:
    spans = sorted(right.spans, key=lambda span: span.start)
    return _words(tuple(Unit(span.sentiment or 0, (span.start, span.end)) for span in spans), right.text)


PRODUCTION = RewardConfig()
"""What corrections are worth in production, and what policies are gated by."""
