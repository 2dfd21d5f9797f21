"""What one document teaches an algorithm: its right labels, or verdicts on what was shown of it.

Made from rounds and from labelled data. Knows no network.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.labelled.example import Example
from models.tokens import Tokens
from rl.rounds.round import ShownUnit


@dataclass(frozen=True, slots=True)
class JudgedUnits:
    """A bare verdict: whether all of these units are right.

    >>> from rl.rounds.unit import Unit
    >>> JudgedUnits((ShownUnit(Unit(0), 0.9),), are_right=False).are_right
    False
    """

    shown: tuple[ShownUnit, ...]
    are_right: bool  # False: at least one is wrong, which one is not said

    def __post_init__(self) -> None:
        if not self.shown:
            raise ValueError("shown must hold a unit, got none")


@dataclass(frozen=True, slots=True)
class Feedback:
    """One document, and what is known of it.

    Either `right` or `judged` is given: right labels tell the reward of every action on the document, bare verdicts
    that of what was shown.
    """

    tokens: Tokens
    right: Example | None = None
    judged: tuple[JudgedUnits, ...] = ()  # each unit by itself, or all that was shown at once
    is_missing: bool | None = None  # with `judged`: a mention that touches none of them; None: not said
    weight: float = 1.0  # in the loss; 1 / review probability (clipped) times the analyst's reliability

    def __post_init__(self) -> None:
        if (self.right is None) == (not self.judged):
            raise ValueError("exactly one of right and judged must be given")
        if not self.weight >= 0:
            raise ValueError(f"weight must be >= 0, got {self.weight}")
