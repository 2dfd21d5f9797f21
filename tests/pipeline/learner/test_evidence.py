from datetime import UTC, datetime

from pipeline.learner.evidence import TrialEvidence
from pipeline.records import Origin, ReadingRecord, ShadowDecision

AT = datetime(2026, 1, 2, tzinfo=UTC)
BAD = ReadingRecord((0.8, 0.1, 0.1), ())
GOOD = ReadingRecord((0.1, 0.1, 0.8), ())


def shadow(
    number: int, served: ReadingRecord, reading: ReadingRecord | None, by: str = "p-2", served_by: str = "p-1"
) -> ShadowDecision:
    return ShadowDecision(
        document_id=f"d{number}",
        origin=Origin(0, number),
        kind="news",
        source="Wire",
        published_at=AT,
        decided_at=AT,
        served_version=served_by,
        served=served,
        policy_version=by,
        reading=reading,
    )


def test_pairs_are_counted_and_give_the_ratio_of_negatives() -> None:
    evidence = TrialEvidence("p-2", "p-1")
    for number in range(4000):
        evidence.update(shadow(number, BAD if number % 4 == 0 else GOOD, BAD if number % 10 < 3 else GOOD))
    assert (evidence.n_shadow, evidence.n_failed, evidence.n_canary) == (4000, 0, 0)
    # 30 % against 25 %
    assert abs(evidence.ratio().shrunk - 1.2) < 0.02


def test_where_it_has_served_itself_the_pair_is_turned_round() -> None:
    evidence = TrialEvidence("p-2", "p-1")
    for number in range(400):
        evidence.update(shadow(number, BAD, GOOD, by="p-1", served_by="p-2"))
        evidence.update(shadow(number + 400, BAD, BAD))
    assert (evidence.n_shadow, evidence.n_canary) == (800, 400)
    assert evidence.ratio().shrunk > 1.5


def test_a_failure_of_the_version_on_trial_counts_against_it() -> None:
    evidence = TrialEvidence("p-2", "p-1")
    evidence.update(shadow(1, BAD, None))
    evidence.update(shadow(2, BAD, None, by="p-1", served_by="p-2"))  # the serving one failed: not its fault
    assert (evidence.n_shadow, evidence.n_failed, evidence.n_canary) == (0, 1, 1)


def test_what_is_said_of_other_versions_is_left_out() -> None:
    evidence = TrialEvidence("p-2", "p-1")
    evidence.update(shadow(1, BAD, GOOD, by="p-3"))
    evidence.update(shadow(2, BAD, GOOD, served_by="p-0"))
    assert evidence.n_shadow == 0
    assert evidence.ratio().n_documents == 0
