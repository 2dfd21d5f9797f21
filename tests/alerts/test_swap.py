"""A swap of policies must not look like a surge: the same steady stories, read by one policy and by two.

The stories of a topic come at random, 1,000 a day; the first policy calls 25 % of them negative, the candidate ten
points more. An episode that neither policy alone would open within a day is the swap's. In ticks of half an hour, to
be quick: `benchmarks/swap.py` does so in ticks of five minutes, with 200 topics of many sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pytest

from alerts.episodes.episodes import EpisodeTracker, TransitionKind
from alerts.rules.rule import Rule
from alerts.surges.baseline import BaselineConfig
from alerts.surges.current import StoryCount, TickCounts
from alerts.surges.surge import SurgeConfig, SurgeDetector

DAY = 48  # ticks
DAYS, SWAP = 20, 15 * DAY
TOPICS = range(16)
N_STORIES = 1_000  # a day
P_FIRST, P_CANDIDATE = 0.25, 0.35
RATIO = P_CANDIDATE / P_FIRST
# as of a topic that has been watched for months: a detector's own first days stay in its memory for two
SETTLED = SurgeConfig(bin_s=1_800, baseline=BaselineConfig(prior_level=N_STORIES * P_FIRST / 24, prior_hours=72.0))

Share = Callable[[int], float]


def says_more(doubt: float) -> bool:
    """Whether the candidate calls negative what the first policy does not."""
    return doubt < (P_CANDIDATE - P_FIRST) / (1 - P_FIRST)


@cache
def stories(topic: int) -> tuple[np.ndarray, ...]:
    """Return the stories of each tick: (n, 4) numbers that decide on their label, doubt, reader and source."""
    draw = np.random.default_rng(topic)
    return tuple(draw.random((n, 4)) for n in draw.poisson(N_STORIES / DAY, DAYS * DAY))


def read(drawn: Sequence[float], share: float, ratio: float) -> StoryCount:
    label, doubt, reader, source = drawn
    is_candidate = reader < share
    is_negative = label < P_FIRST or (is_candidate and says_more(doubt))
    return StoryCount(is_negative, False, int(source * 20), ratio if is_candidate else 1.0)


@cache
def opened(topic: int, share: Share, ratio: float = 1.0) -> tuple[int, ...]:
    """Return the ticks from the swap on in which an episode opens.

    Args:
        topic: its number.
        share: of a tick's stories that the candidate reads.
        ratio: that its decisions carry.
    """
    detector = SurgeDetector("topic", SETTLED, first_tick=0)
    tracker = EpisodeTracker("topic", Rule())
    found = []
    for tick, drawn in enumerate(stories(topic)):
        if not len(drawn) and detector.next_tick() != tick:
            continue
        counts = TickCounts(tick)
        counts.add([read(each, share(tick), ratio) for each in drawn])
        evidence = detector.update(counts)
        transition = None if evidence is None else tracker.update(evidence).transition
        if tick >= SWAP and transition is not None and transition.kind is TransitionKind.OPENED:
            found.append(tick)
    return tuple(found)


def never(tick: int) -> float:
    return 0.0


def always(tick: int) -> float:
    return 1.0


def at_once(tick: int) -> float:
    return float(tick >= SWAP)


def one_worker_after_the_other(tick: int) -> float:
    return min(1.0, max(0.0, (tick - SWAP) / 6))


def canary(tick: int) -> float:
    return 0.0 if tick < SWAP else 0.2 if tick < SWAP + DAY else 1.0


def rolled_back(tick: int) -> float:
    return float(SWAP <= tick < SWAP + DAY)


def by_the_swap(share: Share, ratio: Callable[[int], float]) -> list[tuple[int, int]]:
    """Return topic and tick of the episodes that neither policy alone would open within a day."""
    found = []
    for topic in TOPICS:
        usual = (*opened(topic, never), *opened(topic, always))
        ticks = opened(topic, share, ratio(topic))
        found += [(topic, tick) for tick in ticks if not any(abs(tick - other) <= DAY for other in usual)]
    return found


def measured(topic: int) -> float:
    """Return the ratio as it is found on 2,000 documents that both policies read."""
    label, doubt = np.random.default_rng([1, topic]).random((2, 2_000))
    first = label < P_FIRST
    return float((first | (doubt < (P_CANDIDATE - P_FIRST) / (1 - P_FIRST))).mean() / first.mean())


def test_a_candidate_that_says_negative_more_often_opens_episodes_if_nothing_is_known_of_that() -> None:
    assert len({topic for topic, _ in by_the_swap(at_once, lambda _topic: 1.0)}) >= 3


@pytest.mark.parametrize("share", [at_once, one_worker_after_the_other, canary, rolled_back])
def test_with_its_ratio_a_swap_opens_no_episode(share: Share) -> None:
    assert by_the_swap(share, lambda _topic: RATIO) == []


@pytest.mark.parametrize("share", [at_once, one_worker_after_the_other])
def test_a_ratio_that_was_measured_on_2000_documents_is_good_enough(share: Share) -> None:
    ratios = [measured(topic) for topic in TOPICS]
    assert 0.01 < np.std(ratios) < 0.04
    assert by_the_swap(share, measured) == []


def test_the_expectation_is_in_the_terms_of_who_read_the_window() -> None:
    detector = SurgeDetector("topic", SETTLED, first_tick=0)
    said = {}
    for tick, drawn in enumerate(stories(0)):
        counts = TickCounts(tick)
        counts.add([read(each, at_once(tick), RATIO) for each in drawn])
        said[tick] = detector.update(counts)
    before, after, late = said[SWAP - 1], said[SWAP + 8], said[DAYS * DAY - 1]
    assert before is not None
    assert after is not None
    assert late is not None
    assert before.negative_ratio == 1.0
    assert after.negative_ratio == pytest.approx(RATIO)
    # to the first policy one in four is negative, one to three others; to the candidate seven in twenty
    odds = [each.expected / (each.n_stories - each.n_negative) for each in (before, after, late)]
    assert odds == pytest.approx([1 / 3, 7 / 13, 7 / 13], rel=0.05)
    assert [each.usual_share for each in (before, after, late)] == pytest.approx([0.25, 0.35, 0.35], rel=0.05)


def test_a_policy_that_was_measured_wrong_is_learnt_in_time() -> None:
    # what is divided by a ratio is multiplied by it again: an error in it lasts as long as the memory of before
    detector = SurgeDetector("topic", SurgeConfig(bin_s=1_800), first_tick=0)
    evidence = None
    for tick, drawn in enumerate(stories(0)):
        counts = TickCounts(tick)
        counts.add([read(each, 1.0, 1.6) for each in drawn])
        evidence = detector.update(counts)
    assert evidence is not None
    # a tenth is still the prior, of a topic that nobody has seen
    assert evidence.expected / (evidence.n_stories - evidence.n_negative) == pytest.approx(7 / 13, rel=0.1)
    assert evidence.usual_share == pytest.approx(0.35, rel=0.1)
