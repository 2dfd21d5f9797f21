from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.action import Span
from models.labels import Sentiment
from models.topics.discovery import discovered_key
from models.topics.linking import Linker
from models.topics.topic import Topic
from models.topics.watchlist import Watchlist

CALM: Sentiment = (0.1, 0.8, 0.1)


@pytest.mark.parametrize(
    "surface",
    ["Brown-Forman", "BROWN FORMAN", "Brown-Forman Corp.", "Brown–Forman’s", "#BrownForman", "the Brown-Forman"],
)
def test_spellings_of_one_name_give_one_key(surface: str) -> None:
    assert discovered_key(surface) == "~brown forman"


@pytest.mark.parametrize(
    "surface", ["", "  ", "12%", "$5", "the", "the company", "we", "stocks", "https://example.com/a", "—"]
)
def test_what_names_nothing_has_no_key(surface: str) -> None:
    assert discovered_key(surface) is None


def test_a_cashtag_keeps_its_dollar() -> None:
    assert discovered_key("$rblx,") == "~$RBLX"


def test_a_clause_has_no_key() -> None:
    assert discovered_key("Acme said on Monday that it would not pay") is None


def test_spans_that_no_topic_has_are_discovered() -> None:
    linker = Linker(Watchlist((Topic(id="ford", name="Ford Motor", ambiguous=("Ford",), context=("trucks",)),)))
    text = "Ford and Rivertown Foods recall trucks"
    spans = [Span(0, 4, "Ford", CALM), Span(9, 24, "Rivertown Foods", CALM)]

    [found] = linker.discover(text, spans)

    assert (found.key, found.span) == ("~rivertown foods", spans[1])


def test_a_watchlist_name_in_another_sense_is_no_discovery() -> None:
    bank = Topic(id="bank", name="Bankhaus", is_rater=True)
    linker = Linker(Watchlist((bank,)))

    assert linker.discover("Acme upgraded by Bankhaus", [Span(17, 25, "Bankhaus", CALM)]) == ()


def test_a_longer_name_around_a_watchlist_name_is_a_discovery() -> None:
    topic = Topic(id="delta", name="Delta Air Lines", ambiguous=("Delta",), excluded=("Delta Electronics",))
    linker = Linker(Watchlist((topic,)))

    [found] = linker.discover("Delta Electronics climbs", [Span(0, 17, "Delta Electronics", CALM)])

    assert found.key == "~delta electronics"


@given(st.text(max_size=60))
def test_any_surface_has_a_key_of_bounded_length_or_none(surface: str) -> None:
    key = discovered_key(surface)

    assert key is None or (key.startswith("~") and 1 < len(key) <= 64)
