from collections.abc import Callable
from dataclasses import replace

from models.labelled.example import Example, LabelledSpan
from rl.analysts.claim import claim_of
from rl.analysts.two_person import agree, is_seconded
from rl.rounds.round import Round, Verdict

AnswerOf = Callable[..., Round]
TEXT = "Acme said on Monday"


def test_the_same_labels_second_each_other(answer: AnswerOf) -> None:
    ada, bob = (claim_of(answer(name, 1, said=0)) for name in ("ada", "bob"))
    assert is_seconded(ada, [bob])
    assert is_seconded(bob, [ada])


def test_nobody_seconds_themselves_or_another_document(answer: AnswerOf) -> None:
    ada = claim_of(answer("ada", 1, said=0))
    again, elsewhere = claim_of(answer("ada", 1, said=0, suffix="-b")), claim_of(answer("bob", 2, said=0))
    assert not is_seconded(ada, [ada, again, elsewhere])


def test_other_labels_second_nothing(answer: AnswerOf) -> None:
    assert not agree(claim_of(answer("ada", 1, said=0)), claim_of(answer("bob", 1, said=2)))


def test_what_one_adds_the_other_must_have_seen_too(answer: AnswerOf) -> None:
    both = claim_of(answer("ada", 1, said=0))
    only_document = claim_of(replace(answer("bob", 1), right=Example(TEXT, 0)))
    assert not agree(both, only_document)
    unchanged_mention = claim_of(replace(answer("ada", 1), right=Example(TEXT, 0, (LabelledSpan(0, 4, 1),))))
    assert agree(unchanged_mention, only_document)


def test_a_confirmation_does_not_second_a_change(answer: AnswerOf) -> None:
    change, confirmed = claim_of(answer("ada", 1, said=0)), claim_of(answer("bob", 1, verdict=Verdict.CONFIRM))
    assert not agree(change, confirmed)
    assert agree(claim_of(answer("ada", 1, said=1)), confirmed)


def test_a_rejection_is_seconded_by_one_of_the_same_or_by_labels_that_contradict(answer: AnswerOf) -> None:
    rejected = claim_of(answer("ada", 1, served=1, verdict=Verdict.REJECT))
    assert agree(rejected, claim_of(answer("bob", 1, served=1, verdict=Verdict.REJECT)))
    assert agree(rejected, claim_of(answer("bob", 1, served=1, said=0)))
    assert not agree(rejected, claim_of(answer("bob", 1, served=1, said=1)))


def test_agreement_has_no_direction(answer: AnswerOf) -> None:
    claims = [claim_of(answer(name, 1, said=said)) for name, said in (("ada", 0), ("bob", 1), ("cy", 2))]
    claims += [claim_of(answer("dee", 1, verdict=verdict)) for verdict in (Verdict.CONFIRM, Verdict.REJECT)]
    assert all(agree(one, other) == agree(other, one) for one in claims for other in claims)
