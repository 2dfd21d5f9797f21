from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from alerts.surges.evidence import Evidence
from pipeline.exporter.board import TopicBoard
from pipeline.records import TrendRecord

NewWindow = Callable[..., TrendRecord]
NewEvidence = Callable[..., Evidence]
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def test_an_hour_and_the_current_window_are_sums_of_bins(window: NewWindow) -> None:
    board = TopicBoard()
    board.take_window(window("ftx"))
    board.take_window(window("ftx", minute=120, n_negative=3, n_neutral=0, n_positive=0, n_stories=3, polarity=-0.95))
    found = board.figures_of("ftx")
    # only the later bin ends within the last hour
    assert (found.n_documents, found.n_negative, found.n_neutral, found.n_positive) == (5, 3, 0, 0)
    assert found.n_negative_current == 5
    assert found.negative_share == pytest.approx(5 / 7)
    # (4 × -0.25 + 3 × -0.95) / 7
    assert found.polarity == pytest.approx(-0.55)
    # of 5 in 7 by Wilson, z = 1.645: centre 0.6546, half width 0.2459
    assert found.negative_interval == pytest.approx((0.4087, 0.9004), abs=0.0002)


def test_the_last_word_on_a_bin_counts_and_longer_windows_do_not(window: NewWindow) -> None:
    board = TopicBoard()
    board.take_window(window("ftx", n_negative=2))
    board.take_window(window("ftx", n_negative=1, status="corrected"))
    board.take_window(window("ftx", minutes=60, n_negative=50))
    assert board.figures_of("ftx").n_negative_current == 1


def test_a_quiet_topic_is_forgotten_as_others_move_time_on(window: NewWindow) -> None:
    board = TopicBoard()
    board.take_window(window("ftx"))
    board.take_window(window("tesla", minute=235))
    assert board.volumes() == ["ftx", "tesla"]
    board.advance(NOON + timedelta(minutes=245))
    assert board.volumes() == ["tesla"]
    assert board.figures_of("ftx").negative_share is None
    board.take_window(window("ftx", minute=-60))  # what comes so late changes nothing
    assert board.volumes() == ["tesla"]


def test_evidence_is_shown_for_as_long_as_it_comes(evidence: NewEvidence) -> None:
    board = TopicBoard()
    board.take_evidence(evidence("ftx", return_period_s=10.0))
    board.take_evidence(evidence("tesla", minute=15, return_period_s=90.0))
    assert board.surges() == ["tesla", "ftx"]
    board.take_evidence(evidence("ftx", minute=-5, return_period_s=900.0))  # another partition is behind
    assert board.surges() == ["tesla", "ftx"]
    board.advance(NOON + timedelta(minutes=20))
    assert board.surges() == ["tesla"]
    assert board.figures_of("ftx").evidence is None
