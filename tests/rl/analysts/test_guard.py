from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from models.labelled.example import Example, LabelledSpan
from rl.analysts.guard import AnalystGuard, GuardConfig, GuardReason
from rl.analysts.quarantine import QuarantineReason, Release
from rl.rounds.round import Round, Verdict

AnswerOf = Callable[..., Round]
OTHERS = ("ada", "bob", "cy", "dee", "flo")
NOON_LATER = datetime(2026, 3, 1, 12, tzinfo=UTC)


def told(
    rounds: list[Round], config: GuardConfig | None = None, gold: dict[str, Example] | None = None
) -> AnalystGuard:
    guard = AnalystGuard(config, gold)
    for answered in rounds:
        guard.update(answered)
    return guard


def reasons(guard: AnalystGuard, rounds: list[Round]) -> set[GuardReason]:
    return {guard.reason_of(answered.id) for answered in rounds}


def calm(answer: AnswerOf) -> list[Round]:
    """Forty honest answers in four days, one in eleven of which, whoever gives it, moves Acme down."""
    return [
        answer(OTHERS[number % 5], number, day=number / 10, said=0 if number % 11 == 3 else 1) for number in range(40)
    ]


def push(answer: AnswerOf, n: int = 8) -> list[Round]:
    return [answer("eve", 100 + k, day=k / 3, said=0) for k in range(n)]


def mixed(answer: AnswerOf, seed: int) -> list[Round]:
    """What may happen: five honest ones and a pusher, three topics, second answers, changed minds, bare verdicts."""
    draw = Random(seed)
    rounds = []
    for number in range(120):
        name = draw.choice((*OTHERS, "eve"))
        topics = tuple(draw.sample(("acme", "bolt", "coda"), draw.choice((1, 1, 2))))
        said = 0 if name == "eve" and "acme" in topics else draw.choice((0, 1, 1, 1, 2))
        verdict = draw.choice((Verdict.CORRECT, Verdict.CORRECT, Verdict.CONFIRM, Verdict.REJECT))
        fields = {"day": number / 12, "topics": topics, "served": draw.choice((0, 1, 2)), "said": said}
        rounds.append(answer(name, number, verdict=verdict, **fields))
        if draw.random() < 0.2:
            rounds.append(answer(name, number, suffix="-b", **{**fields, "day": number / 12 + 0.5, "said": 1}))
        if draw.random() < 0.2:
            rounds.append(answer(draw.choice(OTHERS), number, suffix="-c", **fields))
    return rounds


@pytest.mark.parametrize("seed", range(5))
def test_in_whatever_order_and_however_often_rounds_come_they_weigh_the_same(answer: AnswerOf, seed: int) -> None:
    rounds = mixed(answer, seed)
    config = GuardConfig(sensitive_topics=frozenset({"coda"}))
    release = Release("eve", "acme", "ada", datetime(2026, 1, 4, tzinfo=UTC))
    first = told(rounds, config)
    first.release(release)
    shuffled = [*rounds, *rounds[:50]]
    Random(seed).shuffle(shuffled)
    second = AnalystGuard(config)
    second.release(release)
    for number, answered in enumerate(shuffled):
        second.update(answered)
        if number % 20 == 0:
            second.weigh([answered])  # what was asked on the way leaves no trace
    second.release(release)
    weights, again = first.weigh(rounds), second.weigh(rounds)
    assert [each.reason for each in weights] == [each.reason for each in again]
    assert [each.weight for each in weights] == pytest.approx([each.weight for each in again], abs=1e-9)
    assert first.quarantines() == second.quarantines()
    assert len({each.reason for each in weights}) >= 3


@pytest.mark.parametrize("seed", range(3))
def test_a_restored_guard_goes_on_as_the_original(answer: AnswerOf, seed: int) -> None:
    rounds = mixed(answer, seed)
    config = GuardConfig(sensitive_topics=frozenset({"coda"}))
    original = told(rounds[:90], config)
    original.release(Release("eve", "acme", "ada", datetime(2026, 1, 4, tzinfo=UTC)))
    snapshot = original.snapshot()
    restored = AnalystGuard.restore(snapshot, config)
    assert restored.snapshot() == snapshot
    for answered in rounds[90:]:
        original.update(answered)
        restored.update(answered)
    assert original.weigh(rounds) == restored.weigh(rounds)
    assert original.quarantines() == restored.quarantines()
    assert original.snapshot() == restored.snapshot()


