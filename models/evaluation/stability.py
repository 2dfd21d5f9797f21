"""How far answers depend on what they must not depend on: the other documents of a batch, precision, device.

Knows no labels: the same policy is compared with itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.action import Action
from models.batching import BatchLimits, decide_all
from models.decider import Decider
from models.evaluation.judgement import OnProgress, label_of
from models.labels import Sentiment

_ALONE = "one_by_one"
_REVERSED = "reversed"


@dataclass(frozen=True, kw_only=True)
class Differences:
    """How many documents are answered differently, and by how much.

    >>> a, b = Action((0.6, 0.4, 0.0), ()), Action((0.45, 0.55, 0.0), ())
    >>> found = differences([a, a], [a, b])
    >>> found.n_label_flips, found.n_changed, round(found.greatest_gap, 2), round(found.greatest_lead, 2)
    (1, 1, 0.15, 0.2)
    """

    n_documents: int
    n_changed: int  # documents of which anything below flips
    n_label_flips: int  # the document's label
    n_span_flips: int  # the set of spans
    n_mention_flips: int  # the label of a span that both have
    greatest_gap: float  # between two probabilities of a sentiment, of documents and of spans that both have
    greatest_lead: float  # of the first over the second sentiment where it flipped: near 0 if only near-ties flip


def differences(served: Sequence[Action], other: Sequence[Action]) -> Differences:
    """Return how two answers to the same documents differ."""
    n_label_flips = n_span_flips = n_mention_flips = n_changed = 0
    greatest_gap = greatest_lead = 0.0
    for left, right in zip(served, other, strict=True):
        spans = {(span.start, span.end): span.sentiment for span in left.spans}
        other_spans = {(span.start, span.end): span.sentiment for span in right.spans}
        mentions = [(spans[where], other_spans[where]) for where in spans.keys() & other_spans.keys()]
        flipped = [pair for pair in mentions if _is_flip(*pair)]
        is_label_flip, is_span_flip = _is_flip(left.sentiment, right.sentiment), spans.keys() != other_spans.keys()
        n_label_flips += is_label_flip
        n_span_flips += is_span_flip
        n_mention_flips += bool(flipped)
        n_changed += is_label_flip or is_span_flip or bool(flipped)
        pairs = [(left.sentiment, right.sentiment), *mentions]
        greatest_gap = max(greatest_gap, *(abs(a - b) for pair in pairs for a, b in zip(*pair, strict=True)))
        flips = [pair for pair in pairs if _is_flip(*pair)]
        greatest_lead = max([greatest_lead, *(_lead(sentiment) for sentiment, _ in flips)])
    return Differences(
        n_documents=len(served),
        n_changed=n_changed,
        n_label_flips=n_label_flips,
        n_span_flips=n_span_flips,
        n_mention_flips=n_mention_flips,
        greatest_gap=greatest_gap,
        greatest_lead=greatest_lead,
    )


def stability(
    policy: Decider,
    texts: Sequence[str],
    limits: BatchLimits | None = None,
    others: Mapping[str, Decider] | None = None,
    on_progress: OnProgress = lambda _, __: None,
) -> dict[str, Differences]:
    """Return how answers differ from those that are served, by what was changed.

    Args:
        policy: as it is served.
        texts: of the documents.
        limits: of the batches that are served.
        others: the same policy in other precisions or on other devices, by name.
        on_progress: told how many of the comparisons are made.

    >>> from models.keyword import KeywordPolicy
    >>> found = stability(KeywordPolicy(), ["FTX halts", "Tesla soars"], others={"again": KeywordPolicy()})
    >>> {name: differ.n_changed for name, differ in found.items()}
    {'one_by_one': 0, 'reversed': 0, 'again': 0}
    """
    limits = limits or BatchLimits()
    served, _ = decide_all(policy, texts, limits)
    alone = BatchLimits(limits.max_padded_tokens, max_documents=1)
    small = BatchLimits(max(1, limits.max_padded_tokens // 3), max_documents=max(1, limits.max_documents // 5))
    n_comparisons = 2 + len(others or {})
    found = {_ALONE: differences(served, decide_all(policy, texts, alone)[0])}
    on_progress(1, n_comparisons)
    found[_REVERSED] = differences(served, decide_all(policy, texts[::-1], small)[0][::-1])
    on_progress(2, n_comparisons)
    for name, other in (others or {}).items():
        found[name] = differences(served, decide_all(other, texts, limits)[0])
        on_progress(len(found), n_comparisons)
    return found


def _is_flip(left: Sentiment, right: Sentiment) -> bool:
    return label_of(left) != label_of(right)


def _lead(sentiment: Sentiment) -> float:
    first, second, _ = sorted(sentiment, reverse=True)
    return first - second
