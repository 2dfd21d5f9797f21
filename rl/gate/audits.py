"""Audits for the rollback rule, out of rounds with right labels. Knows neither networks nor storage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rl.estimators.from_rounds import Answer, Reward
from rl.gate.rollback import Audit
from rl.reward import reward_of
from rl.rounds.round import Round


def audits_of(
    rounds: Iterable[Round], served: Answer, previous: Answer, reward: Reward = reward_of
) -> Iterator[Audit]:
    """Yield an audit for each round that tells the reward of both policies, in order.

    Found documents and quarantined rounds say nothing of documents that nobody saw.

    >>> list(audits_of([], lambda text: (), lambda text: ()))
    []
    """
    for answered in rounds:
        if answered.right is None or answered.p_review is None or not answered.weight:
            continue
        of_served, of_previous = (reward(answer(answered.text), answered.right) for answer in (served, previous))
        if of_served is not None and of_previous is not None:
            yield Audit(answered.story, answered.p_review, of_served, of_previous)
