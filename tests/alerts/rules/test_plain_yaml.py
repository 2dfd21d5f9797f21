from __future__ import annotations

import pytest

from alerts.rules.plain_yaml import NotYaml, read_yaml


@pytest.mark.parametrize("word", ["22:00", "1:30:00", "on", "no", "Yes", "OFF", "010", "1_000", "0x10", "2026-01-01"])
def test_what_yaml_1_1_takes_for_numbers_truths_and_dates_is_text(word: str) -> None:
    assert read_yaml(f"[{word}]") == ([word], [])


@pytest.mark.parametrize(
    ("word", "value"),
    [("true", True), ("False", False), ("~", None), ("null", None), ("-7", -7), ("-.4", -0.4), ("1e-3", 0.001)],
)
def test_truths_numbers_and_nothing_are_what_they_are(word: str, value: object) -> None:
    assert read_yaml(f"[{word}, '{word}']") == ([value, word], [])


def test_keys_are_text() -> None:
    assert read_yaml("{7203: a, on: b, 1.5: c}") == ({"7203": "a", "on": "b", "1.5": "c"}, [])


def test_a_key_that_comes_twice_is_told_and_one_that_outdoes_a_merged_one_is_not() -> None:
    assert read_yaml("a: {b: 1,\n  b: 2}\n") == (
        {"a": {"b": 2}},
        ["line 2: key 'b' comes twice; leave one of them out"],
    )
    assert read_yaml("a: &a {b: 1}\nc: {<<: *a, b: 2}") == ({"a": {"b": 1}, "c": {"b": 2}}, [])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [", "is not YAML: line 1: expected the node content"),
        ("a:\n\tb: 1", "is not YAML: line 2: found character"),
        ("a: 1\n---\nb: 2", "is not YAML: line 2: but found another document"),
        ("? [a]\n: b", "is not YAML: line 1: found unhashable key"),
        ("a: *b", "is not YAML: line 1: found undefined alias 'b'"),
        ("a: !!python/object/apply:os.getcwd []", "is not YAML: line 1: tag "),
        ("a: !!timestamp x", "is not YAML: line 1: tag "),
        ("a: \x00", "is not YAML: unacceptable character"),
        ("[" * 1_000, "is not a rule book: it is nested too deep"),
    ],
)
def test_what_is_no_yaml_is_one_line(text: str, line: str) -> None:
    with pytest.raises(NotYaml) as caught:
        read_yaml(text)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
