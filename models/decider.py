"""What the pipeline asks of a policy, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from models.action import Action
from models.tokens import Tokens

MAX_PADDED_TOKENS = 2048
"""Of one forward, where nobody says otherwise."""


class Decider(Protocol):
    """Reads documents and acts on them; `Policy` and `KeywordPolicy` are deciders.

    >>> from models.keyword import KeywordPolicy
    >>> decider: Decider = KeywordPolicy()
    >>> [action.spans for action in decider.decide(decider.tokenize(["nothing to see"]))]
    [()]
    """

    @property
    def version(self) -> str:
        """The policy's version, as decisions carry it."""

    @property
    def device(self) -> str:
        """Where it computes: `cpu`, `cuda:0`."""

    @property
    def precision(self) -> str:
        """The numeric type it computes in: `float32`, `bfloat16`."""

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Return each text as the policy reads it; any string will do."""

    def decide(self, batch: Sequence[Tokens], max_padded_tokens: int = MAX_PADDED_TOKENS) -> list[Action]:
        """Return an action per document, in order.

        One forward of one padded batch; if a document is longer than what is read at once, several, each of at most
        `max_padded_tokens` padded tokens, or of one window.
        """
