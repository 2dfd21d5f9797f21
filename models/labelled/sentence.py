"""A sentence whose every word has a tag, and the document it stands in. Knows no file format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words as a file has them, with a tag each; entities begin with B (IOB2), whatever the file's scheme.

    >>> Sentence(("FTX", "halts"), ("B-ORG", "O")).text
    'FTX halts'
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]
    document: int = 0  # sentences of the same document follow each other, and are each other's context

    def __post_init__(self) -> None:
        if len(self.words) != len(self.tags):
            raise ValueError(f"tokens and tags must be equally long, got {len(self.words)} and {len(self.tags)}")

    @property
    def text(self) -> str:
        """The words with a space between them."""
        return " ".join(self.words)


def tag_set(sentences: Iterable[Sentence]) -> tuple[str, ...]:
    """Return the tags that occur: `O` first, then by type, begin before inside.

    >>> tag_set([Sentence(("a", "b"), ("B-PER", "I-PER")), Sentence(("c", "d"), ("O", "B-LOC"))])
    ('O', 'B-LOC', 'B-PER', 'I-PER')
    """
    found = {tag for sentence in sentences for tag in sentence.tags} | {"O"}
    return tuple(sorted(found, key=lambda tag: (tag != "O", tag.partition("-")[2], tag)))
