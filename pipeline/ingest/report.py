"""What became of the rows of an ingest: counts, and the exit code that tells."""

from __future__ import annotations

from collections import Counter

import msgspec

from pipeline.rejects import RejectReason


class IngestReport:
    """Counts rows as they are dealt with.

    >>> report = IngestReport()
    >>> report.accept()
    >>> report.reject(RejectReason.EMPTY_TEXT)
    >>> report.sentence(is_dry_run=False), report.exit_code
    ('sent 1 document, rejected 1 (empty_text 1)', 1)
    """

    def __init__(self) -> None:
        self.n_documents = 0
        self.n_rejected: Counter[RejectReason] = Counter()
        self.unreadable: list[str] = []

    def accept(self) -> None:
        """Count a document that was sent, or would have been."""
        self.n_documents += 1

    def reject(self, reason: RejectReason) -> None:
        """Count a rejected row."""
        self.n_rejected[reason] += 1

    def leave_out(self, file: str) -> None:
        """Note a file that could not be read, or not to its end."""
        self.unreadable.append(file)

    @property
    def exit_code(self) -> int:
        """0: all good; 1: something was left out; 2: nothing could be read."""
        if self.unreadable and not self.n_documents and not self.n_rejected:
            return 2
        return 1 if self.unreadable or self.n_rejected else 0

    def sentence(self, *, is_dry_run: bool) -> str:
        """Return one line for people."""
        plural = "" if self.n_documents == 1 else "s"
        line = f"{'valid:' if is_dry_run else 'sent'} {self.n_documents:,} document{plural}"
        if self.n_rejected:
            reasons = ", ".join(f"{reason.value} {n:,}" for reason, n in self.n_rejected.most_common())
            line += f", rejected {self.n_rejected.total():,} ({reasons})"
        if self.unreadable:
            line += f", could not read {', '.join(self.unreadable)}"
        return line

    def json(self, *, seconds: float, is_dry_run: bool) -> str:
        """Return the same as one line of JSON."""
        counts = {
            "documents": self.n_documents,
            "rejected": {reason.value: n for reason, n in self.n_rejected.most_common()},
            "unreadable": self.unreadable,
            "dry_run": is_dry_run,
            "seconds": round(seconds, 3),
        }
        return msgspec.json.encode(counts).decode()
