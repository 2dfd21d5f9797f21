from pathlib import Path

import pytest

from models.errors import DataInvalid
from models.labelled.conll import sentences_in
from models.labelled.datasets import read_examples, read_sentences
from models.labelled.lines import Lines
from models.labelled.sentence import Sentence

CONLL_2003 = """\
-DOCSTART- -X- O O

EU NNP I-NP I-ORG
rejects VBZ I-VP O
German JJ I-NP I-MISC

Peter NNP I-NP I-PER
Blackburn NNP I-NP I-PER

-DOCSTART- -X- O O

BRUSSELS NNP I-NP I-LOC
"""


def sentences(*rows: str) -> list[Sentence]:
    return sentences_in(Lines(Path("a.conll"), rows))


def test_documents_begin_at_their_marks_and_every_entity_begins_with_b():
    assert sentences(*CONLL_2003.split("\n")) == [
        Sentence(("EU", "rejects", "German"), ("B-ORG", "O", "B-MISC"), document=0),
        Sentence(("Peter", "Blackburn"), ("B-PER", "I-PER"), document=0),
        Sentence(("BRUSSELS",), ("B-LOC",), document=1),
    ]


def test_without_marks_each_sentence_is_a_document_of_its_own():
    found = sentences("a O", "", "", "b O", "c O")
    assert [(sentence.words, sentence.document) for sentence in found] == [(("a",), 0), (("b", "c"), 1)]


def test_in_tab_separated_columns_a_word_may_contain_a_blank_and_blank_lines_tabs():
    found = sentences("New York\tB-LOC", "\t", "won't\tO")
    assert [sentence.words for sentence in found] == [("New York",), ("won't",)]


def test_a_sentence_is_an_example_whose_mentions_are_what_analysts_follow(tmp_path):
    file = tmp_path / "no-suffix"
    file.write_text(CONLL_2003, encoding="utf-8")
    first, second, third = read_examples(file)
    assert (first.text, [(s.start, s.end) for s in first.spans]) == ("EU rejects German", [(0, 2)])
    assert first.open_ranges == ((11, 17),)
    assert (second.spans, third.open_ranges) == ((), ((0, 8),))


@pytest.mark.parametrize(
    ("rows", "number", "fault"),
    [
        (("EU NNP B-ORG", "rejects O"), 2, "needs 3 columns like line 1, got 2"),
        (("EU B-ORG", "", "rejects"), 3, "needs 2 columns like line 1, got 1"),
        (("EU B-ORG", "rejects VBZ"), 2, "the last column must be a tag such as O or B-ORG, got VBZ"),
        (("EU\tB-ORG", "\u0020\tO\tO"), 2, "needs 2 columns like line 1, got 3"),
        (("", "text,label",), 2, "neither JSON lines nor columns of words and tags, of which the tag is the last"),
        (("The quick brown fox",), 1, "the last column must be a tag such as O or B-ORG, got fox"),
    ],
)  # fmt: skip
def test_a_malformed_line_is_named(rows, number, fault):
    with pytest.raises(DataInvalid) as error:
        sentences(*rows)
    assert str(error.value) == f"a.conll:{number}: {fault}"


def test_a_file_without_tags_has_no_sentences(tmp_path):
    file = tmp_path / "texts.jsonl"
    file.write_text('{"text": "FTX halts", "label": "negative"}\n')
    with pytest.raises(DataInvalid, match="no words with tags; give JSON lines with tokens and tags, or columns"):
        read_sentences(file)