def test_what_is_done_after_a_snapshot_does_not_change_it(answer: AnswerOf) -> None:
    original = told(calm(answer))
    snapshot = original.snapshot()
    original.release(Release("eve", "acme", "ada", NOON_LATER))
    assert AnalystGuard.restore(snapshot).snapshot() == snapshot


def test_a_push_is_held_from_its_beginning_once_it_shows(answer: AnswerOf) -> None:
    rounds, pushed = calm(answer), push(answer)
    guard = told([*rounds, *pushed[:3]])
    assert reasons(guard, pushed[:3]) == {GuardReason.COUNTED}
    for answered in pushed[3:]:
        guard.update(answered)
    assert reasons(guard, pushed) == {GuardReason.QUARANTINED}
    assert reasons(guard, rounds) == {GuardReason.COUNTED}
    [held] = guard.quarantines()
    assert (held.analyst, held.topic, held.reason) == ("eve", "acme", QuarantineReason.AGAINST_OTHERS)
    assert held.round_ids == tuple(answered.id for answered in pushed)


def test_the_pushers_rounds_on_other_topics_count(answer: AnswerOf) -> None:
    elsewhere = [answer("eve", 200 + k, day=k, topics=("bolt",)) for k in range(5)]
    guard = told([*calm(answer), *push(answer), *elsewhere])
    assert reasons(guard, elsewhere) == {GuardReason.COUNTED}


def test_a_true_crisis_that_others_confirm_is_held_by_nobody(answer: AnswerOf) -> None:
    first = [answer("eve", 100 + k, day=6 + k / 20, said=0) for k in range(8)]
    guard = told([*calm(answer), *first])
    assert reasons(guard, first) == {GuardReason.QUARANTINED}
    for number in range(16):
        guard.update(answer(OTHERS[number % 5], 300 + number, day=6 + number / 20, said=0))
    assert guard.quarantines() == []
    assert reasons(guard, first) == {GuardReason.COUNTED}


def test_an_honest_careless_analyst_weighs_less_and_is_not_held(answer: AnswerOf) -> None:
    draw, rounds = Random(5), []
    for number in range(240):
        truth = draw.randrange(3)
        served = truth if draw.random() < 0.85 else (truth + draw.choice((1, 2))) % 3
        for name in draw.sample((*OTHERS, "careless"), 2):
            p_error = 0.25 if name == "careless" else 0.05
            said = (truth + draw.choice((1, 2))) % 3 if draw.random() < p_error else truth
            topic = f"t{number % 12}"
            rounds.append(answer(name, number, day=number / 8, served=served, said=said, topics=(topic,)))
    guard = told(rounds)
    assert guard.quarantines() == []
    weights = {answered.analyst: each.weight for answered, each in zip(rounds, guard.weigh(rounds), strict=True)}
    assert 0.4 < weights["careless"] < 0.8
    assert all(weights[name] > weights["careless"] + 0.1 for name in OTHERS)


def test_a_second_person_releases_what_was_held_and_what_comes_later_is_looked_at_anew(answer: AnswerOf) -> None:
    pushed = push(answer)
    guard = told([*calm(answer), *pushed])
    guard.release(Release("eve", "acme", "ada", pushed[-1].corrected_at))
    assert reasons(guard, pushed) == {GuardReason.COUNTED}
    later = [answer("eve", 500 + k, day=4 + k / 10, said=0) for k in range(8)]
    for answered in later:
        guard.update(answered)
    assert reasons(guard, later) == {GuardReason.QUARANTINED}
    assert reasons(guard, pushed) == {GuardReason.COUNTED}


def test_what_is_dated_back_to_before_a_release_is_looked_at_anew(answer: AnswerOf) -> None:
    pushed = push(answer)
    released_at = pushed[-1].corrected_at
    guard = told([*calm(answer), *pushed])
    guard.release(Release("eve", "acme", "ada", released_at))
    later = [answer("eve", 500 + k, day=4 + k / 10, said=0) for k in range(8)]
    backdated = [replace(each, corrected_at=released_at, recorded_at=each.corrected_at) for each in later]
    for answered in backdated:
        guard.update(answered)
    assert reasons(guard, backdated) == {GuardReason.QUARANTINED}


def test_nobody_releases_themselves() -> None:
    with pytest.raises(ValueError, match="by must be a second person, got eve"):
        Release("eve", "acme", "eve", NOON_LATER)


