from collections.abc import Callable
from dataclasses import replace

from models.labelled.example import Example, LabelledSpan
from rl.analysts.claim import Push, claim_of
from rl.rounds.round import Round, Verdict
from rl.rounds.unit import Unit

AnswerOf = Callable[..., Round]


def test_a_correction_pushes_the_way_it_moves_the_sum_of_polarities(answer: AnswerOf) -> None:
    assert claim_of(answer("ada", 1, served=1, said=0)).push is Push.NEGATIVE
    assert claim_of(answer("ada", 1, served=0, said=2)).push is Push.POSITIVE
    assert claim_of(answer("ada", 1, served=2, said=2)).push is Push.NONE


def test_to_take_a_negative_mention_away_is_a_push_upwards(answer: AnswerOf) -> None:
    taken = replace(answer("ada", 1, served=0), right=Example("Acme said on Monday", 0, (), are_spans_complete=True))
    assert claim_of(taken).push is Push.POSITIVE
    open_ended = replace(taken, right=Example("Acme said on Monday", 0))
    assert claim_of(open_ended).push is Push.NONE


def test_to_add_a_negative_mention_is_a_push_downwards(answer: AnswerOf) -> None:
    right = Example("Acme said on Monday", 1, (LabelledSpan(13, 19, 0),), are_spans_complete=False)
    assert claim_of(replace(answer("ada", 1), right=right)).push is Push.NEGATIVE


def test_a_rejection_pushes_away_from_what_was_shown_where_that_has_one_way(answer: AnswerOf) -> None:
    assert claim_of(answer("ada", 1, served=0, verdict=Verdict.REJECT)).push is Push.POSITIVE
    assert claim_of(answer("ada", 1, served=1, verdict=Verdict.REJECT)).push is Push.NONE
    assert claim_of(answer("ada", 1, served=0, verdict=Verdict.CONFIRM)).push is Push.NONE


def test_a_rejection_that_says_what_is_wrong_judges_that_alone_and_confirms_the_rest(answer: AnswerOf) -> None:
    shown = answer("ada", 1, served=0, verdict=Verdict.REJECT)
    claim = claim_of(replace(shown, wrong=(1,)))
    assert (claim.judged, claim.said, claim.push) == ((((0, 4), 0),), ((None, 0),), Push.POSITIVE)
    missing = claim_of(replace(shown, wrong=(), is_missing=True))
    assert (missing.is_rejection, missing.judged, len(missing.said), missing.push) == (False, (), 2, Push.NONE)


def test_what_is_as_negative_as_can_be_cannot_be_moved_that_way(answer: AnswerOf) -> None:
    claim = claim_of(answer("ada", 1, served=0, said=0))
    assert (claim.can_move(Push.NEGATIVE), claim.can_move(Push.POSITIVE)) == (False, True)
    mixed = replace(answer("ada", 1, served=0), served=(Unit(0), Unit(2, (0, 4))))
    assert claim_of(mixed).can_move(Push.NEGATIVE)
