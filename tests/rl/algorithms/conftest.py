"""A tiny network of random weights, and a toy language in which what is right is known.

`acme` and `bolt` are names; the word before a name says the sentiment towards it; the document's is that of its first
name. The best policy earns 1 on every document.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
import torch
from transformers import BertConfig, BertModel

from models.labelled.example import Example, LabelledSpan
from models.network import PolicyNetwork
from models.tokens import Tokens
from rl.algorithms.feedback import Feedback

WORDS = ("[PAD]", "[CLS]", "[SEP]", "acme", "bolt", "falls", "is", "soars", "and", "then", "vague")
SENTIMENT_OF = {"falls": 0, "is": 1, "soars": 2}
NAMES = ("acme", "bolt")


class ToyLanguage:
    """Texts of it, as tokens and with what is right of them."""

    def tokens_of(self, text: str) -> Tokens:
        offsets: list[tuple[int, int]] = []
        for word in text.split():
            start = offsets[-1][1] + 1 if offsets else 0
            offsets.append((start, start + len(word)))
        ids = [WORDS.index(word) for word in text.split()]
        n_tokens = len(ids)
        return Tokens(text, tuple(offsets), tuple(range(1, n_tokens + 1)), (1, *ids, 2), (0, *[1] * n_tokens, 0))

    def right_of(self, text: str) -> Example:
        tokens, words = self.tokens_of(text), text.split()
        spans = [
            LabelledSpan(*tokens.offsets[place], SENTIMENT_OF[words[place - 1]])
            for place, word in enumerate(words)
            if word in NAMES
        ]
        return Example(text, spans[0].sentiment if spans else 1, tuple(spans), are_spans_complete=True)

    def texts(self, n_documents: int, seed: int) -> list[str]:
        rng = Random(seed)
        texts: list[str] = []
        for _ in range(n_documents):
            n_names = rng.choice((0, 1, 1, 2))
            parts = [f"{rng.choice(list(SENTIMENT_OF))} {rng.choice(NAMES)}" for _ in range(n_names)]
            texts.append(" ".join([rng.choice(("and", "then")), *parts, rng.choice(("and", "then"))]))
        return texts

    def feedback(self, n_documents: int, seed: int) -> list[Feedback]:
        texts = self.texts(n_documents, seed)
        return [Feedback(self.tokens_of(text), right=self.right_of(text)) for text in texts]


@pytest.fixture(scope="session")
def toy() -> ToyLanguage:
    return ToyLanguage()


@pytest.fixture
def make_network() -> Callable[[int], PolicyNetwork]:
    def make(seed: int) -> PolicyNetwork:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            config = BertConfig(
                vocab_size=len(WORDS),
                hidden_size=32,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=64,
                initializer_range=0.1,
                hidden_dropout_prob=0.0,
                attention_probs_dropout_prob=0.0,
            )
            return PolicyNetwork(BertModel(config, add_pooling_layer=False), None)

    return make
