"""Corrections on their way out: each made complete and checked, the bad ones told and counted.

Knows no Kafka client and no command line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from pipeline.documents import split_fields
from pipeline.feedback.draft import Draft
from pipeline.feedback.preview import Preview
from pipeline.rejects import RecordRejected, RejectReason

Line = tuple[int, Mapping[str, Any] | RecordRejected]
"""Number of a line, from 1, and what it says or why it cannot be read."""

_anything = msgspec.json.Decoder(dict[str, Any])


class CorrectionBatch:
    """Takes lines, and has those ready that can be sent.

    Args:
        draft: fills in what goes without saying.
        preview: checks.
        tell: is given number and reason of each bad line.
    """

    def __init__(self, draft: Draft, preview: Preview, tell: Callable[[int, RecordRejected], None]) -> None:
        self._draft = draft
        self._preview = preview
        self._tell = tell
        self.ready: list[tuple[str, bytes]] = []  # key and value of each
        self.n_unseen = 0  # of those, of a document that is not known here
        self.n_rejected: Counter[RejectReason] = Counter()

    def take(self, lines: Iterable[Line]) -> None:
        """Have each line ready, or tell what is wrong with it."""
        for number, fields in lines:
            try:
                if isinstance(fields, RecordRejected):
                    raise fields
                value = self._draft.of_line(fields, salt=str(number))
                previewed = self._preview.check(value, self._draft.now)
            except RecordRejected as rejected:
                self.n_rejected[rejected.reason] += 1
                self._tell(number, rejected)
                continue
            self.n_unseen += previewed.text is None
            self.ready.append((previewed.correction.document_id, value))

    def to_dict(self, *, is_dry_run: bool) -> dict[str, Any]:
        """Return the counts, for machines."""
        rejected = {reason.value: n for reason, n in self.n_rejected.most_common()}
        return {
            "corrections": len(self.ready),
            "rejected": rejected,
            "unseen": self.n_unseen,
            "dry_run": is_dry_run,
        }

    def sentence(self, *, is_dry_run: bool) -> str:
        """Return one line for people."""
        n_ready = len(self.ready)
        told = f"{'valid:' if is_dry_run else 'sent'} {n_ready} correction{'' if n_ready == 1 else 's'}"
        if self.n_rejected:
            reasons = ", ".join(f"{reason.value} {n}" for reason, n in self.n_rejected.most_common())
            told += f", rejected {self.n_rejected.total()} ({reasons})"
        if self.n_unseen and not self._preview.knows_documents:
            told += "; labels were not held against the text: the join's store is elsewhere, and looks again"
        elif self.n_unseen:
            told += f"; {self.n_unseen} of a document that is not known yet: the join waits for it"
        if n_ready and not self._preview.knows_analysts:
            told += "; who may correct was not looked at: FINSURGE_ANALYSTS is not set here"
        return told


def read_lines(lines: Iterable[bytes]) -> Iterator[Line]:
    r"""Yield what lines of JSON say; blank ones are passed over, but counted.

    >>> list(read_lines([b"\n", b'{"id": "c"}']))
    [(2, {'id': 'c'})]
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            split_fields(line)  # says what is wrong with a line that is no object
            yield number, _anything.decode(line)
        except RecordRejected as rejected:
            yield number, rejected
        except msgspec.DecodeError as error:
            yield number, RecordRejected(RejectReason.MALFORMED_JSON, str(error))
