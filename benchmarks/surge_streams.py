"""Made-up streams of stories with surges in them, for benchmarks/surges.py; nothing of it is measured on real news.

Five-minute bins, as in production, of 14 days of warm-up and 21 of test. A topic's volume is log-normal (median 20
stories a day, 0.5 to 3,000), with the hours of the day, weekends, an hourly AR(1) in its logarithm, and bursts of
Pareto size that are less negative than usual. Of copies that no story was found for one in ten counts as another one.
The share of negatives drifts. Two shocks raise every third topic at once. A policy with sensitivity 0.80 and
specificity 0.93 reads it. Surges add 5 to 100 negative stories, expected, in their first four hours; they rise for up
to an hour and last 2 to 12 hours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BIN_S = 300
AN_HOUR = 3_600 // BIN_S
A_DAY = 24 * AN_HOUR
WARM_UP, N_BINS = 14 * A_DAY, 35 * A_DAY
SIZES = (5, 10, 20, 50, 100)
SENSITIVITY, SPECIFICITY = 0.80, 0.93
N_SURGES = 1.0  # a topic, expected
P_MISSED_COPY = 0.10
N_SOURCES = 30


@dataclass(frozen=True, slots=True)
class InjectedSurge:
    """Where a surge was put."""

    begin: int  # bin
    end: int  # exclusive
    size: float  # of SIZES, or what else the stream's maker calls it


@dataclass(frozen=True, slots=True)
class Stream:
    """One topic's stories by bins, as the policy reads them, and what was put into them."""

    volume: float  # stories a day, without bursts
    n_stories: Ints  # (N_BINS,)
    n_negative: Ints  # (N_BINS,)
    sources: tuple[tuple[int, ...], ...]  # of each bin's negative stories, distinct
    surges: tuple[InjectedSurge, ...]
    shocks: tuple[tuple[int, int], ...] = ()  # bins, of those that reach this topic
    warm_up: int = WARM_UP  # bins before the test


def shocks_of(seed: int) -> tuple[tuple[int, int], ...]:
    """Return when the shocks of a world are, [begin, end) in bins."""
    draw = np.random.default_rng([seed, 1])
    begins = np.sort(draw.integers(WARM_UP + A_DAY, N_BINS - A_DAY, 2))
    return tuple((int(begin), int(begin + draw.integers(2 * AN_HOUR, 6 * AN_HOUR))) for begin in begins)


def stream_of(seed: int, topic: int, shocks: tuple[tuple[int, int], ...]) -> Stream:
    """Return a topic's stream; the same for the same seed and number."""
    draw = np.random.default_rng([seed, 2, topic])
    volume = float(np.clip(20 * np.exp(1.6 * draw.standard_normal()), 0.5, 3_000))
    rate = volume / A_DAY * _profile(draw) * _weather(draw)
    share = share_of(draw, N_BINS)
    bursts = _bursts(draw, volume)
    reached = tuple(shock for shock in shocks if draw.random() < 1 / 3)
    negative, other = rate * share, rate * (1 - share)
    other += bursts * (1 - 0.7 * share)
    negative += bursts * 0.7 * share
    for begin, end in reached:
        negative[begin:end] += 2.0 * rate[begin:end] * np.maximum(share[begin:end], 0.3)
        other[begin:end] += 1.0 * rate[begin:end]
    surges = _surges(draw)
    for surge in surges:
        negative[surge.begin : surge.end] += extra_of(draw, surge, surge.size)
    n_negative, n_other = _with_copies(draw, negative), _with_copies(draw, other)
    called = as_read(draw, n_negative, n_other)
    return Stream(volume, n_negative + n_other, called, sources_of(draw, called), surges, reached)


def as_read(draw: np.random.Generator, n_negative: Ints, n_other: Ints) -> Ints:
    """Return how many the policy calls negative."""
    return np.asarray(draw.binomial(n_negative, SENSITIVITY) + draw.binomial(n_other, 1 - SPECIFICITY))


