from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from alerts.rules.book import PartialRule, RuleBook, RuleGroup
from alerts.rules.findings import idle_absolutes, strangers
from alerts.rules.parse import parse_rules
from alerts.rules.rule import FOLLOW_S, Rule
from alerts.surges.surge_config import SurgeConfig

TEXT = """
default: {false_alarms: 2, min_posts: 20}
groups:
  banks: {topics: [financials], false_alarms: 3, min_sources: 3, hold: 3h}
  watched: {topics: [jpmorgan, tesla], false_alarms: 4, min_sources: 4}
topics:
  jpmorgan: {false_alarms: 5}
"""


def test_without_rules_what_was_before_holds() -> None:
    surges, rule = SurgeConfig(), RuleBook().rule_of("tesla", ())

    assert rule == Rule()
    assert rule.return_period_s == surges.return_period_s
    assert (rule.min_negative, rule.min_sources, rule.min_posts) == (
        surges.min_negative,
        surges.min_sources,
        surges.min_posts,
    )
    assert surges.follow_s == FOLLOW_S


def test_the_topic_outdoes_its_groups_and_these_the_default_field_by_field() -> None:
    book = parse_rules(TEXT)

    # 5 of the topic, 4 sources of the later group, 3 h of the earlier one, 20 posts of the default
    assert book.rule_of("jpmorgan", ["banks", "financials"]) == Rule(
        false_alarms=5, min_sources=4, hold_s=10_800, min_posts=20
    )
    assert book.rule_of("citigroup", ["banks", "financials"]) == Rule(
        false_alarms=3, min_sources=3, hold_s=10_800, min_posts=20
    )
    assert book.rule_of("ford", ["autos"]) == Rule(false_alarms=2, min_posts=20)


def test_a_rule_of_a_topic_is_not_that_of_the_topics_below_it() -> None:
    book = parse_rules("topics: {banks: {false_alarms: 5}}")
    assert book.rule_of("jpmorgan", ["banks"]) == Rule()


def test_an_empty_list_takes_away_what_a_group_said() -> None:
    book = parse_rules("default: {routes: [webhook]}\ntopics: {tesla: {routes: []}}")
    assert book.rule_of("tesla", ()).routes == ()
    assert book.rule_of("ford", ()).routes == ("webhook",)


def test_each_value_is_told_with_its_origin() -> None:
    explained = {each.name: each for each in parse_rules(TEXT).explained("jpmorgan", ["banks", "financials"])}

    assert {name: (each.value, str(each.origin)) for name, each in explained.items() if each.origin.path} == {
        "false_alarms": (5.0, "topic jpmorgan"),
        "min_sources": (4, "group watched"),
        "hold_s": (10_800, "group banks, through financials"),
        "min_posts": (20, "default"),
    }
    assert [each.name for each in explained.values()] == [field.name for field in dataclasses.fields(Rule)]
    assert str(explained["cool_down_s"].origin) == "built in"


def test_the_version_follows_what_is_said_and_nothing_else() -> None:
    version = parse_rules(TEXT).version

    assert len(version) == 16
    assert parse_rules("# a note\n" + TEXT.replace("3h", "180m")).version == version
    assert parse_rules(TEXT.replace("3h", "181m")).version != version
    assert parse_rules(TEXT + "  tesla: {}").version != version
    assert parse_rules("default: {false_alarms: 1}").version != RuleBook().version  # it outdoes nothing, and is said


def test_the_order_of_groups_counts_and_that_of_topics_does_not() -> None:
    a, b = RuleGroup("a", ("x",)), RuleGroup("b", ("x",))
    part = PartialRule(Rule(min_sources=3), ("min_sources",))

    assert RuleBook(groups=(a, b)).version != RuleBook(groups=(b, a)).version
    assert RuleBook(topics={"x": part, "y": part}).version == RuleBook(topics={"y": part, "x": part}).version


def test_names_that_nobody_knows_are_told_with_the_nearest() -> None:
    book = parse_rules("groups: {g: {topics: [jpmorgn, tesla, ~acme]}}\ntopics: {qqq: {hold: 3h}, ~brown forman: {}}")

    assert strangers(book, {"jpmorgan", "tesla"}) == (
        "groups.g.topics: 'jpmorgn' is no topic of the watchlist; did you mean jpmorgan?",
        "topics: 'qqq' is no topic of the watchlist; add it there, or leave it out",
    )


FAMILIES: dict[str, tuple[str, ...]] = {"banks": (), "jpmorgan": ("banks",), "tesla": ()}
SOUR = "absolutes: [{name: sour, polarity_below: -0.4}]"


def test_an_absolute_rule_that_somebody_hears_of_is_not_told() -> None:
    for text in (
        f"default: {{{SOUR}}}\ntopics: {{jpmorgan: {{is_on: false}}, tesla: {{absolutes: []}}}}",  # banks is left
        f"groups: {{g: {{topics: [banks], {SOUR}}}}}\ntopics: {{banks: {{is_on: false}}}}",  # jpmorgan is left
        f"topics: {{~acme: {{{SOUR}}}, absent: {{{SOUR}}}}}",  # nobody knows of these
        f"groups: {{g: {{topics: [~acme], {SOUR}}}}}",
    ):
        assert idle_absolutes(parse_rules(text), FAMILIES) == ()


def test_an_absolute_rule_that_can_never_fire_is_told() -> None:
    book = parse_rules(
        f"default: {{is_on: false, {SOUR}}}\n"
        f"groups: {{g: {{topics: [banks], {SOUR}}}, h: {{topics: [jpmorgan, banks], is_on: true, absolutes: []}}}}\n"
    )

    assert [line.split(" can never")[0] for line in idle_absolutes(book, FAMILIES)] == [
        "default.absolutes: 'sour'",  # tesla is off, the others have a list of a group
        "groups.g.absolutes: 'sour'",  # the later group's list is empty
    ]


names = st.sampled_from(["is_on", "min_sources", "min_posts", "routes", "severity"])
some_rules = st.builds(
    Rule,
    is_on=st.booleans(),
    min_sources=st.integers(1, 9),
    min_posts=st.integers(1, 9),
    routes=st.sampled_from([(), ("a",), ("a", "b")]),
    severity=st.sampled_from(["auto", "critical"]),
)
parts = st.builds(PartialRule, some_rules, st.lists(names, unique=True).map(tuple))
topics = st.sampled_from(["a", "b", "c"])
groups = st.builds(RuleGroup, st.sampled_from(["g", "h"]), st.lists(topics, unique=True).map(tuple), parts)
books = st.builds(RuleBook, parts, st.lists(groups, max_size=3).map(tuple), st.dictionaries(topics, parts))


@given(books, topics, st.lists(topics, max_size=2))
def test_what_is_explained_is_what_holds(book: RuleBook, topic: str, ancestors: list[str]) -> None:
    rule = book.rule_of(topic, ancestors)

    for each in book.explained(topic, ancestors):
        assert getattr(rule, each.name) == each.value
        if not each.origin.path:
            assert each.value == getattr(Rule(), each.name)
        if topic in book.topics and each.name in book.topics[topic].said:
            assert each.origin.path == f"topics.{topic}"
