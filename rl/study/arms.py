"""The arms of a study: no update, each algorithm with equal compute, and the ceiling.

Owns what each arm is told. Knows no stream.
"""

from __future__ import annotations

from dataclasses import replace

from rl.algorithms.catalogue import ALGORITHMS
from rl.learner.update import UpdateConfig

NONE, CEILING = "none", "ceiling"
YARDSTICK, *_REST = ALGORITHMS
LEARNING = tuple(ALGORITHMS)
"""The arms that learn from analysts; the first is the yardstick."""

ARMS = (NONE, *LEARNING, CEILING)


def update_config(arm: str, seed: int, base: UpdateConfig | None = None) -> UpdateConfig:
    """Return how an arm's updates are made: as production makes them, with the same compute as its own.

    What production does with its algorithm costs so many padded tokens through a network; another algorithm gets as
    many passes as cost the same.

    >>> base = UpdateConfig()
    >>> passes = {arm: update_config(arm, 1).n_passes for arm in LEARNING}
    >>> passes[base.tuning.algorithm] == base.n_passes, passes["supervised"] > passes["ppo"]
    (True, True)
    """
    if arm not in LEARNING:
        raise ValueError(f"arm must be one of {', '.join(LEARNING)}, got {arm}")
    base = base or UpdateConfig()
    if arm == base.tuning.algorithm:
        return replace(base, tuning=replace(base.tuning, seed=seed))
    own = replace(base.tuning, algorithm=arm, options=None, seed=seed)
    share = base.tuning.learning_config.n_passes / own.learning_config.n_passes
    return replace(base, tuning=own, n_passes=base.n_passes * share, min_steps=max(1, round(base.min_steps * share)))
