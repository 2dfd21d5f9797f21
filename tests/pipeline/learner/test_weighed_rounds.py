from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from pipeline.feedback.records import RoundRecord
from pipeline.learner.round_log import LoggedRound, RoundLog
from pipeline.learner.weighed_rounds import WeighedRounds
from pipeline.records import encode
from rl.analysts.guard import AnalystGuard, GuardConfig, GuardReason
from rl.analysts.quarantine import Release
from rl.rounds.round import Round

RecordOf = Callable[..., RoundRecord]
OTHERS = ("ada", "bob", "cy", "dee", "flo")


def logged(record: RoundRecord) -> LoggedRound:
    return LoggedRound(record.id, record.document_id, record.analyst, record.corrected_at, encode(record))


def calm(record: RecordOf) -> list[LoggedRound]:
    """Forty answers in four days, each of which confirms what was served as bad."""
    return [logged(agreeing(record, number, OTHERS[number % 5], number * 144)) for number in range(40)]


def agreeing(record: RecordOf, number: int, analyst: str, minute: int) -> RoundRecord:
    made = at_minute(record(number, analyst=analyst), minute)
    right = msgspec.structs.replace(made.right, sentiment="negative", mentions=())
    return msgspec.structs.replace(made, right=right)


def at_minute(made: RoundRecord, minute: int) -> RoundRecord:
    return msgspec.structs.replace(made, corrected_at=datetime(2026, 1, 2, tzinfo=UTC) + timedelta(minutes=minute))


def push(record: RecordOf, n: int = 10) -> list[LoggedRound]:
    """Bad news about Tesla, all called good by one analyst."""
    return [logged(at_minute(record(100 + k, analyst="eve"), k * 400)) for k in range(n)]


def test_a_push_counts_no_more_once_it_shows_whoever_learned_from_it(record: RecordOf) -> None:
    rounds = WeighedRounds(RoundLog(":memory:"), AnalystGuard())
    pushed = push(record)
    rounds.add([*calm(record), *pushed[:2]], {0: 42})
    assert rounds.n_fresh() == 42
    rounds.use([pushed[0].id], update=1)
    rounds.add(pushed[2:], {0: 50})
    assert rounds.n_fresh() == 40
    assert rounds.reasons() == {GuardReason.COUNTED: 40, GuardReason.QUARANTINED: 9}
    fresh, older = rounds.weighed()
    assert [(each.id, each.weight) for each in older] == [(pushed[0].id, 0.0)]
    assert {each.weight > 0 for each in fresh if each.analyst == "eve"} == {False}
    assert {each.weight > 0 for each in fresh if each.analyst != "eve"} == {True}


def test_a_release_lets_them_count_again(record: RecordOf) -> None:
    rounds = WeighedRounds(RoundLog(":memory:"), AnalystGuard())
    rounds.add([*calm(record), *push(record)], {})
    before = rounds.n_changes
    rounds.release(Release("eve", "tesla", "ada", datetime(2026, 3, 1, tzinfo=UTC)))
    assert rounds.n_fresh() == 50
    assert rounds.n_changes > before


def test_after_a_restart_they_weigh_what_they_weighed(record: RecordOf, tmp_path: Path) -> None:
    with RoundLog(tmp_path / "rounds.sqlite") as log:
        rounds = WeighedRounds(log, AnalystGuard())
        rounds.add([*calm(record), *push(record)], {0: 50})
        rounds.use([f"c{number}" for number in range(20)], update=1)
        before = rounds.weighed(), rounds.reasons(), rounds.quarantines()
    with RoundLog(tmp_path / "rounds.sqlite") as log:
        again = WeighedRounds(log, AnalystGuard())
        assert (again.weighed(), again.reasons(), again.quarantines()) == before


def test_a_changed_mind_takes_the_place_of_the_answer_before(record: RecordOf) -> None:
    rounds = WeighedRounds(RoundLog(":memory:"), AnalystGuard())
    first = record(1)
    second = msgspec.structs.replace(at_minute(first, 90), id="c1-b")
    rounds.add([logged(first)], {})
    rounds.add([logged(second)], {})
    assert rounds.n_fresh() == 1
    assert [answered.id for answered in rounds.fresh()] == ["c1-b"]
    assert [each.id for each in rounds.weighed()[0]] == ["c1-b"]


def test_of_two_answers_at_the_same_time_log_and_guard_take_the_same(record: RecordOf) -> None:
    first = record(1)
    second = msgspec.structs.replace(first, id="c1-b")
    for order in ([first, second], [second, first]):
        rounds = WeighedRounds(RoundLog(":memory:"), AnalystGuard())
        rounds.add([logged(each) for each in order], {})
        assert (rounds.n_fresh(), [each.id for each in rounds.weighed()[0]]) == (1, ["c1-b"])


def test_what_comes_twice_is_told_once(record: RecordOf) -> None:
    told: list[Round] = []
    rounds = WeighedRounds(RoundLog(":memory:"), AnalystGuard(), told.append)
    rounds.add([logged(record(1))], {0: 1})
    rounds.use(["c1"], update=1)
    n_changes = rounds.n_changes
    rounds.add([logged(record(1))], {0: 1})
    assert ([answered.id for answered in told], rounds.n_fresh(), rounds.n_changes) == (["c1"], 0, n_changes)


def test_of_rounds_that_come_together_each_is_told_by_what_all_of_them_show(record: RecordOf) -> None:
    told: list[Round] = []
    rounds = WeighedRounds(RoundLog(":memory:"), AnalystGuard(), told.append)
    rounds.add([*calm(record), *push(record)], {})
    assert {answered.weight for answered in told if answered.analyst == "eve"} == {0.0}
    assert {answered.weight for answered in told if answered.analyst != "eve"} == {1.0}


def test_of_sensitive_topics_a_round_waits_for_a_second_one_that_agrees(record: RecordOf) -> None:
    guard = AnalystGuard(GuardConfig(sensitive_topics=frozenset({"tesla"})))
    rounds = WeighedRounds(RoundLog(":memory:"), guard)
    rounds.add([logged(record(1))], {})
    assert (rounds.n_fresh(), rounds.reasons()[GuardReason.WAITS_FOR_SECOND]) == (0, 1)
    other = msgspec.structs.replace(record(1, analyst="bob"), id="c1-bob")
    rounds.add([logged(other)], {})
    assert rounds.n_fresh() == 2


def test_a_report_is_judged_by_the_weights_of_its_time(record: RecordOf) -> None:
    rounds = WeighedRounds(RoundLog(":memory:"), AnalystGuard())
    pushed = push(record)
    rounds.add([*calm(record), *pushed[:2]], {})
    learned = [answered for answered in rounds.fresh() if answered.analyst == "eve"]
    rounds.add(pushed[2:], {})
    assert [answered.weight for answered in rounds.reweighed(learned)] == [0.0, 0.0]


def test_only_what_is_new_is_decoded(record: RecordOf) -> None:
    log = RoundLog(":memory:")
    rounds = WeighedRounds(log, AnalystGuard())
    rounds.add(calm(record), {})
    read: list[str] = []
    log.each = log.fresh = log.older = lambda: read.append("all")  # type: ignore[method-assign]
    rounds.add(push(record), {})
    assert rounds.n_fresh() == 40
    assert rounds.fresh()
    assert read == []