def test_of_a_sensitive_topic_a_round_counts_once_another_person_says_the_same(answer: AnswerOf) -> None:
    guard = AnalystGuard(GuardConfig(sensitive_topics=frozenset({"acme"})))
    ada, bob, cy = (answer(name, 1, said=said) for name, said in (("ada", 0), ("bob", 2), ("cy", 0)))
    for answered in (ada, bob):
        guard.update(answered)
    assert reasons(guard, [ada, bob]) == {GuardReason.WAITS_FOR_SECOND}
    guard.update(cy)
    assert reasons(guard, [ada, cy]) == {GuardReason.COUNTED}
    assert guard.reason_of(bob.id) is GuardReason.WAITS_FOR_SECOND


def test_one_who_is_held_seconds_nobody(answer: AnswerOf) -> None:
    config = GuardConfig(sensitive_topics=frozenset({"acme"}))
    pushed = push(answer)
    guard = told([*calm(answer), *pushed, answer("ada", 100, day=0.1, said=0, suffix="-b")], config)
    assert guard.reason_of(pushed[0].id) is GuardReason.QUARANTINED
    assert guard.reason_of("r100-ada-b") is GuardReason.WAITS_FOR_SECOND


def test_of_two_answers_of_one_analyst_the_later_counts(answer: AnswerOf) -> None:
    before, after = answer("ada", 1, said=0), answer("ada", 1, day=1, said=2, suffix="-b")
    guard = told([after, before])
    assert guard.reason_of(before.id) is GuardReason.SUPERSEDED
    assert guard.weigh([before, after])[0].weight == 0.0
    assert guard.n_answers() == {"ada": 1}


def test_a_changed_answer_whose_topics_are_named_twice_takes_the_place_of_the_first(answer: AnswerOf) -> None:
    before = answer("ada", 1, topics=("acme", "acme"))
    guard = told([before, answer("ada", 1, day=1, suffix="-b")])
    assert guard.reason_of(before.id) is GuardReason.SUPERSEDED


def test_one_who_fails_gold_items_weighs_nothing(answer: AnswerOf) -> None:
    rounds = [answer("eve", number, said=0, topics=(f"t{number}",)) for number in range(30)]
    gold = {f"d{number}": Example("Acme", 1, (LabelledSpan(0, 4, 1),), True) for number in range(30)}
    weighed = told(rounds, gold=gold).weigh(rounds)
    assert {each.reason for each in weighed} == {GuardReason.UNRELIABLE}
    assert {each.weight for each in told(rounds).weigh(rounds)} != {0.0}


def test_one_analysts_share_of_what_is_weighed_is_capped_exactly(answer: AnswerOf) -> None:
    names = [f"analyst-{number}" for number in range(8)]
    many = [answer("ada", number, topics=(f"t{number}",)) for number in range(60)]
    rounds = [*many, *(answer(name, 100 + k, topics=(f"t{k}",)) for k, name in enumerate(names))]
    weighed = told(rounds).weigh(rounds)
    assert {each.reason for each in weighed[:60]} == {GuardReason.CAPPED}
    total = sum(each.weight for each in weighed)
    assert sum(each.weight for each in weighed[:60]) == pytest.approx(0.25 * total)


def test_the_cap_is_on_what_counts_in_the_update(answer: AnswerOf) -> None:
    rounds = [answer(f"analyst-{number}", number, topics=(f"t{number}",)) for number in range(8)]
    importances = [100.0, *[1.0] * 7]
    weighed = told(rounds).weigh(rounds, importances)
    shares = [each.weight * importance for each, importance in zip(weighed, importances, strict=True)]
    assert shares[0] == pytest.approx(0.25 * sum(shares))


def test_where_two_answer_one_who_is_alone_is_not_held(answer: AnswerOf) -> None:
    alone = [answer("ada", number, day=number / 3, said=0) for number in range(12)]
    assert told(alone).quarantines() == []
    team = [answer(name, 200, topics=("bolt",)) for name in ("bob", "cy")]
    [held] = told([*alone, *team]).quarantines()
    assert held.reason is QuarantineReason.ALONE


def test_a_round_that_it_was_not_told_of_is_refused(answer: AnswerOf) -> None:
    with pytest.raises(ValueError, match="round_id must be of a round that `update` was told of, got r1-ada"):
        AnalystGuard().weigh([answer("ada", 1)])


def test_texts_are_not_kept(answer: AnswerOf) -> None:
    secret = replace(
        answer("ada", 1), text="a text of nobody's business", right=Example("a text of nobody's business", 0)
    )
    assert b"nobody" not in told([secret]).snapshot()
