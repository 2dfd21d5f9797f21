from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.topics.watchlist import (
    Topic,
    Watchlist,
    WatchlistInvalid,
    bundled_watchlist,
    load_watchlist,
    parse_watchlist,
)

GOOD = """
topics:
  - {id: autos, name: carmakers, kind: theme}
  - id: ford
    name: Ford Motor
    tickers: [F]
    aliases: [Ford Motor Company]
    ambiguous: [Ford]
    context: [F-150, trucks]
    excluded: [Harrison Ford]
    parent: autos
"""


def test_a_file_gives_its_topics_with_every_field(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD, encoding="utf-8")

    autos, ford = load_watchlist(path).topics

    assert autos == Topic(id="autos", name="carmakers", kind="theme")
    assert ford == Topic(
        id="ford",
        name="Ford Motor",
        tickers=("F",),
        aliases=("Ford Motor Company",),
        ambiguous=("Ford",),
        context=("F-150", "trucks"),
        excluded=("Harrison Ford",),
        parent="autos",
    )


def test_the_version_follows_the_content_and_nothing_else() -> None:
    one = parse_watchlist(GOOD)
    with_a_comment = parse_watchlist("# reviewed\n" + GOOD.replace("[F-150, trucks]", "['F-150', 'trucks']"))
    with_a_word_more = parse_watchlist(GOOD.replace("trucks", "trucks, cars"))

    assert one.version == with_a_comment.version
    assert one.version != with_a_word_more.version


def test_a_topic_is_found_by_its_id() -> None:
    watchlist = parse_watchlist(GOOD)

    assert watchlist.topic("ford").tickers == ("F",)
    assert "ford" in watchlist
    assert "gm" not in watchlist


def test_a_topic_is_told_what_it_rolls_up_to() -> None:
    fords = "  - {id: lincoln, name: Lincoln Motor, parent: ford}\n"
    watchlist = parse_watchlist(GOOD + fords)

    assert watchlist.ancestors("lincoln") == ("ford", "autos")
    assert watchlist.ancestors("autos") == watchlist.ancestors("gm") == ()


