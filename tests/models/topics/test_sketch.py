from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.topics.lead import MAX_LEAD, NUMBER_BIT
from models.topics.sketch import MAX_NAMES, MAX_NUMBERS, MAX_WORDS, Sketch, sketch
from models.topics.stem import stem


def resemblance(a: Sketch, b: Sketch) -> float:
    """Return Broder's estimate, exact for texts of at most MAX_WORDS distinct words."""
    least = sorted({*a.words, *b.words})[:MAX_WORDS]
    return sum(word in a.words and word in b.words for word in least) / len(least)


def names(text: str) -> set[int]:
    return set(sketch(text).names)


def numbers(text: str) -> set[int]:
    return set(sketch(text).numbers)


@pytest.mark.parametrize("text", ["", "   ", "…!?", "https://example.com/a @someone", "the of and RT", "\u0301"])
def test_a_text_without_content_has_an_empty_sketch(text: str) -> None:
    assert sketch(text) == Sketch((), (), (), 0)


def test_a_retweet_with_a_link_has_the_words_of_its_original() -> None:
    original = sketch("FTX halts withdrawals as customers rush to exit")
    retweet = sketch("RT @news_wire: FTX halts withdrawals as customers rush to exit… https://t.co/abc123")

    assert original == retweet


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ford recalls trucks over brakes", "FORD RECALLED TRUCKS OVER BRAKES"),
        ("Ford recalls trucks over brakes", "Ford Recalling Trucks Over Brakes"),
        ("Nestlé’s profit slips", "Nestle's profits slipped"),
        ("Companies cut costs", "company cutting cost"),
        ("Ｆｏｒｄ recalls", "Ford recalls"),
    ],
)
def test_another_spelling_has_the_same_words(one: str, other: str) -> None:
    assert sketch(one).words == sketch(other).words


def test_resemblance_is_the_share_of_words_in_common() -> None:
    # content words: binance, walk, away, ftx, deal / binance, abandon, ftx, deal; 3 of 6 in common
    a = sketch("Binance walks away from FTX deal")
    b = sketch("Binance abandons FTX deal")

    assert resemblance(a, b) == pytest.approx(3 / 6)


def test_resemblance_of_long_texts_is_estimated() -> None:
    # 200 words each, 100 in common: 100 of 300; three standard errors of 32 draws are 0.25
    letters = "abcdefghijklmnopqrst"
    words = [f"x{a}{b}" for a in letters for b in letters[:15]]
    a, b = sketch(" ".join(words[:200])), sketch(" ".join(words[100:]))

    assert len(a.words) == MAX_WORDS
    assert resemblance(a, b) == pytest.approx(1 / 3, abs=0.25)


def test_texts_in_scripts_without_spaces_share_words() -> None:
    a, b = sketch("特斯拉在中国召回汽车"), sketch("特斯拉召回中国汽车")

    assert resemblance(a, b) > 0.4
    assert sketch("苹果公司利润下降").words != a.words


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Binance walks away from FTX", "FTX Binance"),
        ("BINANCE WALKS AWAY FROM FTX", "FTX Binance"),
        ("Binance Walks Away From FTX Deal", "FTX Binance"),
        ("Binance’s CEO leaves the USA", "Binance"),
        ("3AC founders flee", "3AC"),
        ("longs on $tsla today", "$TSLA"),
        ("Profit Falls in the Third Quarter of March", ""),
        ("tesla in lower case", ""),
    ],
)
def test_names_are_capitals_that_are_no_plain_english(text: str, same: str) -> None:
    assert names(text) == names(same)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$1.2 billion", "$1.2bn"),
        ("$1.2 billion", "US$1,200 million"),
        ("$1.2 billion", "1.2 billion dollars"),
        ("1,200,000 cars", "1.2 mln cars"),
        ("5%", "5 percent"),
        ("5%", "5.0 per cent"),
        ("Rs 415 crore", "₹4,150 million"),
        ("25 basis points", "25bps"),
        ("Q3 profit", "third-quarter profit"),
        ("sold 10K units", "sold 10,000 units"),
        ("six million users", "6 million users"),
        ("two hundred flights", "200 flights"),
    ],
)
def test_one_amount_in_two_notations_is_one_number(one: str, other: str) -> None:
    assert len(numbers(one)) == 1
    assert numbers(one) == numbers(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("5%", "5"), ("$5 million", "$5 billion"), ("$5", "€5"), ("Q1", "Q2"), ("1.2%", "1.3%"), ("5%", "5 bps")],
)
def test_other_amounts_are_other_numbers(one: str, other: str) -> None:
    assert numbers(one).isdisjoint(numbers(other))


def test_a_year_is_no_number() -> None:
    assert numbers("results for 2022") == set()
    assert numbers("$2022 fee") != set()


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("Ford beats estimates", 1),
        ("Ford misses estimates", -1),
        ("Shares soar", 1),
        ("Shares tumble", -1),
        ("FORD CUTS OUTLOOK", -1),
        ("Stock up 5%", 1),
        ("Stock down by $3", -1),
        ("Wake up, says the board", 0),
        ("Profit beats but shares fall", 0),
        ("Board meets on Monday", 0),
    ],
)
def test_direction_tells_better_from_worse(text: str, direction: int) -> None:
    assert sketch(text).direction == direction


def test_the_sketch_is_the_same_in_another_process() -> None:
    text = "FTX loses $8 billion as Binance walks away"
    code = f"from models.topics.sketch import sketch; print(sketch({text!r}))"
    env = {"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(sys.path)}

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout

    assert printed.strip() == repr(sketch(text))


def test_hashes_stay_what_they_were() -> None:
    # zlib.crc32 of b"ford" and b"recall": sketches of different releases are compared with each other
    assert sketch("Ford recalls").words == (726943211, 1261438326)


def test_a_huge_text_is_cut() -> None:
    assert sketch("word " * 2_000_000) == sketch("word " * 2_000)


def test_names_are_hashed_as_words_are() -> None:
    found = sketch("Zephyte recalls $ZPHYS batteries")
    assert len(found.names) == 2
    assert set(found.names) < set(found.words)


def test_a_sketch_of_a_headline_is_small() -> None:
    # 8 words and 3 names of 5 bytes, a number, 9 of the lead at 3 bytes, and what encloses them
    found = sketch("Hedgerow says Lumeno booked 40,000 sales to customers that do not exist in Vellin")
    assert len(msgspec.msgpack.encode(found)) < 200
    assert len(msgspec.msgpack.encode([found.lead, found.traits])) < 40


@pytest.mark.parametrize("word", ["bus", "gas", "loss", "ring", "red", "basis", "3ac", "用"])
def test_short_words_and_lookalikes_keep_their_endings(word: str) -> None:
    assert stem(word) == word


@given(st.one_of(st.text(max_size=300), st.text(st.characters(), max_size=60)))
def test_any_text_has_a_sketch_within_bounds(text: str) -> None:
    found = sketch(text)

    for hashes, most in ((found.words, MAX_WORDS), (found.names, MAX_NAMES), (found.numbers, MAX_NUMBERS)):
        assert len(hashes) <= most
        assert list(hashes) == sorted(set(hashes))
        assert all(0 <= each < 2**32 for each in hashes)
    assert found.direction in (-1, 0, 1)
    assert len(found.lead) <= MAX_LEAD
    assert all(0 <= each < 2 * NUMBER_BIT for each in found.lead)
    assert 0 <= found.traits < 16
    assert found == sketch(text)
