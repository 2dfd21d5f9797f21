"""What a reviewer can judge of an action: the document's label, or one mention.

Knows neither probabilities nor analysts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.action import Action


@dataclass(frozen=True, slots=True)
class Unit:
    """A document's label, or a mention with the sentiment towards it, as decided or as shown.

    >>> Unit(0).is_document, Unit(2, (0, 3)).is_document
    (True, False)
    """

    sentiment: int  # index in SENTIMENTS
    span: tuple[int, int] | None = None  # characters [start, end); None: it is the document's label

    def __post_init__(self) -> None:
        if not 0 <= self.sentiment < 3:
            raise ValueError(f"sentiment must be 0, 1 or 2, got {self.sentiment}")
        if self.span is not None and not 0 <= self.span[0] < self.span[1]:
            raise ValueError(f"span must be [start, end) with 0 <= start < end, got {self.span}")

    @property
    def is_document(self) -> bool:
        """Whether it is the document's label."""
        return self.span is None


Units = tuple[Unit, ...]
"""An action without its probabilities: the document's label first, then the mentions in order of start."""


def units_of(action: Action) -> Units:
    """Return what was decided greedily: the likeliest label, and of each span the likeliest sentiment.

    >>> units_of(Action((0.7, 0.2, 0.1), ()))
    (Unit(sentiment=0, span=None),)
    """
    mentions = (Unit(int(np.argmax(span.sentiment)), (span.start, span.end)) for span in action.spans)
    return (Unit(int(np.argmax(action.sentiment))), *mentions)
