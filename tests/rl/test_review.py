import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from rl.review import MIN_P_REVIEW, ReviewCandidate, ReviewConfig, ReviewSampler
from rl.rounds.round import ReviewReason

START = datetime(2026, 1, 1, tzinfo=UTC)
SURE = (0.0, 1.0, 0.0)
NEGATIVE = (1.0, 0.0, 0.0)


def candidate(n: int, at: datetime = START, **fields: object) -> ReviewCandidate:
    return ReviewCandidate(f"d{n}", "p-1", at, **{"sentiment": SURE, **fields})  # type: ignore[arg-type]


def mixed(n: int, draw: random.Random, at: datetime) -> ReviewCandidate:
    certainty = draw.uniform(0.34, 1.0)
    sentiment = ((1 - certainty) / 2, certainty, (1 - certainty) / 2)
    return candidate(
        n, at, sentiment=sentiment, has_open_episode=draw.random() < 0.1, is_disputed=draw.random() < 0.05
    )


def test_parts_add_up() -> None:
    # 0.02 + 0.1 x 1.5 x (1 - 0.5) + 0.3 + 0.3
    uncertain = candidate(0, sentiment=(0.5, 0.3, 0.2), has_open_episode=True, is_disputed=True)
    drawn = ReviewSampler(ReviewConfig()).get(uncertain)
    assert drawn.p_review == pytest.approx(0.695)
    assert drawn.parts.uncertain == pytest.approx(0.075)


def test_an_open_episode_matters_to_negative_decisions_only() -> None:
    sampler = ReviewSampler(ReviewConfig(uncertain=0.0))
    assert sampler.get(candidate(0, has_open_episode=True)).p_review == pytest.approx(0.02)
    about = candidate(0, has_open_episode=True, mentions=(NEGATIVE,))
    assert sampler.get(about).p_review == pytest.approx(0.32)


def test_the_least_certain_mention_tells_the_uncertainty() -> None:
    assert candidate(0, mentions=(SURE, (1 / 3, 1 / 3, 1 / 3))).uncertainty == pytest.approx(1.0)


def test_no_probability_is_beyond_its_bounds_and_the_uniform_part_stays_whole() -> None:
    config = ReviewConfig(impact=1.0, disagreement=1.0, max_p=0.5)
    drawn = ReviewSampler(config).get(candidate(0, sentiment=NEGATIVE, has_open_episode=True, is_disputed=True))
    assert drawn.p_review == pytest.approx(0.5)
    assert drawn.parts.uniform == 0.02
    assert ReviewSampler(config).get(candidate(0)).p_review >= MIN_P_REVIEW


def test_the_same_decision_is_drawn_alike_and_another_salt_or_version_otherwise() -> None:
    config = ReviewConfig(uniform=0.5)
    first = [ReviewSampler(config).get(candidate(n)).is_drawn for n in range(200)]
    assert first == [ReviewSampler(config).get(candidate(n)).is_drawn for n in range(200)]
    salted = ReviewSampler(ReviewConfig(uniform=0.5, salt="s"))
    assert first != [salted.get(candidate(n)).is_drawn for n in range(200)]


def test_the_coin_keeps_the_probability_and_reasons_have_their_share() -> None:
    sampler = ReviewSampler(ReviewConfig(uniform=0.04, uncertain=0.0, disagreement=0.12))
    draws = [sampler.draw(candidate(n, is_disputed=True)) for n in range(40_000)]
    reasons = Counter(drawn.reason for drawn in draws if drawn.is_drawn)
    # 40,000 x 0.16 = 6,400 with a standard deviation of 73; three in four for the disagreement
    assert sum(reasons.values()) == pytest.approx(6_400, abs=4 * 73)
    assert reasons[ReviewReason.DISAGREEMENT] == pytest.approx(4_800, abs=4 * 69)
    assert reasons[ReviewReason.BLIND] == pytest.approx(800, abs=4 * 29)
    assert reasons[ReviewReason.UNIFORM] == pytest.approx(800, abs=4 * 29)


def test_a_mean_weighted_by_the_logged_probability_is_the_mean_of_all() -> None:
    draw = random.Random(3)
    sampler = ReviewSampler(ReviewConfig(per_day=1_500))
    total = weighted = 0.0
    for n in range(60_000):
        of = mixed(n, draw, START + timedelta(seconds=5 * n))
        drawn = sampler.draw(of)
        total += of.uncertainty
        weighted += of.uncertainty / drawn.p_review if drawn.is_drawn else 0.0
    # about 4,500 drawn, of very unequal weight: 4 % is four standard errors
    assert weighted == pytest.approx(total, rel=0.04)


@pytest.mark.parametrize("per_day", [1_500.0, 600.0])
def test_the_budget_of_a_day_is_kept_once_a_day_has_been_seen(per_day: float) -> None:
    draw = random.Random(5)
    sampler = ReviewSampler(ReviewConfig(per_day=per_day))
    per_days: Counter[int] = Counter()
    for n in range(5 * 17_280):
        at = START + timedelta(seconds=5 * n)
        per_days[(at - START).days] += sampler.draw(mixed(n, draw, at)).is_drawn
    # the coins alone have a standard deviation of at most sqrt(1,500) = 39
    assert [per_days[day] for day in range(5)] == pytest.approx([per_day] * 5, abs=4 * 39)


def test_a_budget_below_the_uniform_part_leaves_that_part() -> None:
    sampler = ReviewSampler(ReviewConfig(per_day=10))
    for n in range(17_280):
        drawn = sampler.draw(candidate(n, START + timedelta(seconds=5 * n), is_disputed=True))
    assert drawn.p_review == 0.02
    assert drawn.scale == 0.0


def test_event_time_that_goes_back_is_borne() -> None:
    sampler = ReviewSampler(ReviewConfig(per_day=10))
    sampler.update(candidate(0, START))
    sampler.update(candidate(1, START - timedelta(days=1)))
    assert 0 <= sampler.scale <= 1


def test_a_restored_sampler_behaves_like_the_original() -> None:
    draw = random.Random(7)
    config = ReviewConfig(per_day=300)
    sampler = ReviewSampler(config)
    for n in range(500):
        of = mixed(n, draw, START + timedelta(minutes=n))
        restored = ReviewSampler.restore(config, sampler.snapshot())
        assert restored.draw(of) == sampler.draw(of)
        assert restored.snapshot() == sampler.snapshot()


@pytest.mark.parametrize("fields", [{"max_p": 0.01}, {"per_day": 0.0}, {"impact": 1.1}, {"uniform": 0.0}])
def test_rates_that_cannot_be_are_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        ReviewConfig(**fields)  # type: ignore[arg-type]
