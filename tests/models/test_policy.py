import pytest
import torch

from models.batching import BatchLimits, decide_all
from models.labels import polarity
from models.policy import Policy

TEXTS = [
    "Tesla shares plunge after massive recall",
    "Infosys beats estimates, raises guidance; TCS slips",
    "$AAPL and $MSFT hit new highs https://t.co/x",
    "Fed minutes due later today",
    "FTX files for bankruptcy " + "as customers wait for their money " * 40,
    "",
]


def decide(policy: Policy, text: str):
    [action] = policy.decide(policy.tokenize([text]))
    return action


def test_it_reads_who_is_meant_and_what_is_said_of_them(shipped):
    action = decide(shipped, "Tesla shares plunge after massive recall")
    assert [span.surface for span in action.spans] == ["Tesla"]
    assert action.sentiment[0] > 0.5
    assert action.spans[0].sentiment[0] > 0.5


def test_sentiments_towards_two_names_in_one_text_may_differ(shipped):
    action = decide(shipped, "Gold falls as dollar strengthens")
    by_name = {span.surface: polarity(span.sentiment) for span in action.spans}
    assert by_name["Gold"] < -0.5
    assert by_name["dollar"] > 0.0


def test_in_float32_an_action_does_not_depend_on_its_batch():
    policy = Policy.load(device="cpu", dtype=torch.float32)
    together, _ = decide_all(policy, TEXTS)
    for text, action in zip(TEXTS, together, strict=True):
        alone = decide(policy, text)
        assert alone.sentiment == pytest.approx(action.sentiment, abs=1e-5)
        assert [(s.start, s.end) for s in alone.spans] == [(s.start, s.end) for s in action.spans]


def test_as_served_an_action_depends_on_its_batch_only_by_rounding(shipped):
    together, _ = decide_all(shipped, TEXTS)
    for text, action in zip(TEXTS, together, strict=True):
        # bfloat16 has 8 bits of mantissa; through six layers probabilities move by about a hundredth
        assert decide(shipped, text).sentiment == pytest.approx(action.sentiment, abs=0.05)


def test_the_same_texts_give_the_same_actions(shipped):
    limits = BatchLimits(max_padded_tokens=100)
    assert decide_all(shipped, TEXTS, limits) == decide_all(shipped, TEXTS, limits)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00",
        "😀😀",
        "\ud800 lone",
        "a" * 1_000_000,
        "word " * 200_000,
        "$",
        "株価が急落",
        "\u0301",
        "<b>&amp;</b>",
    ],
)
def test_any_text_gets_a_whole_action(shipped, text):
    action = decide(shipped, text)
    assert sum(action.sentiment) == pytest.approx(1.0)
    for span in action.spans:
        assert sum(span.sentiment) == pytest.approx(1.0)
        assert len(span.surface) == span.end - span.start
        span.surface.encode("utf-8")


def test_where_nothing_can_be_read_the_document_is_neutral(shipped):
    assert decide(shipped, " \n").sentiment == (0.0, 1.0, 0.0)


def test_no_documents_give_no_actions(shipped):
    assert shipped.decide([]) == []


def test_the_sentiment_towards_any_range_can_be_asked(shipped):
    [tokens] = shipped.tokenize(["Tesla shares plunge after massive recall"])
    [[towards, beyond]] = shipped.sentiments_towards([tokens], [[(0, 5), (90, 95)]])
    [action] = shipped.decide([tokens])
    assert towards == action.spans[0].sentiment
    assert beyond == action.sentiment
