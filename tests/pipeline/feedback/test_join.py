"""Corrections joined with decisions: out of order, twice, late, superseded, waiting; what they do to trends."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from pipeline.feedback.audit import AuditAction
from pipeline.feedback.round_record import round_of
from pipeline.records import ReadingRecord, SpanRecord
from rl.rounds.round import ReviewReason, Verdict

TEXT = "FTX halts withdrawals after crash"
NEUTRAL = {"sentiment": "neutral"}
SERVED = (0.9, 0.1, 0.0)  # what the keyword policy says of it, and of its mention


def mentions(sentiment: str, *, complete: bool = False) -> dict[str, object]:
    return {"mentions": [{"surface": "FTX", "sentiment": sentiment}], "are_mentions_complete": complete}


def test_a_correction_becomes_a_round_that_can_be_traced(bench) -> None:
    bench.decide("d-0", "Acme Holdings wins")
    bench.decide("d-1", TEXT, minute=1)
    bench.correct("d-1", id="c-1", labels={**NEUTRAL, **mentions("positive", complete=True)})
    [record] = bench.rounds
    assert (record.id, record.document_id, record.text, record.policy_version) == ("c-1", "d-1", TEXT, "keyword")
    assert (record.analyst, record.verdict, record.review_reason) == ("ada", Verdict.CORRECT, ReviewReason.FOUND)
    assert (record.trace.document, record.trace.decision, record.trace.correction) == ((0, 1), (0, 1), (0, 0))
    assert record.topics == ("ftx",)
    assert [(unit.sentiment, unit.start, unit.end) for unit in record.served] == [
        ("negative", None, None), ("negative", 0, 3)
    ]  # fmt: skip
    # label: 1 - 0.6, what a neutral document called negative costs; mentions: F1 0; each weighs half
    assert record.reward == pytest.approx(0.2)
    assert record.p_review is None


def test_a_confirmed_document_is_wholly_right(bench) -> None:
    bench.decide("d-1", TEXT)
    bench.correct("d-1", verdict="confirm")
    [record] = bench.rounds
    assert record.right is not None
    assert (record.right.sentiment, record.right.are_mentions_complete, record.reward) == ("negative", True, 1.0)
    assert [(mention.start, mention.end, mention.sentiment) for mention in record.right.mentions] == [
        (0, 3, "negative")
    ]
    assert [unit.propensity for unit in record.shown or ()] == [1.0, 1.0]
    assert bench.revisions == []


def test_a_bare_rejection_tells_no_reward(bench) -> None:
    bench.decide("d-1", TEXT)
    bench.correct("d-1", verdict="reject")
    [record] = bench.rounds
    assert (record.right, record.reward) == (None, None)
    assert bench.revisions == []


def test_a_rejection_may_say_which_of_what_was_shown_is_wrong(bench) -> None:
    bench.decide("d-1", TEXT)
    bench.correct("d-1", verdict="reject", wrong=[1], is_missing=True)
    [record] = bench.rounds
    assert (record.wrong, record.right, record.reward) == ((1,), None, None)
    assert (round_of(record).wrong, round_of(record).is_missing) == ((1,), True)


def test_a_correction_that_comes_before_its_decision_waits_for_it(bench) -> None:
    bench.correct("d-1", labels=NEUTRAL)
    assert bench.rounds == []
    assert bench.metric("feedback_waiting_corrections") == 1
    since = bench.metric("feedback_waiting_since_timestamp_seconds")
    assert since == bench.now.timestamp()
    bench.restart()
    bench.wait(30)
    bench.step()
    assert bench.metric("feedback_waiting_since_timestamp_seconds") == since
    bench.decide("d-1", TEXT)
    assert [record.id for record in bench.rounds] == ["c-0"]
    assert len(bench.revisions) == 1
    bench.wait(1000)
    bench.step()
    assert bench.dead == []
    assert bench.metric("feedback_waiting_corrections") == 0
    assert bench.metric("feedback_waiting_since_timestamp_seconds") == 0


def test_a_correction_waits_for_a_text_that_is_longer_than_the_decision_shows(bench) -> None:
    text = TEXT + " word" * 100
    document = bench.document("d-1", text)
    bench.step(bench.decision("d-1", text))
    bench.correct("d-1", labels=NEUTRAL)
    assert bench.rounds == []
    bench.step(document)
    assert [record.text for record in bench.rounds] == [text]


def test_a_correction_of_a_document_whose_text_is_gone_is_told_so(bench) -> None:
    text = TEXT + " word" * 100
    bench.fetched("documents", b"")  # what retention has deleted
    bench.step(bench.decision("d-1", text), bench.document("d-2", "later"))
    bench.correct("d-1", labels=NEUTRAL)
    assert bench.dead == [("past_horizon", "the document's text is no longer there")]


def test_a_correction_of_what_nobody_decided_is_given_up_after_a_while(bench) -> None:
    bench.correct("d-9", labels=NEUTRAL)
    bench.wait(61)
    bench.step(is_caught_up=False)  # its decision may be among what is not read yet
    assert bench.dead == []
    bench.step()
    assert bench.dead == [("unknown_document", "no decision about it within 60 s; check the document's id")]
    [sending] = bench.sent("documents.dlq")
    headers = dict(sending.headers)
    assert (headers["finsurge.stage"], headers["finsurge.kafka_topic"]) == ("feedback", "corrections")
    assert (headers["finsurge.partition"], headers["finsurge.offset"], sending.key) == ("0", "0", b"d-9")


def test_a_correction_that_comes_twice_is_one_round(bench) -> None:
    bench.decide("d-1", TEXT)
    again = bench.correction("d-1", id="c-1", labels=NEUTRAL)
    bench.step(again)
    bench.step(bench.fetched("corrections", again.value))
    bench.restart()
    bench.step(bench.fetched("corrections", again.value))
    assert len(bench.rounds) == len(bench.revisions) == len(bench.audited) == 1
    assert bench.metric("feedback_repeated_total") == 1  # since the restart
    assert bench.dead == []


def test_an_id_that_was_used_for_something_else_is_refused(bench) -> None:
    bench.decide("d-1", TEXT)
    bench.correct("d-1", id="c-1", labels=NEUTRAL)
    bench.correct("d-1", id="c-1", labels={"sentiment": "positive"})
    assert len(bench.rounds) == 1
    assert bench.dead == [("bad_id", "id 'c-1' was used for another correction; give each its own")]


def test_records_that_were_taken_are_not_taken_again_when_reading_goes_back(bench) -> None:
    bench.decide("d-1", TEXT)
    correction = bench.correction("d-1", verdict="confirm")
    bench.step(correction)
    bench.restart()
    bench.step(correction)
    assert len(bench.rounds) == 1
    assert bench.metric("feedback_repeated_total") == 0


def test_an_analysts_later_word_takes_the_place_of_the_earlier_one(bench) -> None:
    bench.decide("d-1", TEXT)
    bench.correct("d-1", id="c-1", labels=NEUTRAL)
    bench.wait(5)
    bench.correct("d-1", id="c-2", labels={"sentiment": "positive"})
    assert [record.trace.supersedes for record in bench.rounds] == [None, "c-1"]
    first, second = bench.revisions
    assert (first.right.sentiment, second.counted.sentiment) == ((0.0, 1.0, 0.0), (0.0, 1.0, 0.0))
    assert second.right.sentiment == (0.0, 0.0, 1.0)


def test_an_earlier_word_that_comes_later_changes_nothing(bench) -> None:
    bench.decide("d-1", TEXT)
    early = (bench.now - timedelta(seconds=60)).isoformat()
    bench.correct("d-1", id="c-2", labels={"sentiment": "positive"})
    bench.correct("d-1", id="c-1", labels=NEUTRAL, corrected_at=early)
    assert [(record.id, record.trace.supersedes) for record in bench.rounds] == [("c-2", None), ("c-1", None)]
    assert len(bench.revisions) == 1
    assert bench.metric("feedback_rounds_total", reason="superseded") == 1


def test_a_round_tells_when_its_correction_came_whatever_the_analyst_says_of_the_time(bench) -> None:
    bench.correct("d-1", labels=NEUTRAL, corrected_at=(bench.now - timedelta(days=9)).isoformat())
    came_at = bench.now
    bench.wait(5)  # it waits for its decision
    bench.decide("d-1", TEXT)
    assert [record.recorded_at for record in bench.rounds] == [came_at]


def test_two_analysts_make_two_rounds_and_the_later_one_counts(bench) -> None:
    bench.decide("d-1", TEXT)
    bench.correct("d-1", analyst="ada", labels=NEUTRAL)
    bench.wait(5)
    bench.correct("d-1", analyst="bob", labels={"sentiment": "positive"})
    assert [record.trace.supersedes for record in bench.rounds] == [None, None]
    assert bench.revisions[-1].right.sentiment == (0.0, 0.0, 1.0)


def test_a_correction_beyond_the_horizon_is_refused_whether_or_not_the_document_is_purged(new_bench) -> None:
    bench = new_bench(correction_horizon_s=3600.0)
    bench.decide("d-1", TEXT)
    bench.decide("d-2", "Acme Holdings wins", minute=61)
    bench.correct("d-1", labels=NEUTRAL)
    bench.decide("d-3", TEXT, minute=0)  # so old when it comes
    bench.correct("d-3", labels=NEUTRAL)
    bench.restart()
    bench.correct("d-1", labels=NEUTRAL)
    assert [reason for reason, _ in bench.dead] == ["past_horizon"] * 3
    assert bench.rounds == []


def test_the_store_keeps_nothing_beyond_the_horizon(new_bench) -> None:
    bench = new_bench(correction_horizon_s=3600.0, review_uniform=0.9, review_per_day=float("inf"))
    text = TEXT + " word" * 100
    for hour in range(6):
        for number in range(10):
            document_id = f"d-{hour}-{number}"
            bench.decide(document_id, f"{text} {hour} {number}", minute=60 * hour + number)
        bench.correct(f"d-{hour}-9", verdict="confirm")
        bench.wait(3600)
    bench.wait(2 * bench.settings.review_due_s)
    bench.step()
    counts = {
        table: bench.store.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        for table in (
            "documents",
            "decisions",
            "forgotten",
            "rounds",
            "corrections",
            "reviews",
            "stories",
            "revisions",
        )
    }
    # an hour back from minute 309: document 9 of hour 4 and all of hour 5; forgotten ones of an hour more
    assert counts == {
        "documents": 11, "decisions": 11, "forgotten": 9 + 1, "rounds": 2, "corrections": 2, "reviews": 0,
        "stories": 2, "revisions": 0,
    }  # fmt: skip


def test_only_what_differs_is_revised(bench) -> None:
    bench.decide("d-1", "FTX sues Acme Holdings over crash")
    bench.correct("d-1", labels=mentions("positive"))
    [revision] = bench.revisions
    assert revision.counted.sentiment == revision.right.sentiment == SERVED
    assert revision.right.spans == (
        SpanRecord(0, 3, "FTX", (0.0, 0.0, 1.0)),
        SpanRecord(9, 22, "Acme Holdings", SERVED),
    )
    [sending] = bench.sent("decisions")
    assert (sending.key, sending.partition) == (b"d-1", 0)


def test_labels_that_say_what_was_served_revise_nothing(bench) -> None:
    bench.decide("d-1", TEXT)
    bench.correct("d-1", labels={"sentiment": "negative", **mentions("negative", complete=True)})
    assert len(bench.rounds) == 1
    assert bench.revisions == []


def test_a_mention_that_is_none_is_taken_back(bench) -> None:
    bench.decide("d-1", TEXT)
    bench.correct("d-1", labels={"are_mentions_complete": True})
    assert bench.revisions[0].right == ReadingRecord(SERVED, ())


def test_the_revision_lies_in_the_partition_of_the_decision(bench) -> None:
    decision = bench.decision("d-1", TEXT)
    bench.step(msgspec_partition(bench, decision, 3))
    bench.correct("d-1", labels=NEUTRAL)
    assert [sending.partition for sending in bench.sent("decisions")] == [3]


def msgspec_partition(bench, decision, partition):
    """Return the same decision in another partition of `decisions`."""
    return bench.fetched("decisions", decision.value, partition=partition)


def test_copies_of_a_corrected_document_tell_its_story(bench) -> None:
    bench.decide("d-1", "FTX halts withdrawals after crash of its token, clients told on Tuesday")
    bench.decide("d-2", "FTX halts withdrawals after crash of its token, clients told on Tuesday night", minute=30)
    bench.decide("d-3", "Acme Holdings wins licence in Malta", minute=40)
    bench.decide("d-4", "FTX halts withdrawals after crash of its token, clients told on Tuesday", minute=60 * 25)
    for number in (2, 1, 3, 4):
        bench.correct(f"d-{number}", verdict="confirm")
    assert [record.story for record in bench.rounds] == ["d-2", "d-2", "d-3", "d-4"]


@pytest.mark.parametrize(
    ("fields", "reason", "detail"),
    [
        ({"analyst": "eve", "labels": NEUTRAL}, "unknown_analyst", "'eve' is not in the file of analysts"),
        ({"labels": None}, "bad_labels", "verdict `correct` needs labels that say something"),
        ({"verdict": "confirm", "labels": NEUTRAL}, "bad_labels", "verdict `confirm` has no labels"),
        ({"verdict": "confirm", "wrong": [0]}, "bad_labels", "verdict `confirm` has nothing wrong"),
        ({"verdict": "reject", "wrong": []}, "bad_labels", "wrong must name what is wrong, or be [] with is_missing"),
        ({"verdict": "reject", "is_missing": True}, "bad_labels", "wrong must name what is wrong"),
        ({"verdict": "reject", "wrong": [0, 0]}, "bad_labels", "places from 0, each once, got [0, 0]"),
        ({"verdict": "reject", "wrong": [-1]}, "bad_labels", "places from 0, each once, got [-1]"),
        ({"verdict": "reject", "wrong": [2]}, "bad_labels", "wrong names 2, but what was shown are 0 to 1"),
        ({"labels": {"mentions": [{"surface": "Tesla"}]}}, "bad_labels", "'Tesla' does not stand in the text"),
        ({"labels": NEUTRAL, "review_id": "r-1"}, "unknown_review", "review 'r-1' was not drawn of this document"),
        ({"labels": NEUTRAL, "corrected_at": "2030-01-01T00:00:00Z"}, "in_future", "is after 2026-03-02"),
        ({"labels": NEUTRAL, "schema": 2}, "unknown_schema", "schema must be 1, got 2"),
        ({"labels": {"sentiment": "bad"}}, "wrong_type", "Invalid enum value 'bad'"),
    ],
)
def test_what_cannot_be_used_is_a_dead_letter_with_its_reason(bench, caplog, fields, reason, detail) -> None:
    bench.decide("d-1", TEXT)
    bench.correct("d-1", **fields)
    [(told, more)] = bench.dead
    assert told == reason
    assert detail in more
    assert bench.rounds == []
    [logged] = caplog.records
    assert logged.getMessage() == f"a correction is refused: {reason}"  # the detail may quote the document
    assert logged.about == {"kafka_topic": "corrections", "partition": 0, "offset": 0, "reason": reason}
    assert bench.metric("feedback_rejected_total", reason=reason) == 1


def test_what_is_no_correction_at_all_is_kept_byte_by_byte(bench) -> None:
    bench.step(bench.fetched("corrections", b"\xff{", key=b"k"), bench.fetched("corrections", None))
    first, second = bench.sent("documents.dlq")
    assert (first.key, first.value, second.value) == (b"k", b"\xff{", None)
    assert [reason for reason, _ in bench.dead] == ["bad_unicode", "empty_record"]


def test_every_correction_is_in_the_audit_log_accepted_or_refused(bench) -> None:
    bench.decide("d-1", TEXT)
    bench.correct("d-1", labels=NEUTRAL)
    bench.correct("d-1", analyst="eve", labels=NEUTRAL)
    bench.step(bench.fetched("corrections", b"[]"))
    assert [(entry.who, entry.action, entry.subject) for entry in bench.audited] == [
        ("ada", AuditAction.CORRECTION_ACCEPTED, "c-0"),
        ("eve", AuditAction.CORRECTION_REFUSED, "c-1"),
        ("unknown", AuditAction.CORRECTION_REFUSED, "unknown"),
    ]
    assert bench.audited[1].details["reason"] == "unknown_analyst"


def test_a_second_decision_about_a_document_is_not_the_one_that_counts(bench) -> None:
    bench.decide("d-1", TEXT)
    repeated = msgspec.json.decode(bench.decision("d-1", TEXT).value or b"")
    repeated |= {"origin": [0, 0], "policy_version": "another"}
    bench.step(bench.fetched("decisions", msgspec.json.encode(repeated)))
    bench.correct("d-1", verdict="confirm")
    assert [record.policy_version for record in bench.rounds] == ["keyword"]
