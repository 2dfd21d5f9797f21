"""Column files as the CoNLL shared tasks have them: a word a line, its tag in the last column.

Empty lines end sentences, `-DOCSTART-` lines begin documents. Knows no network.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from models.labelled.iob import iob2, is_tag
from models.labelled.lines import Lines
from models.labelled.sentence import Sentence

_BLANKS = re.compile(r"[ \t]+")
_DOCUMENT_MARK = "-DOCSTART-"


def sentences_in(lines: Lines) -> list[Sentence]:
    """Return the sentences of a column file, their tags as IOB2.

    Without `-DOCSTART-` lines nothing tells which sentences belong together: each is a document of its own.

    >>> from pathlib import Path
    >>> sentences_in(Lines(Path("a.conll"), ("Ann NNP I-PER", "Lee NNP I-PER", "", "sang VBD O")))[0].tags
    ('B-PER', 'I-PER')

    Raises:
        DataInvalid: if a line is no word with a tag, or has another number of columns than the first.
    """
    sentences: list[Sentence] = []
    rows: list[list[str]] = []
    n_marks, first_line = 0, 0
    n_columns = 0
    for number, line in enumerate((*lines.lines, ""), start=1):
        is_mark = line.startswith(_DOCUMENT_MARK)
        if is_mark or not line.strip(" \t"):
            if rows:
                sentences.append(_sentence(rows, max(0, n_marks - 1)))
                rows = []
            n_marks += is_mark
            continue
        columns = line.strip("\t").split("\t") if "\t" in line else _BLANKS.split(line.strip(" "))
        if not first_line:
            first_line, n_columns = number, len(columns)
        if fault := _fault(columns, n_columns, first_line):
            raise lines.error(number, fault)
        rows.append(columns)
    if n_marks:
        return sentences
    return [replace(sentence, document=count) for count, sentence in enumerate(sentences)]


def _sentence(rows: Sequence[Sequence[str]], document: int) -> Sentence:
    return Sentence(tuple(row[0] for row in rows), tuple(iob2([row[-1] for row in rows])), document)


def _fault(columns: Sequence[str], n_columns: int, first_line: int) -> str | None:
    if n_columns < 2:
        return "neither JSON lines nor columns of words and tags, of which the tag is the last"
    if len(columns) != n_columns:
        return f"needs {n_columns} columns like line {first_line}, got {len(columns)}"
    if not columns[0]:
        return "the first column must be a word, got nothing"
    if not is_tag(columns[-1]):
        return f"the last column must be a tag such as O or B-ORG, got {columns[-1]}"
    return None
