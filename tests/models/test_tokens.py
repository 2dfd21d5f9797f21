import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.encoder import DEFAULT_ENCODER, find_encoder, load_tokenizer
from models.shape import Shape
from models.tokens import MAX_CHARACTERS, MAX_PIECES, tokenize


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(find_encoder(DEFAULT_ENCODER))


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_gives_tokens_with_offsets_in_order_within_it(tokenizer, text):
    [tokens] = tokenize([text], tokenizer)
    assert len(tokens.pieces) == len(tokens.shapes) <= MAX_PIECES
    assert len(tokens.firsts) == len(tokens.offsets)
    assert len(tokens.text) == len(text)
    assert tokens.text.encode("utf-8").decode("utf-8") == tokens.text  # fit for the wire
    at = 0
    for start, end in tokens.offsets:
        assert at <= start < end <= len(text)
        at = end


def test_a_word_cut_into_pieces_is_one_token_with_its_shape_on_every_piece(tokenizer):
    [tokens] = tokenize(["Cemex falls"], tokenizer)
    assert [tokens.text[start:end] for start, end in tokens.offsets] == ["Cemex", "falls"]
    # [CLS] ce ##me ##x falls [SEP]
    assert tokens.firsts == (1, 4)
    assert tokens.shapes == (Shape.SPECIAL, *[Shape.TITLE] * 3, Shape.LOWER, Shape.SPECIAL)


def test_offsets_are_those_of_the_original_despite_controls_and_surrogates(tokenizer):
    text = "a\x00b \ud800 Tesla\u200b 😀 up"
    [tokens] = tokenize([text], tokenizer)
    surfaces = [text[start:end] for start, end in tokens.offsets]
    assert [surface for surface in surfaces if surface.isalpha()] == ["a", "b", "Tesla", "up"]


@pytest.mark.parametrize("text", ["", " \n\t", "\x00\x01", "\u0301"])
def test_a_text_without_words_has_no_tokens(tokenizer, text):
    [tokens] = tokenize([text], tokenizer)
    assert tokens.offsets == ()
    assert len(tokens) == 2


def test_a_huge_text_is_cut_and_its_beginning_read(tokenizer):
    text = "Tesla falls. " + "more words " * 1_000_000
    [tokens] = tokenize([text], tokenizer)
    assert len(tokens) == MAX_PIECES
    assert len(tokens.text) == MAX_CHARACTERS
    assert tokens.text.startswith("Tesla falls.")


def test_overlapping_finds_the_tokens_that_share_a_character(tokenizer):
    [tokens] = tokenize(["Asian Paints fell"], tokenizer)
    assert list(tokens.overlapping(0, 12)) == [0, 1]
    assert list(tokens.overlapping(2, 3)) == [0]
    assert list(tokens.overlapping(5, 6)) == []
    assert list(tokens.overlapping(12, 99)) == [2]
