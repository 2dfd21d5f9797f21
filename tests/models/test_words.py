from hypothesis import given
from hypothesis import strategies as st

from models.words import words_of


def readings(text: str) -> list[str]:
    return [word.reading for word in words_of(text)]


def test_a_link_is_one_word_wherever_it_leads() -> None:
    assert readings("FTX halts https://t.co/abc?d=1 now") == ["FTX", "halts", "http", "now"]


def test_an_html_entity_is_read_as_its_character() -> None:
    assert readings("AT&amp;T&#39;s &quot;deal&quot;") == ["AT", "&", "T", "'", "s", '"', "deal", '"']


def test_what_only_looks_like_an_entity_is_read_as_it_stands() -> None:
    assert readings("Johnson&Johnson; falls") == ["Johnson", "&", "Johnson", ";", "falls"]


def test_a_space_entity_is_no_word() -> None:
    assert readings("a&nbsp;b") == ["a", "b"]


def test_an_emoji_is_read_as_its_name() -> None:
    assert readings("$TSLA 🚀📉") == ["$", "TSLA", "rocket", "chart decreasing"]


def test_an_emoji_of_several_characters_is_one_word() -> None:
    [word] = words_of("👩🏽‍💻")
    assert (word.start, word.end) == (0, 4)


def test_styled_and_full_width_letters_are_read_as_plain_ones() -> None:
    assert readings("𝗕𝗥𝗘𝗔𝗞𝗜𝗡𝗚 ＦＴＸ") == ["BREAKING", "FTX"]


def test_curly_quotes_are_read_as_straight_ones() -> None:
    assert readings("Tesla’s “win”") == ["Tesla", "'", "s", '"', "win", '"']


def test_the_words_of_a_hashtag_or_user_name_are_read_apart() -> None:
    assert readings("#FTXCrash @ElonMusk McDonald") == ["#", "FTX Crash", "@", "Elon Musk", "McDonald"]


def test_invisible_marks_are_no_words() -> None:
    assert readings("\u200bTes\u200dla \ufeff") == ["Tes", "la"]


@given(st.text())
def test_words_stand_in_order_and_apart_within_the_text(text: str) -> None:
    at = 0
    for start, end, reading in words_of(text):
        assert at <= start < end <= len(text)
        assert reading.strip()
        at = end


@given(st.text(), st.integers(0, 5))
def test_the_first_words_are_the_same_however_many_are_asked_for(text: str, n: int) -> None:
    assert words_of(text, n) == words_of(text)[:n]
