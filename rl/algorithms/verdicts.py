"""What bare verdicts teach: that all units shown were right, or that at least one was wrong.

Owns a unit's probability under the policy and the credit that a verdict gives to each unit. Knows no optimiser.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from models.decoding import BEGINS, INSIDES, OUTSIDE, legal_after
from models.labels import TAGS
from models.tokens import Tokens
from rl.algorithms.feedback_batch import FeedbackBatch
from rl.algorithms.reading import Reading
from rl.rounds.unit import Unit

_NEVER = -1e9
_MIN_P_WRONG = 1e-6  # a certain unit that was rejected: the loss stays finite


class UnitCredit(NamedTuple):
    """What a verdict says of each unit that was shown."""

    advantage: Tensor  # (U,) in [-1, 1]: how much better than the policy expects
    ratio: Tensor  # (U,) probability under the policy over the logged propensity, clipped


class Verdicts:
    """The verdicts of a batch, unit by unit, and within a mention choice by choice.

    A document's label is one choice. A mention is a choice at each of its tokens, and one more after its last: not
    to go on. Units that lie on no token of what was read are left out, and so are rejects that have one.
    """

    def __init__(self, batch: FeedbackBatch) -> None:
        device = batch.device
        units: list[tuple[int, int, float]] = []  # verdict, sentiment or -1 of a document's label, propensity
        choices: list[tuple[int, int, int, int]] = []  # unit, row, token or -1, tag before
        allowed: list[list[bool]] = []
        verdicts: list[tuple[int, bool]] = []
        for row, feedback in enumerate(batch.feedback):
            for judged in feedback.judged:
                placed = [(shown, _choices(shown.unit, feedback.tokens)) for shown in judged.shown]
                if not judged.are_right and not all(found for _, found in placed):
                    continue
                for shown, found in placed:
                    if found:
                        choices += [(len(units), row, token, before) for token, before, _ in found]
                        allowed += [of_choice for _, _, of_choice in found]
                        units.append((len(verdicts), shown.unit.sentiment, shown.propensity))
                verdicts.append((row, judged.are_right))
        self._verdict = torch.tensor([unit[0] for unit in units], dtype=torch.int64, device=device)  # (U,)
        self._sentiment = torch.tensor([unit[1] for unit in units], dtype=torch.int64, device=device)  # (U,)
        self._propensity = torch.tensor([unit[2] for unit in units], dtype=torch.float32, device=device)  # (U,)
        table = torch.tensor(choices, dtype=torch.int64, device=device).reshape(-1, 4).T
        self.unit, self._row, self._token, self._before = table  # (M,) each
        self._allowed = torch.tensor(allowed, dtype=torch.bool, device=device).reshape(-1, len(TAGS))  # (M, 7)
        legal = [_legal(before) for *_, before in choices]
        self._legal = torch.tensor(legal, dtype=torch.bool, device=device).reshape(-1, len(TAGS))  # (M, 7)
        self._rows = torch.tensor([row for row, _ in verdicts], dtype=torch.int64, device=device)  # (V,)
        self._are_right = torch.tensor([right for _, right in verdicts], dtype=torch.bool, device=device)  # (V,)
        self._weight = batch.weight[self._rows]  # (V,)
        self._n_documents = len(batch.feedback)

    def __len__(self) -> int:
        return len(self._rows)

    def log_p(self, reading: Reading) -> Tensor:
        """Return the log probability of each choice, (M,)."""
        of_label = reading.document.log_softmax(-1)[self._row, self._sentiment[self.unit]]
        logits = reading.tags[self._row, self._token.clamp(min=0)]  # (M, 7)
        log_p = logits.masked_fill(~self._legal, _NEVER).log_softmax(-1)
        of_tag = log_p.masked_fill(~self._allowed, _NEVER).logsumexp(-1)
        return torch.where(self._token < 0, of_label, of_tag)

    def likelihood(self, reading: Reading) -> Tensor:
        """Return -log p(verdicts | what was shown), weighted, over the batch's documents; ().

        Right: every unit is as decided, -sum log p. Wrong: -log(1 - product of p), which is the likelihood of a
        complementary label, see "Learning from Complementary Labels" by Ishida et al., for a set of units.
        """
        log_p = self._by_unit(self.log_p(reading))
        of_verdict = torch.zeros(len(self), device=log_p.device).index_add(0, self._verdict, log_p)
        p_wrong = (-torch.expm1(of_verdict)).clamp(min=_MIN_P_WRONG)
        return self._mean(torch.where(self._are_right, -of_verdict, -p_wrong.log()))

    def credit(self, reading: Reading, max_ratio: float) -> UnitCredit:
        """Return what each unit is to be credited with, and the weight that makes up for how it came to be shown.

        The policy expects a unit to be right with its own probability p. Confirmed, it is right: 1 - p. Rejected
        with others, it is wrong with (1 - p) / (1 - product of all p), by Bayes: the reward expected of it is one
        minus that, and the advantage is that less p. The ratio is that of the choices that exploration draws: the
        label, or the sentiment of a mention given its span; never a product over tokens. Clipping it at
        `max_ratio` biases towards what is shown often.
        """
        with torch.no_grad():
            log_p = self._by_unit(self.log_p(reading))
            p = log_p.exp()
            of_verdict = torch.zeros(len(self), device=log_p.device).index_add(0, self._verdict, log_p)
            p_wrong = (-torch.expm1(of_verdict)).clamp(min=_MIN_P_WRONG)[self._verdict]
            expected = torch.where(self._are_right[self._verdict], 1.0, 1 - ((1 - p) / p_wrong).clamp(max=1))
            ratio = (self._p_sentiment(reading) / self._propensity).clamp(max=max_ratio)
            return UnitCredit(expected - p, ratio)

    def surrogate(self, log_p: Tensor, credit: UnitCredit) -> Tensor:
        """Return the loss whose gradient is the weighted policy gradient of the units, (); log_p is (M,)."""
        return self.loss(credit.ratio[self.unit] * credit.advantage[self.unit] * log_p)

    def loss(self, gains: Tensor) -> Tensor:
        """Return minus what all choices gain, (M,), weighted, over the batch's documents; ()."""
        total = torch.zeros(len(self), device=gains.device)
        return -self._mean(total.index_add(0, self._verdict[self.unit], gains))

    def _mean(self, of_verdicts: Tensor) -> Tensor:
        return (self._weight * of_verdicts).sum() / self._n_documents

    def _by_unit(self, log_p: Tensor) -> Tensor:
        return torch.zeros(len(self._verdict), device=log_p.device).index_add(0, self.unit, log_p)

    def _p_sentiment(self, reading: Reading) -> Tensor:
        """Return the probability of each unit's sentiment, a mention's read as `decoding.sentiment_of` does, (U,)."""
        p_tags = reading.tags[self._row, self._token.clamp(min=0)].softmax(-1)
        p = torch.where(
            (self._token < 0).unsqueeze(-1),
            reading.document.softmax(-1)[self._row],
            (p_tags[:, BEGINS] + p_tags[:, INSIDES]) * self._is_member.unsqueeze(-1),
        )
        totals = torch.zeros(len(self._verdict), p.shape[1], device=p.device).index_add(0, self.unit, p)
        return totals.gather(-1, self._sentiment.unsqueeze(-1)).squeeze(-1) / totals.sum(-1)

    @property
    def _is_member(self) -> Tensor:
        """Whether a choice is at a token of the mention, and not the one after its last; (M,)."""
        return self._allowed.sum(-1) == 1


Choice = tuple[int, int, list[bool]]
"""A token (-1: the document's label), the tag before it, and the tags that make the unit what it is."""


def _choices(unit: Unit, tokens: Tokens) -> list[Choice]:
    """Return the choices that make up a unit; none where its span is not one of whole tokens."""
    if unit.span is None:
        return [(-1, OUTSIDE, [False] * len(TAGS))]
    members = tokens.overlapping(*unit.span)
    if not members or (tokens.offsets[members[0]][0], tokens.offsets[members[-1]][1]) != unit.span:
        return []
    begin, goes_on = BEGINS[unit.sentiment], INSIDES[unit.sentiment]
    found: list[Choice] = [(members[0], OUTSIDE, _only(begin))]
    found += [(token, begin if token == members[0] + 1 else goes_on, _only(goes_on)) for token in members[1:]]
    if members[-1] + 1 < len(tokens.offsets):
        last = begin if len(members) == 1 else goes_on
        found.append((members[-1] + 1, last, [tag != goes_on for tag in range(len(TAGS))]))
    return found


def _only(tag: int) -> list[bool]:
    return [other == tag for other in range(len(TAGS))]


def _legal(before: int) -> list[bool]:
    return [tag in legal_after(before) for tag in range(len(TAGS))]
