"""The sentences of a tagger's training run, by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from models.encoder import sha256_of
from models.labelled.datasets import read_sentences
from models.labelled.example import Part, part_of
from models.labelled.sentence import Sentence, tag_set


@dataclass(frozen=True)
class TaggedSet:
    """Sentences by part, whole documents in one, and the tags that are learned.

    >>> TaggedSet(train=(Sentence(("FTX", "halts"), ("B-ORG", "O")),), dev=(), test=()).tags
    ('O', 'B-ORG')
    """

    train: tuple[Sentence, ...]
    dev: tuple[Sentence, ...]  # chooses the epoch
    test: tuple[Sentence, ...]  # only ever measured
    data_sha256: dict[str, str] = field(default_factory=dict)  # of files whose test part was kept out, by name

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the training part, `O` first."""
        return tag_set(self.train)

    @classmethod
    def read(cls, files: Sequence[Path], dev: Path | None = None) -> TaggedSet:
        """Return the files' sentences, split 80/10/10 by a hash; with a file for dev, all of them are trained on.

        Raises:
            DataInvalid: if a file is missing or malformed, or has no tagged words.
        """
        by_file = {file: read_sentences(file) for file in files}
        if dev is not None:
            return cls(_numbered(list(by_file.values())), tuple(read_sentences(dev)), ())
        checksums = {file.name: sha256_of(file) for file in files}
        train, dev_part, test = (_numbered([_of_part(s, part) for s in by_file.values()]) for part in get_args(Part))
        return cls(train, dev_part, test, checksums)


def _of_part(sentences: Sequence[Sentence], part: Part) -> list[Sentence]:
    firsts: dict[int, str] = {}
    for sentence in sentences:
        firsts.setdefault(sentence.document, sentence.text)
    return [sentence for sentence in sentences if part_of(firsts[sentence.document]) == part]


def _numbered(files: Sequence[Sequence[Sentence]]) -> tuple[Sentence, ...]:
    """Return the sentences of all files, no two files sharing a document's number."""
    found: list[Sentence] = []
    for sentences in files:
        offset = found[-1].document + 1 if found else 0
        least = min((sentence.document for sentence in sentences), default=0)
        found += [Sentence(s.words, s.tags, offset + s.document - least) for s in sentences]
    return tuple(found)
