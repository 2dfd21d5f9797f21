"""Asks a Prometheus as Grafana does: variables are filled in, a range is divided into steps."""

from __future__ import annotations

import json
import math
import re
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Series(NamedTuple):
    """What Prometheus answers about one series."""

    labels: dict[str, str]
    points: list[tuple[float, float]]  # seconds since 1970, value; not-a-number is left out


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a dashboard shows.

    >>> Span(0.0, 600.0).step_s
    2
    """

    begins_s: float
    ends_s: float
    n_points: int = 300
    scrape_s: float = 1.0  # between two scrapes

    @property
    def step_s(self) -> int:
        """Return the seconds between two points."""
        return max(1, round((self.ends_s - self.begins_s) / self.n_points))

    @property
    def rate_s(self) -> int:
        """Return the seconds over which a rate is taken: as Grafana does, four scrapes at least."""
        return math.ceil(max(self.step_s + self.scrape_s, 4 * self.scrape_s))


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A Prometheus, and the values of a dashboard's variables.

    >>> Prometheus("http://x", {"topic": "ftx"}).filled('a{topic="$topic"}[$__range]', Span(0.0, 60.0))
    'a{topic="ftx"}[60s]'
    """

    url: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def filled(self, expr: str, span: Span) -> str:
        """Return a query with the values of its variables.

        Raises:
            ValueError: a variable has no value.
        """
        values = {
            **self.variables,
            "__range": f"{round(span.ends_s - span.begins_s)}s",
            "__interval": f"{span.step_s}s",
            "__rate_interval": f"{span.rate_s}s",
        }

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            if name not in values:
                raise ValueError(f"variable {name} must have a value, in {expr}")
            return values[name]

        return re.sub(r"\$(?:\{(\w+)\}|(\w+))", value, expr)

    def over(self, expr: str, span: Span) -> list[Series]:
        """Return the answer over time.

        Raises:
            ValueError: Prometheus does not understand the query.
        """
        asked = {"start": f"{span.begins_s:.3f}", "end": f"{span.ends_s:.3f}", "step": f"{span.step_s}s"}
        result = self._ask("query_range", {"query": self.filled(expr, span), **asked})
        return [Series(each["metric"], _points(each["values"])) for each in result]

    def at_end(self, expr: str, span: Span) -> list[Series]:
        """Return the answer of the last moment.

        Raises:
            ValueError: Prometheus does not understand the query.
        """
        result = self._ask("query", {"query": self.filled(expr, span), "time": f"{span.ends_s:.3f}"})
        return [Series(each["metric"], _points([each["value"]])) for each in result]

    def _ask(self, path: str, parameters: Mapping[str, str]) -> list[Any]:
        body = urllib.parse.urlencode(parameters).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}", body, timeout=30) as answer:  # noqa: S310
                return list(json.load(answer)["data"]["result"])
        except urllib.error.HTTPError as error:
            raise ValueError(f"{json.load(error).get('error')}, in {parameters['query']}") from None


def _points(values: list[tuple[float, str]]) -> list[tuple[float, float]]:
    points = [(float(at_s), float(value)) for at_s, value in values]
    return [point for point in points if not math.isnan(point[1])]
