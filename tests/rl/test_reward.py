import pytest

from models.labelled.example import Example, LabelledSpan
from rl.reward import (
    FUNCTIONS,
    LABEL_COSTS,
    PRODUCTION,
    RewardConfig,
    accuracy,
    label_reward,
    mention_f1,
    mentions_bleu,
    mentions_rouge_l,
    reward_of,
    span_f1,
)
from rl.rounds.unit import Unit, Units

TEXT = "Tesla sues Ford over batteries"
TESLA, FORD, BATTERIES = (0, 5), (11, 15), (21, 30)
RIGHT = Example(TEXT, 0, (LabelledSpan(*TESLA, 2), LabelledSpan(*FORD, 0)), are_spans_complete=True)


def only(name: str) -> RewardConfig:
    return RewardConfig({name: 1.0})


def test_a_right_label_is_worth_one_and_a_missed_negative_nothing() -> None:
    rewards = [label_reward((Unit(decided),), RIGHT, PRODUCTION) for decided in range(3)]
    assert rewards == [1.0, 0.0, 0.0]


def test_a_missed_negative_costs_more_than_any_other_mistake() -> None:
    missed = min(LABEL_COSTS[0][1:])
    assert all(missed > cost for row in LABEL_COSTS[1:] for cost in row)


def test_a_false_negative_costs_less_than_a_missed_one() -> None:
    neutral, positive = Example("a", sentiment=1), Example("a", sentiment=2)
    assert label_reward((Unit(0),), neutral, PRODUCTION) == pytest.approx(0.4)
    assert label_reward((Unit(0),), positive, PRODUCTION) == pytest.approx(0.2)


@pytest.mark.parametrize("name", ["label", "accuracy"])
def test_a_mixed_document_is_no_evidence_on_its_label(name: str) -> None:
    assert reward_of((Unit(0),), Example("a", sentiment=None), only(name)) is None


@pytest.mark.parametrize("name", ["label", "accuracy"])
def test_mentions_alone_are_no_evidence_on_the_label(name: str) -> None:
    assert reward_of((Unit(0, TESLA),), RIGHT, only(name)) is None


def test_accuracy_is_zero_or_one() -> None:
    assert [accuracy((Unit(decided),), RIGHT, PRODUCTION) for decided in range(3)] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("decided", "joint", "span"),
    [
        ((Unit(0), Unit(2, TESLA), Unit(0, FORD)), 1.0, 1.0),
        ((Unit(0), Unit(2, TESLA), Unit(1, FORD)), 0.5, 1.0),  # 1 of 2 and 2; 2 of 2 and 2
        ((Unit(0), Unit(2, TESLA)), 2 / 3, 2 / 3),  # 1 right of 1 decided and 2 labelled
        ((Unit(0), Unit(2, TESLA), Unit(0, FORD), Unit(1, BATTERIES)), 4 / 5, 4 / 5),  # 2 of 3 and 2
        ((Unit(0), Unit(2, (0, 10)), Unit(0, FORD)), 0.5, 0.5),  # offsets are exact
        ((Unit(0),), 0.0, 0.0),
    ],
)
def test_mentions_count_with_exact_offsets_and_sentiment(decided: Units, joint: float, span: float) -> None:
    assert mention_f1(decided, RIGHT, PRODUCTION) == pytest.approx(joint)
    assert span_f1(decided, RIGHT, PRODUCTION) == pytest.approx(span)


def test_finding_nothing_where_nothing_is_is_right() -> None:
    right = Example(TEXT, are_spans_complete=True)
    assert mention_f1((Unit(1),), right, PRODUCTION) == 1.0
    assert mention_f1((Unit(1), Unit(1, TESLA)), right, PRODUCTION) == 0.0


def test_a_document_without_annotated_spans_is_no_evidence_on_mentions() -> None:
    assert mention_f1((Unit(1), Unit(1, TESLA)), Example(TEXT, sentiment=1), PRODUCTION) is None


def test_where_spans_are_not_complete_only_what_touches_them_counts() -> None:
    right = Example(TEXT, spans=(LabelledSpan(*TESLA, 2),), are_spans_complete=False)
    assert mention_f1((Unit(2, TESLA), Unit(1, FORD)), right, PRODUCTION) == 1.0  # nobody knows about Ford
    assert (
        mention_f1((Unit(2, (0, 10)), Unit(1, FORD)), right, PRODUCTION) == 0.0
    )  # "Tesla sues" is known to be wrong


def test_what_lies_in_an_open_range_counts_neither_way() -> None:
    right = Example(TEXT, spans=RIGHT.spans, are_spans_complete=True, open_ranges=(BATTERIES,))
    decided = (Unit(0), Unit(2, TESLA), Unit(0, FORD), Unit(1, BATTERIES))
    assert mention_f1(decided, right, PRODUCTION) == 1.0


def test_a_mention_whose_sentiment_nobody_gave_is_right_with_any() -> None:
    right = Example(TEXT, spans=(LabelledSpan(*TESLA, None),), are_spans_complete=True)
    assert [mention_f1((Unit(s, TESLA),), right, PRODUCTION) for s in range(3)] == [1.0, 1.0, 1.0]


def test_word_sequences_are_the_mentions_each_with_its_sentiment() -> None:
    decided = (Unit(0), Unit(2, TESLA), Unit(1, FORD))
    # "Tesla positive Ford neutral" against "... negative": 3 common words, 4 and 4
    assert mentions_rouge_l(decided, RIGHT, PRODUCTION) == pytest.approx(0.75)
    # 3 of 4; (2 + 1) / (3 + 1); (1 + 1) / (2 + 1); (0 + 1) / (1 + 1)
    expected = (3 / 4 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert mentions_bleu(decided, RIGHT, PRODUCTION) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["bleu", "rouge_l"])
def test_word_sequences_need_every_mention_to_be_annotated(name: str) -> None:
    right = Example(TEXT, spans=RIGHT.spans, are_spans_complete=False)
    assert reward_of((Unit(0), Unit(2, TESLA)), right, only(name)) is None


def test_the_reward_is_the_mean_by_weight_of_what_has_evidence() -> None:
    config = RewardConfig({"label": 3.0, "mention_f1": 1.0})
    decided = (Unit(0), Unit(2, TESLA), Unit(1, FORD))
    assert reward_of(decided, RIGHT, config) == pytest.approx((3 * 1.0 + 1 * 0.5) / 4)
    assert reward_of(decided, Example(TEXT, sentiment=0), config) == 1.0  # mentions are left out, not counted as 0


def test_without_any_evidence_there_is_no_reward() -> None:
    assert reward_of((Unit(0),), Example(TEXT)) is None


def test_every_reward_of_anything_is_between_zero_and_one() -> None:
    actions: list[Units] = [
        (Unit(label), *mentions)
        for label in range(3)
        for mentions in ((), (Unit(2, TESLA),), (Unit(1, (0, 10)), Unit(0, FORD)), (Unit(0, BATTERIES),))
    ]
    for name in FUNCTIONS:
        rewards = [reward_of(action, RIGHT, only(name)) for action in actions]
        assert all(reward is not None and 0 <= reward <= 1 for reward in rewards), name


def test_costs_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="label_costs must be in"):
        RewardConfig(label_costs=((0, 2, 1), (0, 0, 0), (0, 0, 0)))
    with pytest.raises(ValueError, match="weights must be > 0"):
        RewardConfig({})
