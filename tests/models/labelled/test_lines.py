import pytest

from models.errors import DataInvalid
from models.labelled.lines import Lines


def test_line_ends_of_every_system_end_a_line_and_separators_inside_of_words_do_not(tmp_path):
    file = tmp_path / "a"
    file.write_bytes("\ufeffa O\r\nb\u2028c O\rd\x0be O\n".encode())
    assert Lines.read(file).lines == ("a O", "b\u2028c O", "d\x0be O", "")


@pytest.mark.parametrize(
    ("first", "are_json"),
    [
        ('{"text": "a"}', True),
        ('{ "text": "a" }', True),
        ('{"text": "cut o', True),  # is told as broken JSON, not as a broken column
        ("{ O", False),  # a word of its own
        ("", False),
    ],
)
def test_the_format_is_seen_from_the_first_line_that_is_not_empty(tmp_path, first, are_json):
    assert Lines(tmp_path, ("", first)).are_json == are_json


def test_what_cannot_be_read_is_told_with_its_mend(tmp_path):
    with pytest.raises(DataInvalid, match="Is a directory; name a file of labelled lines"):
        Lines.read(tmp_path)
    file = tmp_path / "latin"
    file.write_bytes(b"a O\ncaf\xe9 O\n")
    with pytest.raises(
        DataInvalid, match=r"latin:2: not UTF-8 \(invalid continuation byte\); save the file as UTF-8"
    ):
        Lines.read(file)
