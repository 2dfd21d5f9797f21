from models.decider import Decider
from models.keyword import KeywordPolicy


def decide(text: str):
    policy: Decider = KeywordPolicy()
    [action] = policy.decide(policy.tokenize([text]))
    return action


def test_more_negative_than_positive_words_make_a_negative_document():
    assert decide("profit up but fraud probe and lawsuit").sentiment == (0.9, 0.1, 0.0)


def test_runs_of_capitalised_words_are_one_mention_and_cashtags_keep_their_mark():
    surfaces = [span.surface for span in decide("Asian Paints, $TSLA and Bank of Baroda rise").spans]
    assert surfaces == ["Asian Paints", "$TSLA", "Bank", "Baroda"]


def test_an_empty_text_is_neutral_and_mentions_nothing():
    assert decide("").sentiment == (0.0, 1.0, 0.0)
    assert decide("").spans == ()


def test_spans_lie_where_their_surface_stands():
    text = "Shares of Acme Corp fell; $X too"
    for span in decide(text).spans:
        assert text[span.start : span.end] == span.surface
