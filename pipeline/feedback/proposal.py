"""The proposal: what a reviewer is shown of a decision, unit by unit, each with its propensity."""

from __future__ import annotations

from pipeline.records import Decision
from rl.exploration import ExplorationConfig, explore, seed_of
from rl.rounds.round import ShownUnit
from rl.rounds.unit import Unit

Shown = tuple[ShownUnit, ...]


def served_of(decision: Decision) -> Shown:
    """Return what was served, as units: the document's label, then the mentions; serving is greedy."""
    units = [(None, decision.sentiment), *(((span.start, span.end), span.sentiment) for span in decision.spans)]
    return tuple(ShownUnit(Unit(sentiment.index(max(sentiment)), span), 1.0) for span, sentiment in units)


def proposal_of(decision: Decision, config: ExplorationConfig) -> Shown:
    """Return what is shown to a reviewer; the same again for the same decision.

    Each unit is drawn by itself, so that each has a propensity of its own. Only sentiments are explored: where the
    mentions are is shown as it was served.
    """
    units = [(None, decision.sentiment), *(((span.start, span.end), span.sentiment) for span in decision.spans)]
    shown = []
    for span, sentiment in units:
        seed = seed_of(decision.document_id, decision.policy_version, span or ())
        choice = explore(sentiment, config, seed)
        shown.append(ShownUnit(Unit(choice.action, span), choice.propensity))
    return tuple(shown)
