from dataclasses import replace

from models.action import Action, Span
from models.labelled.example import Example, LabelledSpan
from rl.analysts.simulated import AnalystsConfig
from rl.exploration import ExplorationConfig
from rl.review import ReviewConfig
from rl.rounds.round import ReviewReason, Verdict
from rl.rounds.unit import Unit
from rl.study.answers import Answer, Answering, Desk, DeskConfig, proposal_of, topics_of, verdict_on
from rl.study.stream import Chunk, StreamConfig, chunks_of

TRUTH = Example("FTX halts withdrawals", 0, (LabelledSpan(0, 3, 0),), are_spans_complete=True)
RIGHT = Action((0.9, 0.1, 0.0), (Span(0, 3, "FTX", (0.8, 0.2, 0.0)),))
WRONG = Action((0.1, 0.8, 0.1), (Span(0, 3, "FTX", (0.8, 0.2, 0.0)),))
ALL = ReviewConfig(uniform=1.0, uncertain=0.0, impact=0.0, disagreement=0.0, max_p=1.0)
ERRORLESS = AnalystsConfig(p_error=0.0)


def stream(n_documents: int) -> Chunk:
    truths = [replace(TRUTH, text=f"FTX halts withdrawals {n} {n * n}") for n in range(n_documents)]
    [chunk] = chunks_of(truths, 1, StreamConfig(n_chunks=1))
    return chunk


def test_one_document_in_ten_is_drawn_with_its_logged_probability() -> None:
    chunk = stream(2000)
    desk = Desk(DeskConfig(), seed=3)
    asked = desk.asked_of(chunk)
    # 200 expected of 2,000 coins, standard deviation 13.4
    assert 150 < len(asked) < 250
    rounds = desk.rounds_of(chunk, {document.id: RIGHT for document in asked}, "p-1")
    assert [answered.document_id for answered in rounds] == [document.id for document in asked]
    assert {answered.p_review for answered in rounds} == {0.1}


def test_the_coin_does_not_depend_on_the_policy() -> None:
    chunk = stream(200)
    desk = Desk(DeskConfig(), seed=3)
    actions = {document.id: RIGHT for document in chunk}
    others = {document.id: WRONG for document in chunk}
    one = desk.rounds_of(chunk, actions, "p-1")
    other = desk.rounds_of(chunk, others, "p-2")
    assert [(answered.id, answered.right) for answered in one] == [(each.id, each.right) for each in other]


def test_a_correction_rewards_what_was_served() -> None:
    desk = Desk(DeskConfig(review=ALL, analysts=ERRORLESS), seed=1)
    [right] = desk.rounds_of(stream(1), {"d0": RIGHT}, "p-1")
    [wrong] = desk.rounds_of(stream(1), {"d0": WRONG}, "p-1")
    # a missed negative earns nothing of the label's half; the mention is right
    assert (right.reward, wrong.reward) == (1.0, 0.5)


def test_a_bare_confirmation_gives_the_labels_and_a_rejection_none() -> None:
    greedy = ExplorationConfig(epsilon=0.0)
    config = DeskConfig(review=ALL, analysts=ERRORLESS, answering=Answering.VERDICTS, exploration=greedy)
    [confirmed] = Desk(config, 1).rounds_of(stream(1), {"d0": RIGHT}, "p-1")
    [rejected] = Desk(config, 1).rounds_of(stream(1), {"d0": WRONG}, "p-1")
    assert confirmed.verdict is Verdict.CONFIRM
    assert confirmed.right is not None
    assert (confirmed.right.sentiment, confirmed.right.spans) == (0, TRUTH.spans)
    assert (rejected.verdict, rejected.right, rejected.reward) == (Verdict.REJECT, None, None)


def test_a_rejection_says_which_units_are_wrong_and_whether_a_mention_is_missing() -> None:
    assert verdict_on((Unit(0),), TRUTH) == Answer(Verdict.REJECT, (), is_missing=True)
    assert verdict_on((Unit(1), Unit(0, (0, 3))), TRUTH) == Answer(Verdict.REJECT, (0,))
    # a part of the right mention: it is wrong, and nothing beside it is missing
    assert verdict_on((Unit(0), Unit(0, (0, 2))), TRUTH) == Answer(Verdict.REJECT, (1,))
    assert verdict_on((Unit(0), Unit(0, (0, 3))), TRUTH) == Answer(Verdict.CONFIRM)


def test_an_explored_proposal_carries_the_propensity_of_each_unit() -> None:
    label, mention = proposal_of("d", "p-1", RIGHT, ExplorationConfig(epsilon=0.1))
    # 0.9 + 0.1 * 0.9 and 0.9 + 0.1 * 0.8, both greedy with this seed
    assert (label.unit, round(label.propensity, 6)) == (Unit(0), 0.99)
    assert (mention.unit, round(mention.propensity, 6)) == (Unit(0, (0, 3)), 0.98)


def test_hostile_analysts_push_their_company_and_come_upon_it_unasked() -> None:
    never = ReviewConfig(uniform=0.01, uncertain=0.0, impact=0.0, disagreement=0.0)
    analysts = AnalystsConfig(p_error=0.0, hostile_share=0.2, target="ftx")
    desk = Desk(DeskConfig(review=never, analysts=analysts, p_found=1.0), seed=1)
    chunk = stream(20)
    rounds = desk.rounds_of(chunk, {document.id: RIGHT for document in chunk}, "p-1")
    found = [answered for answered in rounds if answered.review_reason is ReviewReason.FOUND]
    assert {answered.analyst for answered in found} == {"analyst-8", "analyst-9"}
    assert all(answered.right is not None and answered.right.sentiment == 2 for answered in found)


def test_topics_are_the_normalised_names_of_what_was_served_and_of_what_is_right() -> None:
    right = replace(TRUTH, text="FTX Inc. halts Acme", spans=(LabelledSpan(0, 8, 0),))
    assert topics_of(right.text, (Unit(1), Unit(1, (15, 19))), right) == ("~acme", "~ftx")
