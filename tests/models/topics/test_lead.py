from __future__ import annotations

import pytest

from alerts.stories import sketches
from models.topics import lead
from models.topics.amounts import with_digits
from models.topics.lead import CORRECTS, DENIES, LOOKS_BACK, MAX_LEAD, NUMBER_BIT, RECURS, lead_of, traits_of


@pytest.mark.parametrize(
    "text",
    [
        "orvane recalls 40,000 vans",
        "breaking: orvane recalls 40,000 vans",
        "so bad. rt @wire: orvane recalls 40,000 vans https://t.example/a",
        "#orvane is recalling 40,000 vans @orvanemotors",
        "orvane recalled 40k vans\nthe brakes are at fault",
        "orvane recalls 40,000 vans ove...",
    ],
)
def test_a_lead_is_the_headline_without_what_passed_it_on(text: str) -> None:
    assert lead_of(text) == lead_of("orvane recalls 40,000 vans")


def test_words_keep_their_order_and_numbers_are_marked() -> None:
    found = lead_of("orvane cuts 3 of 40 jobs")
    assert [bool(word & NUMBER_BIT) for word in found] == [False, False, True, True, False]
    assert lead_of("dornan sues orvane") == lead_of("orvane sues dornan")[::-1]


def test_numbers_that_are_spelled_are_numbers_and_years_are_words() -> None:
    assert lead_of("two deaths") == lead_of("2 deaths")
    assert lead_of(with_digits("two hundred flights")) == lead_of("200 flights")
    assert not any(word & NUMBER_BIT for word in lead_of("results of 2021"))
    assert lead_of("results of 2021") != lead_of("results of 2022")


def test_how_far_it_falls_is_one_word_and_not_that_it_rises() -> None:
    assert lead_of("shares slump") == lead_of("shares tumble")
    assert lead_of("shares slump") != lead_of("shares jump")


def test_a_lead_is_bounded() -> None:
    assert len(lead_of("".join(f"x{n} " for n in "abcdefghijklmnopqrstuvwxyz"))) == MAX_LEAD
    assert lead_of("") == lead_of("…") == lead_of("@someone https://t.example/a") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("orvane recalls vans", 0),
        ("orvane denies it hid faults", DENIES),
        ("orvane isn't closing karlow", DENIES),
        ("orvane rejects claims of fraud", DENIES),
        ("orvane rejects bid", 0),
        ("drug fails to meet goal", DENIES),
        ("orvane to pay 3 million (not 2 million), corrects sum", CORRECTS),
        ("five years ago today orvane failed", LOOKS_BACK),
        ("orvane warns years of losses lie ahead", 0),
        ("stocks to watch: orvane", RECURS),
        ("vellin shares open higher", RECURS),
        ("orvane shares fall as it plans to close 85 stores", 0),
        ("orvane recalls vans\nit did not say why", 0),
    ],
)
def test_traits_tell_what_kind_of_telling_it_is(text: str, expected: int) -> None:
    assert traits_of(text) == expected


def test_sketches_are_read_as_they_are_made() -> None:
    # alerts imports nothing of ours: it has the same numbers under names of its own
    assert sketches.NUMBER_BIT == lead.NUMBER_BIT
    assert [trait.value for trait in sketches.Trait] == [DENIES, LOOKS_BACK, RECURS, CORRECTS]
    assert [trait.name for trait in sketches.Trait] == ["DENIES", "LOOKS_BACK", "RECURS", "CORRECTS"]


def test_a_long_line_takes_no_long_time() -> None:
    # what is searched for with a gap is looked for in 300 characters only
    assert traits_of("rejects market " * 100_000 + "claims") == 0
