"""Shares of stories: how sure they are, and what they would be without the errors of the policy that read them.

Pure numbers; knows neither windows nor topics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_Z_90 = 1.6448536269514722  # of the normal distribution, 5 % lie above it
_DIGITS = 6  # as shares are told: more is noise, and differs between machines
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """How often a policy is right about whether a story is negative, as measured on labelled ones.

    >>> ErrorRates(sensitivity=0.8, specificity=0.93).informedness
    0.73
    """

    sensitivity: float
    # Share of the negative ones that it calls negative.
    specificity: float
    # Share of the others that it does not call negative.

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("sensitivity", "specificity"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        if not self.sensitivity + self.specificity > 1:
            raise ValueError(
                f"sensitivity + specificity must be > 1, or the policy tells nothing, got {self.sensitivity} and "
                f"{self.specificity}"
            )

    @property
    def informedness(self) -> float:
        """Return by how much more often it says negative of negative ones than of others."""
        return round(self.sensitivity + self.specificity - 1, 12)

    def unbiased(self, share: float) -> float:
        """Return the share of negative ones behind the share that was called negative, clipped to [0, 1].

        See "Estimating prevalence from the results of a screening test" by Rogan and Gladen (1978). Biased only by
        the clipping. Takes the rates for exact, and for those of the stories at hand: where these differ from the
        labelled ones, so do their rates.

        >>> round(ErrorRates(0.8, 0.93).unbiased(0.3), 4)
        0.3151
        """
        return min(1.0, max(0.0, (share - (1 - self.specificity)) / self.informedness))


@lru_cache(maxsize=4_096)
def interval_90(n: int, n_all: int) -> Interval | None:
    """Return the 90 % interval of the share that `n` of `n_all` show; `None` without any.

    See "Probable inference, the law of succession, and statistical inference" by Wilson (1927), recommended for few
    by Brown, Cai and DasGupta in "Interval estimation for a binomial proportion" (2001). It takes stories for
    independent: those that answer each other are less sure than it says.

    >>> interval_90(3, 10)
    (0.126877, 0.5583)
    """
    if not n_all:
        return None
    share, spread = n / n_all, _Z_90**2 / n_all
    middle = share + spread / 2
    half = _Z_90 * math.sqrt(share * (1 - share) / n_all + spread / n_all / 4)
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    return round(max(0.0, low), _DIGITS), round(min(1.0, high), _DIGITS)


def rates_of(versions: Mapping[str, int], rates: Mapping[str, ErrorRates]) -> ErrorRates | None:
    """Return the error rates of stories that several policies read: means, by the number that each has read.

    Args:
        versions: stories by policy version.
        rates: what is known, by policy version.

    Returns:
        `None` where there is no story, or one whose policy's rates are not known.

    >>> rates_of({"v1": 3, "v2": 1}, {"v1": ErrorRates(0.8, 0.9), "v2": ErrorRates(0.6, 0.9)})
    ErrorRates(sensitivity=0.75, specificity=0.9)
    """
    n_all = sum(versions.values())
    if not n_all or any(version not in rates for version in versions):
        return None
    if len(versions) == 1:
        return rates[next(iter(versions))]
    sensitivity = sum(n * rates[version].sensitivity for version, n in versions.items()) / n_all
    specificity = sum(n * rates[version].specificity for version, n in versions.items()) / n_all
    return ErrorRates(round(sensitivity, _DIGITS), round(specificity, _DIGITS))


def parsed_rates(written: str) -> dict[str, ErrorRates]:
    """Return error rates by policy version.

    Args:
        written: `VERSION=SENSITIVITY/SPECIFICITY`, several separated by commas.

    Raises:
        ValueError: it is written otherwise, or a rate cannot be.

    >>> parsed_rates("p-1=0.8/0.93")
    {'p-1': ErrorRates(sensitivity=0.8, specificity=0.93)}
    """
    rates = {}
    for entry in (entry.strip() for entry in written.split(",") if entry.strip()):
        version, _, numbers = entry.partition("=")
        sensitivity, _, specificity = numbers.partition("/")
        try:
            pair = float(sensitivity), float(specificity)
        except ValueError:
            raise ValueError(f"must be VERSION=SENSITIVITY/SPECIFICITY, got {entry!r}") from None
        rates[version] = ErrorRates(*pair)
    return rates
