"""What the policy reads of a document. Knows no policy, so that whoever needs the text alone loads no torch."""

from __future__ import annotations

from pipeline.records import Document

EXCERPT_LENGTH = 300
"""Characters of it that a decision carries."""


def full_text(document: Document) -> str:
    """Return what the policy reads: the title, then the text where it does not repeat the title."""
    if not document.title or document.text.startswith(document.title):
        return document.text
    return f"{document.title}\n{document.text}"
