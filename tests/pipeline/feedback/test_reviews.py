"""What is asked of analysts: drawn with its probability, shown or blind, answered or not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.feedback.reviews import ReviewPlan
from pipeline.records import AlertRecord, Origin, ReadingRecord, ShadowDecision, encode
from rl.rounds.round import ReviewReason

INF = float("inf")
TEXT = "FTX halts withdrawals after crash"
NEUTRAL = {"sentiment": "neutral"}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def decide_many(bench, n: int, text: str = TEXT) -> None:
    for number in range(n):
        bench.decide(f"d-{number}", f"{text} {number}", minute=number / 10)


def first_of(bench, reason: ReviewReason):
    return next(review for review in bench.drawn if review.reason is reason)


@pytest.fixture
def asked(new_bench):
    """A join that asks about half of the documents, a quarter of them blind."""
    bench = new_bench(review_uniform=0.5, review_per_day=INF)
    decide_many(bench, 60)
    return bench


def test_reviews_are_drawn_as_likely_as_they_say(asked) -> None:
    # 60 coins of p = 0.5 + 0.1 * uncertainty, that of probabilities (0.9, 0.1, 0) being 0.15: 0.515, so 31 +- 3 * 3.9
    assert {round(review.p_review, 6) for review in asked.drawn} == {0.515}
    assert 20 <= len(asked.drawn) <= 42
    assert {review.reason for review in asked.drawn} >= {ReviewReason.UNIFORM, ReviewReason.BLIND}
    assert all(sum(review.parts.values()) == pytest.approx(review.p_review) for review in asked.drawn)
    assert asked.metric("reviews_drawn_total", reason="blind") == sum(
        review.reason is ReviewReason.BLIND for review in asked.drawn
    )
    assert asked.metric("reviews_open") == len(asked.drawn)


def test_a_blind_review_shows_nothing_and_others_show_units_with_propensities(asked) -> None:
    assert first_of(asked, ReviewReason.BLIND).proposal is None
    shown = [review.proposal for review in asked.drawn if review.proposal is not None]
    assert all(len(proposal) == 2 for proposal in shown)
    # epsilon 0.05: the greedy one has 0.95 + 0.05 * 0.9, the next 0.05 * 0.1
    told = {(unit.sentiment, round(unit.propensity, 6)) for proposal in shown for unit in proposal}
    assert told <= {("negative", 0.995), ("neutral", 0.005)}


def test_an_answer_to_a_review_is_a_round_with_its_probability_and_proposal(asked) -> None:
    review = first_of(asked, ReviewReason.UNIFORM)
    asked.correct(review.document_id, id="c-1", review_id=review.id, verdict="confirm")
    [record] = asked.rounds
    assert (record.p_review, record.review_reason, record.shown) == (
        review.p_review,
        ReviewReason.UNIFORM,
        review.proposal,
    )
    assert record.trace.review_id == review.id
    [ended] = asked.ended
    assert (ended.id, ended.outcome, ended.analyst, ended.correction_id) == (review.id, "answered", "ada", "c-1")
    assert asked.metric("reviews_answered_total", reason="uniform") == 1


@pytest.fixture
def found(new_bench):
    """A join in which ada has come upon 60 documents, of which hardly any was drawn."""
    bench = new_bench(review_uniform=0.01, review_per_day=1)
    decide_many(bench, 60)
    for number in range(60):
        bench.correct(f"d-{number}", id=f"c-{number}", labels=NEUTRAL)
    return bench


def test_of_what_an_analyst_comes_upon_a_part_is_put_before_another_one_blind(found) -> None:
    seconds = [review for review in found.drawn if review.reason is ReviewReason.SECOND]
    # 60 coins of 0.5: 30 +- 3 * 3.9
    assert 18 <= len(seconds) <= 42
    assert {(review.p_review, review.proposal) for review in seconds} == {(0.5, None)}
    drawn = [review.document_id for review in found.drawn]
    assert len(drawn) == len(set(drawn))


def test_where_there_is_one_analyst_nobody_is_asked_for_a_second_word(new_bench) -> None:
    bench = new_bench(review_uniform=0.01, review_per_day=1)
    (bench.folder / "analysts.yaml").write_text("analysts:\n- id: ada\n")
    bench.restart()
    decide_many(bench, 20)
    for number in range(20):
        bench.correct(f"d-{number}", id=f"c-{number}", labels=NEUTRAL)
    assert len(bench.rounds) == 20
    assert all(review.reason is not ReviewReason.SECOND for review in bench.drawn)


def test_the_second_word_is_somebody_elses_and_is_no_estimate(found) -> None:
    review = first_of(found, ReviewReason.SECOND)
    n_before = len(found.rounds)
    found.correct(review.document_id, id="own", review_id=review.id, labels=NEUTRAL)
    assert found.dead[-1] == (
        "unknown_review",
        f"review '{review.id}' asks for the word of somebody else than 'ada'",
    )
    found.correct(
        review.document_id, id="other", analyst="bob", review_id=review.id, labels={"sentiment": "negative"}
    )
    [record] = found.rounds[n_before:]
    assert (record.analyst, record.review_reason, record.p_review) == ("bob", ReviewReason.SECOND, None)
    assert [(ended.id, ended.analyst) for ended in found.ended] == [(review.id, "bob")]


def test_a_second_analyst_may_answer_the_same_review(asked) -> None:
    review = first_of(asked, ReviewReason.UNIFORM)
    for analyst in ("ada", "bob"):
        asked.correct(review.document_id, analyst=analyst, review_id=review.id, verdict="confirm")
    assert [record.p_review for record in asked.rounds] == [review.p_review] * 2
    assert len(asked.ended) == 1


def test_a_second_answer_of_the_same_analyst_still_answers_the_review(asked) -> None:
    review = first_of(asked, ReviewReason.UNIFORM)
    asked.correct(review.document_id, review_id=review.id, verdict="confirm")
    asked.wait(5)
    asked.correct(review.document_id, labels=NEUTRAL)
    assert [record.trace.review_id for record in asked.rounds] == [review.id] * 2


def test_a_blind_review_is_answered_with_labels_only(asked) -> None:
    review = first_of(asked, ReviewReason.BLIND)
    asked.correct(review.document_id, review_id=review.id, verdict="confirm")
    [(reason, detail)] = asked.dead
    assert (reason, detail) == (
        "bad_labels",
        "nothing was shown in the blind review, so `confirm` says nothing: give labels",
    )
    asked.correct(review.document_id, review_id=review.id, labels=NEUTRAL)
    [record] = asked.rounds
    assert (record.shown, record.review_reason) == (None, ReviewReason.BLIND)


def test_a_review_of_another_document_is_unknown(asked) -> None:
    one, other = asked.drawn[:2]
    asked.correct(one.document_id, review_id=other.id, labels=NEUTRAL)
    assert [reason for reason, _ in asked.dead] == ["unknown_review"]


def test_what_nobody_answers_in_time_is_said_to_be_unanswered_and_may_be_answered_yet(asked) -> None:
    n_drawn = len(asked.drawn)
    asked.wait(asked.settings.review_due_s - 1)
    asked.step()
    assert asked.ended == []
    asked.wait(2)
    asked.step()
    asked.step()
    assert [ended.outcome for ended in asked.ended] == ["unanswered"] * n_drawn
    assert asked.metric("reviews_open") == 0
    review = first_of(asked, ReviewReason.UNIFORM)
    asked.correct(review.document_id, review_id=review.id, verdict="confirm")
    assert [record.p_review for record in asked.rounds] == [review.p_review]
    assert (asked.ended[-1].id, asked.ended[-1].outcome) == (review.id, "answered")


def test_decisions_that_are_read_after_a_review_of_them_would_be_due_are_not_asked_about(new_bench) -> None:
    bench = new_bench(review_uniform=0.9, review_per_day=INF, review_due_s=3600.0)
    for number in range(20):
        bench.decide(f"d-{number}", TEXT, decided_at=bench.now - timedelta(seconds=3601))
    assert bench.drawn == []
    assert bench.metric("reviews_too_old_total") == 20


def test_the_budget_of_a_day_is_kept_across_a_restart(new_bench) -> None:
    bench = new_bench(review_uniform=0.01, review_per_day=1.0)
    uncertain = {"sentiment": (0.34, 0.33, 0.33)}
    for number in range(300):
        bench.decide(f"d-{number}", f"{TEXT} {number}", minute=number * 4.8, **uncertain)  # a day
        if number == 150:
            bench.restart()
    # 300 documents leave nothing of one review a day beyond the uniform 3; without the budget it were 0.11 * 300
    assert len(bench.drawn) <= 10
    assert bench.metric("reviews_drawn_total", reason="uncertain") <= 2


def alert(topic: str, transition: str, episode: int = 0) -> AlertRecord:
    return AlertRecord(
        id=f"{topic}/{episode}/0", topic=topic, topic_name=topic, episode=episode, number=0, transition=transition,
        reason="surge", severity="warning", at=NOON, opened_at=NOON, summary="", n_negative=4, n_stories=4,
        expected=1.0, expected_low=0.0, expected_high=2.0, negative_share=1.0, usual_share=0.1, onset_at=None,
        n_sources=2, baseline_age_s=0.0, return_period_s=None, stories=(), policy_versions=(),
    )  # fmt: skip


def test_negative_decisions_on_a_topic_with_an_open_episode_are_asked_about_more_often(new_bench) -> None:
    bench = new_bench(review_uniform=0.2, review_per_day=INF)
    bench.step(bench.fetched("alerts", encode(alert("ftx", "opened"))))
    bench.restart()
    decide_many(bench, 30)
    assert {round(review.parts["impact"], 6) for review in bench.drawn} == {0.3}
    n_drawn = len(bench.drawn)
    bench.step(bench.fetched("alerts", encode(alert("ftx", "closed"))))
    for number in range(30, 60):
        bench.decide(f"d-{number}", f"{TEXT} {number}", minute=number / 10)
    assert {review.parts["impact"] for review in bench.drawn[n_drawn:]} == {0.0}


def shadow(bench, number: int, sentiment, *, failed: bool = False) -> ShadowDecision:
    served = ReadingRecord((0.9, 0.1, 0.0), ())
    return ShadowDecision(
        document_id=f"d-{number}", origin=Origin(0, number), kind="news", source="Wire", published_at=bench.now,
        decided_at=bench.now, served_version="keyword", served=served, policy_version="p-2",
        reading=None if failed else ReadingRecord(sentiment, ()),
    )  # fmt: skip


def test_while_a_policy_reads_along_coins_wait_for_what_it_says(new_bench) -> None:
    bench = new_bench(review_uniform=0.6, review_per_day=INF)
    bench.step(bench.fetched("shadows", encode(shadow(bench, 0, (0.9, 0.1, 0.0)))))
    for number in range(12):
        bench.decide(f"d-{number}", f"{TEXT} {number}")
    assert len(bench.drawn) <= 1  # of the first one, whose answer was there before it
    bench.restart()
    for number in range(1, 11):
        sentiment = (0.1, 0.9, 0.0) if number % 2 else (0.8, 0.2, 0.0)
        bench.step(bench.fetched("shadows", encode(shadow(bench, number, sentiment))))
    disputed = {review.document_id for review in bench.drawn if review.parts["disagreement"] > 0}
    agreed = {review.document_id for review in bench.drawn} - disputed
    assert disputed <= {f"d-{number}" for number in (1, 3, 5, 7, 9)}
    assert agreed <= {f"d-{number}" for number in (0, 2, 4, 6, 8, 10)}
    assert len(disputed) >= 3  # of 5, each with 0.9
    bench.wait(61)
    bench.step()  # nobody says anything of the last one
    assert bench.store.connection.execute("SELECT count(*) FROM undrawn").fetchone() == (0,)


def test_a_policy_that_failed_or_stopped_disputes_nothing_and_holds_nothing_up(new_bench) -> None:
    bench = new_bench(review_uniform=0.9, review_per_day=INF)
    bench.step(bench.fetched("shadows", encode(shadow(bench, 0, (0.1, 0.9, 0.0), failed=True))))
    bench.decide("d-0", TEXT)
    bench.wait(121)
    decide_many_after = [f"d-{number}" for number in range(1, 9)]
    for document_id in decide_many_after:
        bench.decide(document_id, TEXT)
    assert {review.parts["disagreement"] for review in bench.drawn} == {0.0}
    assert len(bench.drawn) >= 5  # of 9, each with 0.9


def test_a_plan_without_time_to_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="due_s must be > 0, got -1"):
        ReviewPlan(due_s=-1)
