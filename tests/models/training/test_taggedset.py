from itertools import chain
from pathlib import Path

import pytest

from models.errors import DataInvalid
from models.training.taggedset import TaggedSet

COLUMNS = """-DOCSTART- -X- -X- O

EU NNP I-NP I-ORG
rejects VBZ I-VP O

Peter NNP I-NP I-PER
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_conll_columns_are_read_with_their_document_and_as_iob2(tmp_path: Path) -> None:
    file = write(tmp_path / "eng.train", COLUMNS)
    data = TaggedSet.read([file], dev=file)
    assert data.tags == ("O", "B-ORG", "B-PER")
    assert [(sentence.words, sentence.document) for sentence in data.train] == [
        (("EU", "rejects"), 0),
        (("Peter",), 0),
    ]


def test_with_a_dev_file_all_is_trained_on_and_nothing_is_called_unseen(tmp_path: Path) -> None:
    file = write(tmp_path / "eng.train", COLUMNS)
    data = TaggedSet.read([file], dev=file)
    assert (len(data.train), len(data.dev), data.test, data.data_sha256) == (2, 2, (), {})


def test_without_one_documents_are_split_whole(tmp_path: Path) -> None:
    documents = "".join(f"-DOCSTART- O\n\nName{n} B-PER\n\nSecond{n} O\n\n" for n in range(50))
    data = TaggedSet.read([write(tmp_path / "a.conll", documents)])
    parts = [[sentence.words[0] for sentence in part] for part in (data.train, data.dev, data.test)]
    assert all(parts)
    assert sorted(chain.from_iterable(parts)) == sorted(
        f"{word}{n}" for n in range(50) for word in ("Name", "Second")
    )
    for words in parts:
        assert {word.removeprefix("Name") for word in words[::2]} == {w.removeprefix("Second") for w in words[1::2]}
    assert list(data.data_sha256) == ["a.conll"]


def test_documents_of_two_files_stay_apart(tmp_path: Path) -> None:
    files = [write(tmp_path / name, COLUMNS) for name in ("a.conll", "b.conll")]
    assert [sentence.document for sentence in TaggedSet.read(files, dev=files[0]).train] == [0, 0, 1, 1]


def test_a_file_without_tagged_words_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "texts.jsonl", '{"text": "a", "label": "neutral"}\n')
    with pytest.raises(DataInvalid, match="no words with tags"):
        TaggedSet.read([file])
