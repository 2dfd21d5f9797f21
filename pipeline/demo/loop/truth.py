"""What is right of each document that was sent: told by the feed, asked by the invented analysts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.demo.feed import FeedRecord
from pipeline.demo.right import Right


class Truth:
    """Right labels by document id.

    >>> Truth().of("d") is None
    True
    """

    def __init__(self) -> None:
        self._rights: dict[str, Right] = {}

    def noting(self, records: Iterable[FeedRecord]) -> Iterator[FeedRecord]:
        """Yield records as they come, what is right of them taken note of."""
        for record in records:
            if record.right is not None:
                self._rights[record.key] = record.right
            yield record

    def of(self, document_id: str) -> Right | None:
        """Return what is right of a document; None where nobody would say."""
        return self._rights.get(document_id)
