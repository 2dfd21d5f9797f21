from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alerts.rules.absolute import AbsoluteRule
from alerts.rules.parse import RulesInvalid, load_rules, parse_rules
from alerts.rules.quiet import QuietHours
from alerts.rules.rule import Rule

FILES = Path(__file__).parent / "files"

BAD = {
    "negative-budget": [
        "default: `false_alarms` must be >= 0.01 a month, got -1: nothing rarer than once in ten years"
    ],
    "budget-above-what-is-told": [
        "default: `false_alarms` must be <= 10 a month, got 12: the detector tells of nothing that is usual more "
        "often than every 3 days"
    ],
    "support-below-what-is-told": [
        "topics.tesla: `min_negative` must be >= 3, got 2: the detector tells of no fewer negative stories"
    ],
    "hold-beyond-what-is-told": [
        "default: `hold` must be above 0s and below 7h, got 7h: the detector tells nothing more 7h after a surge"
    ],
    "duration-without-unit": ["default: `cool_down` must have a unit, such as 30m, 30h or 30d, got 30"],
    "unknown-key": ["groups.banks: unknown key 'min_negativ'; did you mean min_negative?"],
    "unknown-section": ["unknown key 'defaults'; did you mean default?"],
    "key-twice": ["line 3: key 'tesla' comes twice; leave one of them out"],
    "yes-for-true": ["topics.tesla: `is_on` must be true or false, got 'yes'"],
    "on-for-is-on": ["topics.tesla: unknown key 'on'; known are is_on, false_alarms, min_negative, "],
    "number-for-text": ["groups.japan: `topics` must be a list of texts, got 7203 in it; put it in quotes"],
    "group-without-topics": ["groups.banks: `topics` must be a list such as [a, b], got nothing"],
    "section-without-content": ["topics: must be a mapping with ids of topics, got nothing"],
    "nothing": ["must hold one or more of default, groups, topics, got nothing"],
    "not-yaml": ["is not YAML: line 2: expected the node content, but found '<stream end>'"],
    "quiet-that-never-ends": ["default: `quiet` must leave an hour of the week in which alerts can be told; "],
    "quiet-without-zone": ["default.quiet, number 1: `timezone` is missing"],
    "quiet-in-no-zone": [
        "default.quiet, number 1: `timezone` must be a time zone such as Europe/Berlin, got 'Berlin'; "
        "did you mean Europe/Berlin?"
    ],
    "quiet-at-no-time": [
        "default.quiet, number 1: `begin` must be a time of day such as 22:00, got 22",
        "default.quiet, number 1: `end` must be a time of day such as 22:00, got '25:00'",
    ],
    "absolute-that-never-fires": [
        "default.absolutes, number 1: `polarity_below` must be in (-1, 1], got -1.0: polarity is never below -1"
    ],
    "absolute-with-two-measures": [
        "default.absolutes, number 1: must hold one of polarity_below or negative_share_above, "
        "got polarity_below and negative_share_above"
    ],
    "absolutes-of-one-name": ["default: `absolutes` must each have another name, got 'sour' twice"],
    "severity": ["default: `severity` must be auto, warning or critical, got 'critcal'; did you mean critical?"],
    "routes-twice": ["default: `routes` must name each once, got 'webhook' twice"],
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_a_line_with_file_path_and_mend(name: str) -> None:
    file = FILES / f"bad.{name}.yaml"
    with pytest.raises(RulesInvalid) as caught:
        load_rules(file)

    assert len(caught.value.faults) == len(BAD[name])
    for fault, expected in zip(caught.value.faults, BAD[name], strict=True):
        assert fault.startswith(f"{file}: {expected}")
        assert "\n" not in fault


def test_every_bad_file_is_expected_to_be_bad() -> None:
    assert {file.name.split(".")[1] for file in FILES.glob("bad.*.yaml")} == set(BAD)


def test_a_good_file_gives_rules_with_every_field() -> None:
    book = load_rules(FILES / "good.yaml")
    sour = AbsoluteRule(
        name="sour",
        measure="polarity_below",
        threshold=-0.4,
        for_s=2_700,
        window_s=21_600,
        min_stories=5,
        severity="critical",
    )

    assert book.rule_of("jpmorgan", ["banks", "financials"]) == Rule(
        is_on=False,
        false_alarms=2.0,
        min_sources=1,
        min_posts=20,
        hold_s=10_800,
        cool_down_s=86_400,
        critical_return_period_s=10_368_000,
        critical_n_negative=12,
        critical_n_sources=5,
        severity="critical",
        routes=("webhook",),
        absolutes=(sour, AbsoluteRule(name="bad", measure="negative_share_above", threshold=0.8)),
    )
    night = QuietHours(begin=time(22), end=time(7), timezone="Europe/Berlin")
    assert book.rule_of("7203", []) == Rule(false_alarms=2.0, min_negative=3, quiet=(night,))


def test_faults_of_every_kind_are_told_at_once() -> None:
    text = """
    default: {hold: 9h, false_alarms: many, min_sources: 0}
    groups: {banks: {topics: []}, funds: 3}
    topics: {tesla: {quiet: [night, {begin: 22:00, end: 22:00, timezone: UTC}], absolutes: {}}}
    """
    with pytest.raises(RulesInvalid) as caught:
        parse_rules(text)

    assert [fault.split(" must")[0] for fault in caught.value.faults] == [
        "default: `false_alarms`",
        "default: `min_sources`",
        "default: `hold`",
        "groups.banks: `topics`",
        "groups.funds:",
        "topics.tesla.quiet, number 1:",
        "topics.tesla.quiet, number 2: `end`",
        "topics.tesla.absolutes:",
    ]


def test_one_line_tells_of_the_others() -> None:
    with pytest.raises(RulesInvalid) as caught:
        parse_rules("default: {min_sources: 0, min_posts: 0}")
    assert str(caught.value) == (
        "default: `min_sources` must be >= 1, got 0 (and 1 more: see `finsurge rules check FILE`)"
    )


def test_a_file_that_cannot_be_read_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(RulesInvalid, match=r"absent\.yaml: cannot be read: No such file"):
        load_rules(tmp_path / "absent.yaml")
    file = tmp_path / "latin.yaml"
    file.write_bytes("groups: {négoce: {topics: [a]}}".encode("latin-1"))
    with pytest.raises(RulesInvalid, match=r"latin\.yaml: is not UTF-8"):
        load_rules(file)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "windows.yaml"
    file.write_text("default: {hold: 3h}", encoding="utf-8-sig")
    assert load_rules(file).rule_of("x", ()).hold_s == 10_800


def test_a_part_can_be_used_again() -> None:
    text = """
    groups:
      banks: &calm {topics: [banks], hold: 3h, min_sources: 3}
      funds: {<<: *calm, topics: [funds]}
    """
    assert parse_rules(text).rule_of("funds", ()) == Rule(hold_s=10_800, min_sources=3)


def test_a_text_that_unfolds_without_end_is_told_in_short() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    with pytest.raises(RulesInvalid) as caught:
        parse_rules("\n".join([*lines, "default: {hold: *a29}"]))
    assert all(len(fault) < 400 for fault in caught.value.faults)


def faults_of(text: str) -> tuple[str, ...]:
    try:
        parse_rules(text)
    except RulesInvalid as error:
        return error.faults
    return ()


@given(st.text(max_size=200))
def test_any_text_is_a_rule_book_or_invalid(text: str) -> None:
    assert all("\n" not in fault for fault in faults_of(text))


keys = st.sampled_from(
    [*("default", "groups", "topics", "quiet", "absolutes", "hold", "false_alarms", "is_on", "days", "begin"), "x"]
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
contents = st.dictionaries(
    keys,
    st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4)),
    max_size=4,
)


@given(contents)
def test_any_content_is_a_rule_book_or_invalid(content: dict[str, object]) -> None:
    assert all("\n" not in fault for fault in faults_of(yaml.safe_dump(content)))