BAD = {
    "not yaml": ("topics: [", "is not YAML: "),
    "a list at the top": ("- {id: a, name: A}", "must hold one key, `topics`"),
    "another key at the top": ("topics: [{id: a, name: A}]\nrules: []", "must hold one key, `topics`"),
    "nothing": ("", "must hold one key, `topics`"),
    "no topics": ("topics: []", "`topics` must be a list with at least one topic"),
    "topics that are no list": ("topics: {id: a}", "`topics` must be a list"),
    "a topic that is a word": ("topics: [ford]", "topic number 1: must be a mapping"),
    "no name": ("topics: [{id: a}]", "topic a: `name` is missing"),
    "no id": ("topics: [{id: a, name: A}, {name: B}]", "topic number 2: `id` is missing"),
    "an unknown key": ("topics: [{id: a, name: A, alias: [B]}]", "topic a: unknown key 'alias'; known are id, name"),
    "an empty list": (
        "topics: [{id: a, name: A, aliases: []}]",
        "topic a: `aliases` must be a list with at least one",
    ),
    "text for a list": ("topics: [{id: a, name: A, tickers: AA}]", "topic a: `tickers` must be a list"),
    "a list for text": ("topics: [{id: a, name: [A]}]", "topic a: `name` must be text"),
    "a truth value": (
        "topics: [{id: a, name: A, tickers: [ON]}]",
        "`tickers` must be text, got True; put it in quotes",
    ),
    "a date that is none": ("topics: [{id: a, name: 2022-13-01}]", "is not YAML: month must be in 1..12"),
    "a number": ("topics: [{id: a, name: A, tickers: [7203]}]", "`tickers` must be text, got 7203; put it in quotes"),
    "blank text": ("topics: [{id: a, name: ' '}]", "topic a: `name` must be text, got ' '"),
    "a name without words": ("topics: [{id: a, name: '!?'}]", "topic a: '!?' holds no word"),
    "an id with a space": ("topics: [{id: a b, name: A}]", "topic 'a b': bad id"),
    "an id of 65 letters": (f"topics: [{{id: {'a' * 65}, name: A}}]", "bad id"),
    "the same id twice": ("topics: [{id: a, name: A}, {id: a, name: B}]", "topic a: this id is used twice"),
    "an unknown kind": ("topics: [{id: a, name: A, kind: person}]", "topic a: `kind` must be company or theme"),
    "an unknown parent": ("topics: [{id: a, name: A, parent: b}]", "topic a: parent 'b' is not a topic here"),
    "its own parent": ("topics: [{id: a, name: A, parent: a}]", "topic a: is its own ancestor"),
    "parents in a circle": (
        "topics: [{id: a, name: A, parent: b}, {id: b, name: B, parent: a}]",
        "topic a: is its own ancestor by `parent` (a > b > a)",
    ),
    "a ticker in lower case": ("topics: [{id: a, name: A, tickers: [aapl]}]", "topic a: ticker 'aapl' is not one"),
    "a ticker with its dollar": ("topics: [{id: a, name: A, tickers: [$F]}]", "topic a: ticker '$F' is not one"),
    "one ticker, two topics": (
        "topics: [{id: a, name: A, tickers: [F]}, {id: b, name: B, tickers: [F]}]",
        "topic b: ticker 'F' is claimed by topic a as well",
    ),
    "one name, two topics, spelled in two ways": (
        "topics: [{id: a, name: 'Nestlé S.A.', aliases: [Nestle]}, {id: b, name: B, aliases: ['NESTLÉ, AG']}]",
        "topic b: name 'NESTLÉ, AG' is claimed by topic a as well",
    ),
    "an alias that is another's id": (
        "topics: [{id: luna, name: Terra}, {id: b, name: B, aliases: [Luna]}]",
        "topic b: alias 'Luna' reads like the id of topic luna; leave it to that topic",
    ),
    "an alias that is a common word": (
        "topics: [{id: b, name: Blockware, aliases: [Block Inc]}]",
        "topic b: alias 'Block Inc' is an ordinary English word; list it in `ambiguous`, with `context`",
    ),
    "an alias of one letter": ("topics: [{id: f, name: Ford, aliases: [F]}]", "alias 'F' is one letter"),
    "an alias twice, spelled in two ways": (
        "topics: [{id: n, name: Bergbau, aliases: [Nestlé, 'NESTLE, S.A.']}]",
        "topic n: alias 'NESTLE, S.A.' is the same as 'Nestlé'; leave one of them out",
    ),
    "an ambiguous name twice": (
        "topics: [{id: n, name: Bergbau, ambiguous: [Gap, GAP]}]",
        "topic n: ambiguous 'GAP' is the same as 'Gap'; leave one out",
    ),
    "a name both sure and ambiguous": (
        "topics: [{id: n, name: Bergbau, aliases: [Zinc], ambiguous: [Zinc]}]",
        "topic n: 'Zinc' is both in `aliases` and in `ambiguous`",
    ),
    "a name both sure and excluded": (
        "topics: [{id: n, name: Bergbau, excluded: [Bergbau]}]",
        "topic n: 'Bergbau' is both a name and in `excluded`",
    ),
    "a ticker twice": ("topics: [{id: n, name: Bergbau, tickers: [BB, BB]}]", "topic n: ticker 'BB' is listed twice"),
    "an ambiguous theme without context": (
        "topics: [{id: n, name: metals, kind: theme, ambiguous: [zinc]}]",
        "topic n: `ambiguous` names of a theme link only in context",
    ),
    "a rater that is a word": ("topics: [{id: n, name: B, is_rater: often}]", "`is_rater` must be true or false"),
    "one ambiguous name, two topics": (
        "topics: [{id: a, name: A, ambiguous: [Gap]}, {id: b, name: Gap}]",
        "topic b: name 'Gap' is claimed by topic a as well",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_said_in_one_line_that_names_file_and_topic(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(WatchlistInvalid) as caught:
        load_watchlist(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert any(message in fault for fault in caught.value.faults)
    assert "\n" not in str(caught.value)
    assert all(fault.startswith(f"{path}: ") for fault in caught.value.faults)


def test_all_that_is_wrong_is_told_at_once() -> None:
    text = "topics: [{id: a, name: Acme, parent: x}, {id: b, name: Acme}, {id: b, name: Bolt, parent: b}]"

    with pytest.raises(WatchlistInvalid) as caught:
        parse_watchlist(text)

    assert caught.value.faults == (
        "topic a: parent 'x' is not a topic here; add it, or leave it out",
        "topic b: this id is used twice; give one of the two another id",
        "topic b: is its own ancestor by `parent` (b > b); break it",
        "topic b: name 'Acme' is claimed by topic a as well; leave it to one of them",
    )


def test_every_malformed_topic_is_told_at_once() -> None:
    with pytest.raises(WatchlistInvalid) as caught:
        parse_watchlist("topics: [{id: a}, {name: B}, {id: c, name: C, tickers: [7203]}]")

    assert [fault.split(":")[0] for fault in caught.value.faults] == ["topic a", "topic number 2", "topic c"]


def test_a_missing_file_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(WatchlistInvalid, match=r"absent\.yaml: cannot be read: No such file"):
        load_watchlist(tmp_path / "absent.yaml")


def test_a_file_in_another_encoding_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("topics: [{id: a, name: Nestlé}]".encode("latin-1"))

    with pytest.raises(WatchlistInvalid, match="is not UTF-8"):
        load_watchlist(path)


def test_a_cashtag_and_a_name_may_be_spelled_alike() -> None:
    miner = Topic(id="barrick", name="Barrick", tickers=("GOLD",))
    metal = Topic(id="gold", name="gold", kind="theme")

    assert len(Watchlist((miner, metal)).topics) == 2


def test_no_python_object_is_made_from_yaml() -> None:
    with pytest.raises(WatchlistInvalid, match="is not YAML"):
        parse_watchlist("topics: !!python/object/apply:os.getcwd []")


@given(st.text(max_size=200))
def test_any_text_is_a_watchlist_or_invalid(text: str) -> None:
    try:
        parse_watchlist(text)
    except WatchlistInvalid as error:
        assert str(error)  # noqa: PT017 - both outcomes are right


@pytest.mark.parametrize(("name", "n_companies"), [("default", 150), ("crypto", 40)])
def test_the_watchlists_that_come_along_are_valid_and_roll_up(name: str, n_companies: int) -> None:
    watchlist = load_watchlist(bundled_watchlist(name))

    assert sum(topic.kind == "company" for topic in watchlist.topics) >= n_companies
    assert any(topic.parent for topic in watchlist.topics)
