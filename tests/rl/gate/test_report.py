"""The record of an answer, and what it says to people."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser

import numpy as np
import pytest

from rl.estimators.log import KnownRewards
from rl.gate import words
from rl.gate.gate import ask
from rl.gate.held_out import HeldOut
from rl.gate.ledger import SpendingLedger
from rl.gate.page import page_of
from rl.gate.plot import Row, dots_and_bars
from rl.gate.reasons import GateReason
from rl.gate.report import GateReport, Question
from rl.gate.rounds import compare_known

Make = Callable[..., HeldOut]

VOID = {"meta", "line", "circle"}


class Checker(HTMLParser):
    """Fails on tags that are not closed in order; keeps what is said and where it points."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture
def report(make_held_out: Make, question: Question, ledger: SpendingLedger) -> GateReport:
    slices = {"<script>": np.arange(3_000) < 1_500}
    held_out = make_held_out(n_gained=145, n_lost=154, slices=slices, calibration_error=0.041)
    rewards = np.tile([1.0, 0.0], 300)
    known = KnownRewards(rewards, np.full(600, 0.02), np.arange(600))
    few = KnownRewards(rewards[:50], np.full(50, 0.02), np.arange(50))
    rounds = [compare_known(one, one, p_untold=0.0, margin=0.01) for one in (known, few)]
    return ask(question, held_out, ledger, rounds=rounds)


def test_a_report_comes_back_whole_from_json(report: GateReport) -> None:
    assert GateReport.from_json(report.to_json()) == report


def test_a_page_is_well_formed_and_loads_nothing(report: GateReport) -> None:
    checker = Checker()
    checker.feed(page_of(report))
    assert (checker.open, checker.links) == ([], [])
    assert "url(" not in page_of(report)


def test_what_comes_from_outside_is_escaped(report: GateReport) -> None:
    page = page_of(replace(report, question=replace(report.question, candidate="<img onerror=x>")))
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;img onerror=x&gt;" in page


def test_a_page_says_what_was_asked_what_is_answered_and_what_would_change_it(report: GateReport) -> None:
    checker = Checker()
    checker.feed(page_of(report))
    said = " ".join(checker.text)
    assert "May policy p-2 take the place of policy p-1" in said
    assert "No: its probabilities are off by 4.1 points on average, and 3 points are allowed." in said
    assert "It is not shown to be as good as p-1, a difference of −0.3 points" in said
    assert "This was question 1 to it" in said
    assert "Temperatures fitted anew" in said
    assert "the weights count as 50 units, 100 are needed" in said


@pytest.mark.parametrize("reason", list(GateReason))
def test_every_answer_has_a_sentence_and_what_would_change_it(report: GateReport, reason: GateReason) -> None:
    answered = replace(report, reasons=(reason,), n_items=2_000)
    sentence = words.answer_of(answered)
    assert sentence.startswith("Yes: " if reason is GateReason.PROMOTED else "No: ")
    assert sentence.endswith(".")
    [change] = words.changes_of(answered)
    assert re.match(r"^[A-Z0-9].*\.$", change)


def test_what_was_not_looked_at_is_not_told(question: Question, make_held_out: Make, ledger: SpendingLedger) -> None:
    few = ask(question, make_held_out(n_items=100, n_gained=1, n_lost=1), ledger)
    page = page_of(few)
    assert "<svg" not in page
    assert "This question was not put to it" in page
    assert words.changes_of(few) == ["2,400 more items with right labels that no policy has learnt from."]


def test_items_needed_are_those_that_would_show_it(report: GateReport) -> None:
    # 299 of 3,000 differ by one: a standard error of 0.00576; ((2.2407 + 0.8416) * 0.00576 / 0.007)^2 = 6.4
    assert report.against_serving is not None
    assert words.items_needed(report.against_serving, 0.01, report.level or 0.0) == pytest.approx(19_300, rel=0.01)
    hopeless = replace(report.against_serving, difference=-0.01)
    assert words.items_needed(hopeless, 0.01, 0.03) is None


def test_a_question_is_asked_at_a_time_with_its_zone() -> None:
    with pytest.raises(ValueError, match="asked_at must be aware"):
        Question(candidate="p-2", serving="p-1", anchor="p-0", asked_at=datetime(2026, 1, 2))  # noqa: DTZ001


@pytest.mark.parametrize(("reach", "ticks"), [(0.004, 7), (0.03, 7), (0.3, 7), (1.0, 11)])
def test_a_plot_has_a_legible_number_of_ticks(reach: float, ticks: int) -> None:
    picture = dots_and_bars([Row("a", 0.0, -reach, reach)], margin=0.01)
    assert picture.count('class="tick"') == ticks


def test_a_plot_keeps_bars_within_its_width() -> None:
    picture = dots_and_bars([Row("a", 0.0, float("-inf"), float("inf"))], margin=0.01)
    assert [float(x) for x in re.findall(r'class="bar" x1="([\d.]+)" x2="([\d.]+)"', picture)[0]] == [230.0, 650.0]
