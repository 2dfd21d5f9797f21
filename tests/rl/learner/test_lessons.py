from collections.abc import Callable

import pytest

from models.encoder import DEFAULT_ENCODER, find_encoder, load_tokenizer
from models.tokens import WordpieceTokenizer
from rl.learner.lessons import LessonConfig, lessons_of
from rl.rounds.round import Round, ShownUnit, Verdict
from rl.rounds.unit import Unit

AnswerOf = Callable[..., Round]


@pytest.fixture(scope="module")
def tokenizer() -> WordpieceTokenizer:
    return load_tokenizer(find_encoder(DEFAULT_ENCODER))


def test_what_is_reviewed_rarely_weighs_more(answer: AnswerOf, tokenizer: WordpieceTokenizer) -> None:
    often, rarely = lessons_of([answer(0, p_review=0.5), answer(1, p_review=0.25)], tokenizer)
    # 1/p is 2 and 4, their mean 3
    assert (often.weight, rarely.weight) == (pytest.approx(2 / 3), pytest.approx(4 / 3))


def test_no_document_weighs_more_than_the_limit(answer: AnswerOf, tokenizer: WordpieceTokenizer) -> None:
    rounds = [answer(number, p_review=1.0) for number in range(99)] + [answer(99, p_review=0.001)]
    assert lessons_of(rounds, tokenizer, LessonConfig(max_weight=3.0))[-1].weight == 3.0


def test_a_found_document_weighs_as_much_as_a_mean_one(answer: AnswerOf, tokenizer: WordpieceTokenizer) -> None:
    found = lessons_of([answer(0, p_review=None), answer(1, p_review=0.01)], tokenizer)
    assert [lesson.weight for lesson in found] == [1.0, 1.0]


def test_an_unreliable_analyst_weighs_less_and_a_quarantined_one_nothing(
    answer: AnswerOf, tokenizer: WordpieceTokenizer
) -> None:
    lessons = lessons_of([answer(0, weight=0.5), answer(1, weight=0.0)], tokenizer)
    assert [lesson.weight for lesson in lessons] == [0.5]


def test_a_bare_reject_teaches_about_what_was_shown(answer: AnswerOf, tokenizer: WordpieceTokenizer) -> None:
    [lesson] = lessons_of([answer(0, verdict=Verdict.REJECT)], tokenizer)
    assert lesson.right is None
    [judged] = lesson.judged
    assert not judged.are_right
    assert judged.shown[0].propensity == 0.9


def test_a_reject_that_says_what_is_wrong_teaches_about_each_unit(
    answer: AnswerOf, tokenizer: WordpieceTokenizer
) -> None:
    shown = (ShownUnit(Unit(0), 0.9), ShownUnit(Unit(1, (0, 3)), 0.8))
    [lesson] = lessons_of([answer(0, verdict=Verdict.REJECT, shown=shown, wrong=(1,))], tokenizer)
    assert [(judged.shown, judged.are_right) for judged in lesson.judged] == [
        ((shown[0],), True),
        ((shown[1],), False),
    ]


def test_a_text_of_which_nothing_can_be_read_teaches_nothing(answer: AnswerOf, tokenizer: WordpieceTokenizer) -> None:
    assert lessons_of([answer(0, text=" \n ")], tokenizer) == []


def test_one_who_answers_most_has_no_more_than_the_share_of_one(
    answer: AnswerOf, tokenizer: WordpieceTokenizer
) -> None:
    names = ["eve"] * 20 + [f"analyst-{number}" for number in range(8)]
    rounds = [answer(number, analyst=name) for number, name in enumerate(names)]
    weights = [lesson.weight for lesson in lessons_of(rounds, tokenizer, LessonConfig(max_share=0.25))]
    # eve's x of x + 8 is a quarter: x = 8 / 3, over 20 rounds
    assert weights[0] == pytest.approx(8 / 60)
    assert weights[20:] == [1.0] * 8
