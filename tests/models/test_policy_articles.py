"""Articles longer than what is read at once, and texts in other languages."""

import re
from collections.abc import Sequence
from itertools import cycle, islice
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.action import Action, Span
from models.batching import BatchLimits, decide_all
from models.labels import TAGS
from models.policy import Policy
from models.tokens import MAX_DOCUMENT_PIECES, MAX_PIECES, Tokens

FILLER = (
    "The committee met on Tuesday in the town hall to discuss the timetable for next year.",
    "Members read the minutes of the previous meeting and agreed on the order of business.",
    "The report lists the dates of the coming sessions and the names of the rooms.",
    "A second meeting will be held in the same building at the usual hour.",
)
BAD_NEWS = "Tesla shares plunge after massive recall and fraud investigation."
GOOD_LEAD = "Infosys beats estimates and raises guidance as profit jumps to a record. Shares of Infosys surge."
BAD_LEAD = "Infosys misses estimates and cuts guidance as profit plunges. Shares of Infosys crash to a record low."


def article(n_words: int, lead: str = "", buried: str = "", at_word: int = 0) -> str:
    """Return dull sentences of so many words, begun with a lead, with a sentence buried at a word."""
    words: list[str] = lead.split()
    for sentence in islice(cycle(FILLER), n_words):
        if buried and len(words) >= at_word:
            words += buried.split()
            buried = ""
        words += sentence.split()
        if len(words) >= n_words:
            break
    return " ".join(words)


class Counting(Policy):
    """A policy that tells the sizes of its forwards."""

    sizes: list[tuple[int, int]]

    def _forward(self, batch: Sequence[Tokens]):
        self.sizes.append((len(batch), max(map(len, batch))))
        return super()._forward(batch)


class ShortSighted(Policy):
    """A policy that knows names by heart, and near the borders inside a document sees them everywhere."""

    def _forward(self, batch: Sequence[Tokens]):
        return [(np.array([0.0, 1.0, 0.0]), self._tags(tokens)) for tokens in batch]

    def _tags(self, tokens: Tokens):
        words = [tokens.text[start:end] for start, end in tokens.offsets]
        tags = [TAGS.index("O")] * len(words)
        for n, word in enumerate(words):
            if word in ("Acme", "Big"):
                tags[n] = TAGS.index("B-neutral")
            elif word in ("Blue", "Steel"):
                tags[n] = TAGS.index("I-neutral")
        is_first = not tokens.text[: tokens.offsets[0][0]].strip()
        is_last = not tokens.text[tokens.offsets[-1][1] :].strip()
        for n in [*range(0 if is_first else 20), *range(len(words) - (0 if is_last else 20), len(words))]:
            tags[n] = TAGS.index("B-negative")
        return np.eye(len(TAGS), dtype=np.float32)[tags]


@pytest.fixture(scope="module")
def exact() -> Policy:
    return Policy.load(device="cpu", dtype=torch.float32)


@pytest.fixture
def counting() -> Counting:
    policy = Counting.load(device="cpu")
    assert isinstance(policy, Counting)
    policy.sizes = []
    return policy


def decide(policy: Policy, text: str) -> Action:
    [action] = policy.decide(policy.tokenize([text]))
    return action


def named(action: Action, name: str) -> list[Span]:
    return [span for span in action.spans if span.surface == name]


def test_bad_news_in_the_three_thousand_five_hundredth_word_is_found(shipped):
    text = article(4000, buried=BAD_NEWS, at_word=3500)
    [span] = named(decide(shipped, text), "Tesla")
    assert text[: span.start].count(" ") >= 3500
    assert span.sentiment[0] > 0.5


@pytest.mark.parametrize(("lead", "label"), [(GOOD_LEAD, 2), (BAD_LEAD, 0)])
def test_the_document_follows_its_lead_however_long_it_is(shipped, lead, label):
    # the lead is a paragraph: as much of the first window as the policy would read of it alone
    for n_words in (120, 1000, 4000):
        sentiment = decide(shipped, article(n_words, lead=" ".join([lead] * 8))).sentiment
        assert sentiment.index(max(sentiment)) == label
        assert sum(sentiment) == pytest.approx(1.0)


