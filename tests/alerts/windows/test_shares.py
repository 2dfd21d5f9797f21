from collections.abc import Mapping

import pytest

from alerts.windows.shares import ErrorRates, interval_90, parsed_rates, rates_of


# as scipy.stats.binomtest(n, n_all).proportion_ci(0.9, "wilson") gives them
@pytest.mark.parametrize(
    ("n", "n_all", "expected"),
    [(0, 1, (0.0, 0.730134)), (1, 1, (0.269866, 1.0)), (3, 10, (0.126877, 0.5583)), (50, 100, (0.418848, 0.581152))],
)
def test_an_interval_is_wide_where_there_is_little(n: int, n_all: int, expected: tuple[float, float]) -> None:
    assert interval_90(n, n_all) == pytest.approx(expected, abs=1e-6)


def test_without_stories_there_is_no_interval() -> None:
    assert interval_90(0, 0) is None


def test_the_interval_holds_the_true_share_in_nine_of_ten_cases() -> None:
    # exactly, of a binomial with n = 20 and p = 0.3
    n_all, p = 20, 0.3
    chance, covered = (1 - p) ** n_all, 0.0
    for n in range(n_all + 1):
        low, high = interval_90(n, n_all) or (0.0, 0.0)
        covered += chance * (low <= p <= high)
        chance *= (n_all - n) / (n + 1) * p / (1 - p)
    assert covered == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize(
    ("apparent", "expected"),
    # 0.8 * 0.5 + 0.07 * 0.5 = 0.435
    [(0.435, 0.5), (0.07, 0.0), (0.02, 0.0), (0.8, 1.0), (0.95, 1.0)],
)
def test_the_policy_s_errors_are_taken_out_of_a_share(apparent: float, expected: float) -> None:
    assert ErrorRates(0.8, 0.93).unbiased(apparent) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("versions", [{}, {"v1": 3, "v2": 1}])
def test_rates_that_are_not_known_of_all_stories_are_not_known(versions: Mapping[str, int]) -> None:
    assert rates_of(versions, {"v1": ErrorRates(0.8, 0.9)}) is None


def test_rates_are_read_by_version() -> None:
    expected = {"p-1": ErrorRates(0.8, 0.93), "p-2": ErrorRates(0.9, 0.9)}
    assert parsed_rates(" p-1=0.8/0.93, p-2=.9/.9,") == expected
    assert parsed_rates("") == {}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("p-1", "must be VERSION=SENSITIVITY/SPECIFICITY, got 'p-1'"),
        ("p-1=0.8", "must be VERSION=SENSITIVITY/SPECIFICITY, got 'p-1=0.8'"),
        ("p-1=1.8/0.9", r"sensitivity must be in \[0, 1\], got 1.8"),
        ("p-1=nan/0.9", r"sensitivity must be in \[0, 1\], got nan"),
        ("p-1=0.2/0.8", r"sensitivity \+ specificity must be > 1, or the policy tells nothing, got 0.2 and 0.8"),
    ],
)
def test_rates_that_cannot_be_are_refused(written: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parsed_rates(written)
