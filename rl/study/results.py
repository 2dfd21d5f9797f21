"""What a study shows: each arm's figures, how far it went towards the ceiling, who is ahead, what hostile ones did.

Made of scores. Knows no policy and no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rl.algorithms.catalogue import ALGORITHMS
from rl.estimators.log import Integers
from rl.study.course import Held
from rl.study.plan import HOSTILE_PARTS, CoursePlan, StudyConfig, StudyPart
from rl.study.resampling import Drawn, Estimate, Resampling
from rl.study.scores import FIGURES, Scores

_YARDSTICK = ALGORITHMS[0]

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class ArmResult:
    """An arm in a part of the study, after the last update."""

    part: StudyPart
    arm: str
    course: tuple[Figures, ...]  # the mean over seeds after each update; at the beginning all arms are alike
    figures: dict[str, Estimate]
    share: dict[str, Estimate]  # of the distance from no update to the ceiling, by figure
    over_yardstick: dict[str, Estimate] | None  # paired; None where the yardstick did not run, and of itself


@dataclass(frozen=True, slots=True)
class HostileResult:
    """What hostile analysts did to an arm, against the same without them."""

    part: StudyPart
    arm: str
    joint_f1_lost: Estimate
    reward_lost: Estimate
    polarity_moved: Estimate  # of the company, on held-out documents
    n_hostile: int  # over all seeds
    n_quarantined: int
    n_honest_held: int  # honest analysts held on any topic, over all seeds


@dataclass(frozen=True, slots=True)
class StudyResult:
    """All of it."""

    seeds: tuple[int, ...]
    n_held_out: int
    without_update: Figures
    ceiling: Figures
    arms: tuple[ArmResult, ...]
    hostile: tuple[HostileResult, ...]


def result_of(
    config: StudyConfig,
    scores: Mapping[CoursePlan, Sequence[Scores]],
    without_update: Scores,
    ceiling: Scores,
    story: Integers,
    held: Mapping[CoursePlan, Held],
) -> StudyResult:
    """Return what a study shows.

    Args:
        config: of the study.
        scores: of each course, after each update.
        without_update: of the start policy.
        ceiling: of the ceiling.
        story: of each held-out document, by number.
        held: of each course with hostile analysts.
    """
    resampling = Resampling(story, len(config.seeds))
    between = resampling.of([without_update]), resampling.of([ceiling])
    last = {
        (part, arm): resampling.of([scores[CoursePlan(part, arm, seed)][-1] for seed in config.seeds])
        for part, arm in dict.fromkeys((plan.part, plan.arm) for plan in config.courses())
    }
    return StudyResult(
        seeds=config.seeds,
        n_held_out=len(story),
        without_update=without_update.figures(),
        ceiling=ceiling.figures(),
        arms=tuple(
            ArmResult(
                part=part,
                arm=arm,
                course=_course([scores[CoursePlan(part, arm, seed)] for seed in config.seeds]),
                figures={name: resampling.estimate(drawn[name]) for name in FIGURES},
                share={name: _share(drawn, *between, name) for name in FIGURES},
                over_yardstick=_over(drawn, None if arm == _YARDSTICK else last.get((part, _YARDSTICK))),
            )
            for (part, arm), drawn in last.items()
        ),
        hostile=tuple(
            _hostile(part, arm, config, last, held)
            for part in HOSTILE_PARTS
            for arm in config.hostile_arms
            if arm in config.arms
        ),
    )


def _course(of_seeds: Sequence[Sequence[Scores]]) -> tuple[Figures, ...]:
    updates = zip(*([scores.figures() for scores in of_seed] for of_seed in of_seeds), strict=True)
    return tuple({name: sum(row[name] for row in rows) / len(rows) for name in FIGURES} for rows in updates)


def _share(drawn: Drawn, without_update: Drawn, ceiling: Drawn, name: str) -> Estimate:
    distance = ceiling[name] - without_update[name]
    covered = np.full_like(distance, np.nan)
    np.divide(drawn[name] - without_update[name], distance, out=covered, where=distance != 0)
    return Resampling.estimate(covered)


def _over(drawn: Drawn, other: Drawn | None) -> dict[str, Estimate] | None:
    if other is None:
        return None
    return {name: Resampling.estimate(drawn[name] - other[name]) for name in FIGURES}


def _hostile(
    part: StudyPart,
    arm: str,
    config: StudyConfig,
    last: Mapping[tuple[StudyPart, str], Drawn],
    held: Mapping[CoursePlan, Held],
) -> HostileResult:
    honest, hostile = last[StudyPart.CORRECTIONS, arm], last[part, arm]
    of_seeds = [held[CoursePlan(part, arm, seed)] for seed in config.seeds]
    return HostileResult(
        part=part,
        arm=arm,
        joint_f1_lost=Resampling.estimate(honest["joint_f1"] - hostile["joint_f1"]),
        reward_lost=Resampling.estimate(honest["reward"] - hostile["reward"]),
        polarity_moved=Resampling.estimate(hostile["polarity"] - honest["polarity"]),
        n_hostile=sum(each.n_hostile for each in of_seeds),
        n_quarantined=sum(each.n_quarantined for each in of_seeds),
        n_honest_held=sum(each.n_honest_held for each in of_seeds),
    )