def sources_of(draw: np.random.Generator, called: Ints) -> tuple[tuple[int, ...], ...]:
    """Return the distinct sources of each bin's negative stories: few outlets write most."""
    p_sources = 1 / np.arange(1, N_SOURCES + 1)
    p_sources /= p_sources.sum()
    return tuple(
        tuple(sorted({int(source) for source in draw.choice(N_SOURCES, min(int(n), 50), p=p_sources)})) if n else ()
        for n in called
    )


def share_of(draw: np.random.Generator, n_bins: int) -> Floats:
    """Return a share of negatives that drifts from day to day."""
    base = draw.normal(-1.4, 0.6)  # of one in five
    drift = np.cumsum(draw.standard_normal(-(-n_bins // A_DAY))) * 0.08
    return np.asarray(1 / (1 + np.exp(-(base + np.repeat(drift, A_DAY)[:n_bins]))))


def extra_of(draw: np.random.Generator, surge: InjectedSurge, n: float) -> Floats:
    """Return the expected extra negatives of a surge by bins, `n` of them in its first four hours."""
    length, ramp = surge.end - surge.begin, int(draw.integers(0, AN_HOUR + 1))
    shape = np.minimum(1.0, (np.arange(length) + 1) / (ramp + 1))
    return np.asarray(n * shape / shape[: 4 * AN_HOUR].sum())


def _profile(draw: np.random.Generator) -> Floats:
    hours = np.arange(N_BINS) / AN_HOUR
    peak, depth = draw.normal(15, 2), draw.uniform(0.4, 0.9)
    profile = 1 + depth * np.cos(2 * np.pi * (hours - peak) / 24)
    is_weekend = (hours // 24).astype(int) % 7 >= 5
    profile *= np.where(is_weekend, draw.uniform(0.3, 0.8), 1.0)
    return np.asarray(profile / profile.mean())


def _weather(draw: np.random.Generator) -> Floats:
    kept, deviation = 0.9, 0.4
    steps = draw.standard_normal(N_BINS // AN_HOUR) * deviation * np.sqrt(1 - kept**2)
    log = np.empty_like(steps)
    log[0] = draw.standard_normal() * deviation
    for hour in range(1, len(steps)):
        log[hour] = kept * log[hour - 1] + steps[hour]
    return np.asarray(np.exp(np.repeat(log, AN_HOUR) - deviation**2 / 2))


def _bursts(draw: np.random.Generator, volume: float) -> Floats:
    bursts = np.zeros(N_BINS)
    for _ in range(draw.poisson(N_BINS / A_DAY / 8)):
        begin = draw.integers(N_BINS)
        n = max(3.0, volume / 8) * (1 + draw.pareto(1.8))
        fading = np.exp(-np.arange(N_BINS - begin) / draw.uniform(AN_HOUR, 4 * AN_HOUR))
        bursts[begin:] += min(n, 40 * volume) * fading / fading.sum()
    return bursts


def _surges(draw: np.random.Generator) -> tuple[InjectedSurge, ...]:
    surges: list[InjectedSurge] = []
    for begin in sorted(draw.integers(WARM_UP, N_BINS - A_DAY, draw.poisson(N_SURGES))):
        # two days apart: one is over before another begins
        if not surges or begin - surges[-1].end > 2 * A_DAY:
            length = int(draw.integers(2 * AN_HOUR, 12 * AN_HOUR + 1))
            surges.append(InjectedSurge(int(begin), int(begin) + length, int(draw.choice(SIZES))))
    return tuple(surges)


def _with_copies(draw: np.random.Generator, rate: Floats) -> Ints:
    """Return stories, and those of their copies that were taken for stories, within some hours."""
    stories = draw.poisson(rate)
    missed = draw.poisson(stories * P_MISSED_COPY)
    later = np.zeros_like(stories)
    for at in np.flatnonzero(missed):
        for delay in draw.geometric(0.1, missed[at]):
            if at + delay < N_BINS:
                later[at + delay] += 1
    return stories + later
