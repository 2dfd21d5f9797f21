import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.language import ENGLISH, LANGUAGES, UNDETERMINED, language_of

CASES = [json.loads(line) for line in (Path(__file__).parent / "languages.jsonl").read_text().splitlines()]


def test_no_headline_of_another_language_is_taken_for_english():
    found = [language_of(case["text"]) for case in CASES]
    assert not [
        case["text"] for case, language in zip(CASES, found, strict=True) if language in (ENGLISH, UNDETERMINED)
    ]


def test_the_languages_are_told_apart_but_for_close_relatives():
    wrong = Counter(
        (case["language"], found) for case in CASES if (found := language_of(case["text"])) != case["language"]
    )
    assert set(wrong) <= {("id", "ms"), ("ru", "bg"), ("pt", "gl")}
    assert wrong.total() <= 6  # of 300


@pytest.mark.parametrize(
    "text",
    [
        "$BMW sells Rolls-Royce stake",
        "Deutsche Bank cuts Volkswagen to hold",
        "RT @elonmusk: $TSLA to the moon 🚀🚀🚀",
        "Karur Vysya Bank Q4 net profit jumps 15.2%",
        "SunTrust latest to trim Nielsen target",
        "TESLA RECALLS 1.2 MILLION CARS",
        "Bullish $GOOG",
        "𝗕𝗥𝗘𝗔𝗞𝗜𝗡𝗚: 𝗙𝗧𝗫 𝗵𝗮𝗹𝘁𝘀 𝘄𝗶𝘁𝗵𝗱𝗿𝗮𝘄𝗮𝗹𝘀",
        "BNP Paribas, Société Générale said to be in talks",
        "BYD 比亚迪 recalls thousands of cars in China",
        "Schweizerische Nationalbank : Switzerland Loses Grip on World's Lowest Borrowing Costs",
    ],
)
def test_english_with_foreign_names_is_english(text):
    assert language_of(text) == ENGLISH


@pytest.mark.parametrize(
    "text", ["", " \n", "$TSLA $F", "@a @b https://t.co/x", "#DAX", "12.5 % 300", "🔥🔥", "&amp;", "\x00", "\ud800"]
)
def test_where_no_words_are_left_nothing_is_told(text):
    assert language_of(text) == UNDETERMINED


def test_tags_and_links_do_not_hide_a_language():
    text = "$DBK Gewinneinbruch bei der Deutschen Bank #DAX https://example.com/shares-are-falling"
    assert language_of(text) == "de"


def test_the_beginning_decides_and_a_long_text_costs_no_more():
    assert language_of("Die Anleger fürchten eine Rezession in der Eurozone. " * 20 + "the and of " * 100_000) == "de"


@given(st.text(st.characters(exclude_categories=()), max_size=80))
def test_any_text_has_a_language_that_is_known(text):
    assert language_of(text) in LANGUAGES | {UNDETERMINED}
