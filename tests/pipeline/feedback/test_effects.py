"""Whose word acts on trends: a second person, a push, and what follows when either shows later."""

from __future__ import annotations

from pipeline.feedback.actions import QuarantineReleased
from pipeline.records import ReadingRecord, SpanRecord, encode

TEXT = "FTX halts withdrawals after crash"
SERVED = ReadingRecord((0.9, 0.1, 0.0), (SpanRecord(0, 3, "FTX", (0.9, 0.1, 0.0)),))
POSITIVE = {"sentiment": "positive", "mentions": [{"surface": "FTX", "sentiment": "positive"}]}
NEUTRAL = {"sentiment": "neutral", "mentions": [{"surface": "FTX", "sentiment": "neutral"}]}


def test_of_a_sensitive_topic_one_word_waits_for_a_second_and_acts_then(new_bench) -> None:
    bench = new_bench(sensitive_topics="ftx, acme")
    bench.decide("d-1", TEXT)
    bench.correct("d-1", id="c-1", analyst="ada", labels=POSITIVE)
    assert len(bench.rounds) == 1
    assert bench.revisions == []
    assert bench.metric("feedback_rounds_total", reason="waits_for_second") == 1
    bench.restart()
    bench.correct("d-1", id="c-2", analyst="bob", labels=NEUTRAL)
    assert bench.revisions == []  # another word is no second
    bench.correct("d-1", id="c-3", analyst="cyd", labels=POSITIVE)
    [revision] = bench.revisions
    assert (revision.correction_id, revision.counted) == ("c-3", SERVED)
    assert revision.right.sentiment == (0.0, 0.0, 1.0)


def test_of_other_topics_one_word_is_enough(new_bench) -> None:
    bench = new_bench(sensitive_topics="acme")
    bench.decide("d-1", TEXT)
    bench.correct("d-1", labels=POSITIVE)
    assert len(bench.revisions) == 1


def pushed(bench) -> None:
    """Have bob and cyd judge 40 reviews of the topic as it was served, and ada call all of 12 others positive."""
    for number in range(120):
        bench.decide(f"d-{number}", f"FTX loss number {number} shows fraud in branch {number}", minute=number)
    shown = [review for review in bench.drawn if review.proposal is not None]
    for review in shown[:40]:
        for analyst in ("bob", "cyd"):
            bench.correct(review.document_id, analyst=analyst, verdict="confirm", review_id=review.id)
    for number, review in enumerate(shown[40:52]):
        bench.wait(60)
        bench.correct(review.document_id, id=f"push-{number}", labels=POSITIVE, review_id=review.id)


def test_a_push_that_shows_is_taken_back_from_its_beginning_and_acts_no_more(new_bench) -> None:
    bench = new_bench(review_uniform=0.9, review_per_day=float("inf"))
    pushed(bench)
    revised = [revision for revision in bench.revisions if revision.right.sentiment == (0.0, 0.0, 1.0)]
    undone = [revision for revision in bench.revisions if revision.right.sentiment == (0.9, 0.1, 0.0)]
    assert 0 < len(revised) < 12
    assert {revision.document_id for revision in undone} == {revision.document_id for revision in revised}
    assert {revision.correction_id for revision in undone} == {f"push-{len(revised)}"}  # the one by which it showed
    assert all(revision.counted.sentiment == (0.0, 0.0, 1.0) for revision in undone)
    assert len(bench.rounds) == 40 * 2 + 12  # all are kept


def test_a_push_is_known_after_a_restart(new_bench) -> None:
    bench = new_bench(review_uniform=0.9, review_per_day=float("inf"))
    pushed(bench)
    n_revisions = len(bench.revisions)
    bench.restart()
    review = [review for review in bench.drawn if review.proposal is not None][52]
    bench.wait(60)
    bench.correct(review.document_id, labels=POSITIVE, review_id=review.id)
    assert len(bench.revisions) == n_revisions
    assert bench.metric("feedback_rounds_total", reason="quarantined") == 1


def test_who_pushes_where_nobody_else_looks_is_held_once_there_is_a_team(new_bench) -> None:
    bench = new_bench(review_uniform=0.9, review_per_day=float("inf"))
    for number in range(60):
        bench.decide(f"d-{number}", f"FTX loss number {number} shows fraud in branch {number}", minute=number)
    for review in [review for review in bench.drawn if review.proposal is not None][:20]:
        bench.wait(60)
        bench.correct(review.document_id, labels=POSITIVE, review_id=review.id)
    assert len(bench.revisions) == 20  # of two or fewer analysts nobody is there to confirm a true crisis
    bench.restart()
    for analyst in ("bob", "cyd"):
        bench.decide(f"by-{analyst}", "Acme Holdings wins licence", minute=70)
        bench.correct(f"by-{analyst}", id=f"c-{analyst}", analyst=analyst, verdict="confirm")
    undone = bench.revisions[20:]
    assert len({revision.document_id for revision in undone}) == len(undone) == 20
    assert {(revision.correction_id, revision.right.sentiment) for revision in undone} == {("c-cyd", (0.9, 0.1, 0.0))}


def released(bench, by: str) -> None:
    action = QuarantineReleased(id=f"a-{by}", topic="ftx", analyst="ada", by=by, at=bench.now, reason="a true crisis")
    bench.step(bench.fetched("actions", encode(action)))


def test_what_was_held_acts_once_a_second_person_releases_it(new_bench) -> None:
    bench = new_bench(review_uniform=0.9, review_per_day=float("inf"))
    pushed(bench)
    n_revisions = len(bench.revisions)
    released(bench, "bob")  # who may not
    assert len(bench.revisions) == n_revisions
    released(bench, "cyd")
    again = bench.revisions[n_revisions:]
    assert len({revision.document_id for revision in again}) == len(again) == 12
    assert {(revision.correction_id, revision.right.sentiment) for revision in again} == {("a-cyd", (0.0, 0.0, 1.0))}
    assert (bench.audited[-1].who, bench.audited[-1].subject) == ("cyd", "ada")
    bench.restart()
    released(bench, "cyd")
    assert len(bench.revisions) == n_revisions + 12