@pytest.fixture
def short_sighted() -> ShortSighted:
    policy = ShortSighted.load(device="cpu")
    assert isinstance(policy, ShortSighted)
    return policy


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.integers(250, 900))
def test_every_mention_of_a_long_text_is_found_once_and_whole(short_sighted, seed, n_words):
    words = Random(seed).choices(["a", "word", "Acme", "Big Blue Steel", "stops.", "\n"], k=n_words)
    text = " and ".join(words)
    action = decide(short_sighted, text)
    assert [span.surface for span in action.spans] == re.findall("Acme|Big Blue Steel", text)
    assert all(text[span.start : span.end] == span.surface for span in action.spans)


def test_forwards_stay_within_the_budget_and_windows_are_not_padded_against_short_documents(counting):
    texts = [article(1500), "Tesla falls", "Ford rises", article(900), *["a short post about nothing"] * 5]
    _, stats = decide_all(counting, texts, BatchLimits(max_padded_tokens=1024))
    assert sum(batch.n_documents for batch in stats) == len(texts)
    assert all(n_windows * longest <= 1024 for n_windows, longest in counting.sizes)
    assert max(longest for _, longest in counting.sizes) <= MAX_PIECES
    assert counting.sizes[0] == (7, 7)  # the short ones share a forward of their own


def test_what_comes_after_the_bound_is_cut_off(counting):
    [tokens] = counting.tokenize(["word " * 20_000])
    assert len(tokens) == MAX_DOCUMENT_PIECES
    # windows of 254 pieces beside the marks, every 190; 8,190 pieces to cover: 1 + ceil((8190 - 254) / 190) = 43
    counting.decide([tokens], 256)
    assert len(counting.sizes) == 43


def test_long_documents_do_not_depend_on_their_batch_or_its_order(exact):
    texts = [article(400, lead=GOOD_LEAD), "Tesla falls", article(700, buried=BAD_NEWS, at_word=500), BAD_LEAD]
    together, _ = decide_all(exact, texts)
    backwards, _ = decide_all(exact, texts[::-1], BatchLimits(max_padded_tokens=512))
    for text, one, other in zip(texts, together, reversed(backwards), strict=True):
        alone = decide(exact, text)
        for action in (one, other):
            assert action.sentiment == pytest.approx(alone.sentiment, abs=1e-5)
            assert [(s.start, s.end) for s in action.spans] == [(s.start, s.end) for s in alone.spans]
            for span, same in zip(action.spans, alone.spans, strict=True):
                assert span.sentiment == pytest.approx(same.sentiment, abs=1e-5)


def test_the_sentiment_towards_a_name_far_down_is_that_of_its_window(shipped):
    text = article(2000, buried=BAD_NEWS, at_word=1500)
    start = text.index("Tesla")
    [tokens] = shipped.tokenize([text])
    [[towards]] = shipped.sentiments_towards([tokens], [[(start, start + 5)]])
    assert towards == named(decide(shipped, text), "Tesla")[0].sentiment


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Deutsche Bank streicht 3.500 Stellen nach Gewinneinbruch und Betrugsverdacht", "de"),
        ("FTX se declara en bancarrota tras el fraude y el colapso", "es"),
        ("恒大集团股价暴跌,投资者损失惨重", "zh"),
    ],
)
def test_text_in_another_language_is_told_and_decided_with_little_confidence(shipped, text, language):
    action = decide(shipped, text)
    assert action.language == language
    for sentiment in (action.sentiment, *(span.sentiment for span in action.spans)):
        assert sentiment[1] == max(sentiment) < 0.6
        assert sentiment[0] < 0.4
    [tokens] = shipped.tokenize([text])
    [[towards]] = shipped.sentiments_towards([tokens], [[(0, 3)]])
    assert towards[1] == max(towards) < 0.6


def test_english_and_what_has_no_language_is_decided_as_ever(shipped):
    assert decide(shipped, "Tesla shares plunge after massive recall").language == "en"
    assert decide(shipped, "$TSLA $F").language == "und"
