from __future__ import annotations

import dataclasses
from datetime import time
from importlib.resources import files

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alerts.rules.absolute import AbsoluteRule
from alerts.rules.durations import duration_s, written_duration
from alerts.rules.meaning import meaning_of_quiet, meanings
from alerts.rules.parse import parse_rules
from alerts.rules.quiet import DAYS, QuietHours
from alerts.rules.reading import key_of
from alerts.rules.rule import DAY_S, Rule
from alerts.rules.written import written

clocks = st.builds(time, st.integers(0, 23), st.integers(1, 59))
days = st.lists(st.sampled_from(DAYS), min_size=1, max_size=4, unique=True).map(tuple)
quiet = st.tuples(days, clocks, clocks.map(lambda at: at.replace(minute=0)), st.booleans()).map(
    lambda drawn: QuietHours(
        days=drawn[0], begin=drawn[1], end=drawn[2], timezone="Asia/Tokyo", also_critical=drawn[3]
    )
)
absolutes = st.lists(
    st.builds(
        AbsoluteRule,
        name=st.text("abc 1:#", min_size=1).filter(str.strip),
        measure=st.sampled_from(["polarity_below", "negative_share_above"]),
        threshold=st.floats(0.01, 0.99),
        for_s=st.integers(0, 604_800),
        window_s=st.integers(1, 604_800),
        min_stories=st.integers(1, 100),
        severity=st.sampled_from(["warning", "critical"]),
    ),
    max_size=3,
    unique_by=lambda rule: rule.name,
)
rules = st.builds(
    Rule,
    is_on=st.booleans(),
    false_alarms=st.floats(0.01, 10),
    min_negative=st.integers(3, 50),
    min_sources=st.integers(1, 9),
    min_posts=st.integers(1, 99),
    hold_s=st.integers(1, 25_199),
    cool_down_s=st.integers(0, 10**7),
    critical_return_period_s=st.integers(1, 3_650 * DAY_S),
    critical_n_negative=st.integers(1, 99),
    critical_n_sources=st.integers(1, 9),
    severity=st.sampled_from(["auto", "warning", "critical"]),
    quiet=st.lists(quiet, max_size=1).map(tuple),
    routes=st.lists(st.sampled_from(["webhook", "on", "7", "a: b"]), unique=True).map(tuple),
    absolutes=absolutes.map(tuple),
)


@given(rules)
def test_a_rule_that_is_written_is_read_as_it_was(rule: Rule) -> None:
    fields = dataclasses.fields(Rule)
    content = {key_of(field.name): written(field.name, getattr(rule, field.name)) for field in fields}

    assert parse_rules(yaml.safe_dump({"topics": {"tesla": content}})).rule_of("tesla", ()) == rule


@given(rules)
def test_every_field_has_a_sentence(rule: Rule) -> None:
    sentences = meanings(rule)
    assert list(sentences) == [field.name for field in dataclasses.fields(Rule)]
    assert all(sentences.values())


@given(st.integers(0, 10**9))
def test_a_duration_that_is_written_is_read_as_it_was(seconds: int) -> None:
    assert duration_s(written_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "30", "h", "1.5h", "-3h", "30 m", "5m3h", "1w", "٣h", "30m\n"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a duration such as 30m, 12h or 2d, got "):
        duration_s(text)


@pytest.mark.parametrize(
    ("rule", "name", "sentence"),
    [
        (Rule(), "false_alarms", "about one false alarm at most in 30 days"),
        (Rule(false_alarms=10), "false_alarms", "about one false alarm at most in 3 days"),
        (Rule(is_on=False), "is_on", "nothing is told, whatever the rest says"),
        (Rule(cool_down_s=0), "cool_down_s", "an episode is told however soon after the last one"),
        (Rule(critical_n_negative=1), "critical_n_negative", "in 1 negative story or more,"),
        (Rule(critical_n_sources=1), "critical_n_sources", "of 1 source or more"),
        (Rule(routes=("a", "b")), "routes", "told to a, b only"),
    ],
)
def test_a_field_is_told_in_words(rule: Rule, name: str, sentence: str) -> None:
    assert meanings(rule)[name] == sentence


def test_quiet_hours_are_told_in_words() -> None:
    weekend = QuietHours(days=("sun", "sat"), begin=time(0), end=time(0), timezone="UTC", also_critical=True)
    assert meaning_of_quiet(weekend) == (
        "sat, sun from 00:00 to 24:00 (UTC): held till the end, critical ones as well"
    )


def test_the_example_says_what_is_built_in_but_for_quiet_hours() -> None:
    book = parse_rules((files("alerts.rules") / "example.yaml").read_text(encoding="utf-8"))
    said = {field.name for field in dataclasses.fields(Rule)} - {"is_on"}

    assert set(book.default.said) == said
    assert dataclasses.replace(book.default.rule, quiet=()) == Rule()
