import pytest

from models.labelled.sentence import Sentence, tag_set


def test_a_word_without_a_tag_is_refused():
    with pytest.raises(ValueError, match="tokens and tags must be equally long, got 2 and 1"):
        Sentence(("FTX", "halts"), ("B-ORG",))


def test_outside_is_a_tag_even_where_every_word_is_inside_an_entity():
    assert tag_set([Sentence(("FTX",), ("B-ORG",))]) == ("O", "B-ORG")
