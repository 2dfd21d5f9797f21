"""Asks the finsurge processes of this machine, or of this container, whether they live or are ready.

Knows their ports, and neither Faust nor torch: a container asks every half minute.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Literal

from pipeline.settings import Settings

PLACES = {"read": 0, "link": 1, "trends": 2, "surges": 3, "notify": 4, "learner": 9, "feedback": 10, "exporter": 11}
"""How far a process's port is from the first one."""

_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # what is listened on, and where that is asked
_TIMEOUT_S = 4.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process said of itself, or why it said nothing.

    >>> Answer("read", ("starting",)).is_good
    False
    """

    process: str
    reasons: tuple[str, ...]  # why not; empty when all is well

    @property
    def is_good(self) -> bool:
        """Whether the process lives, or is ready, as was asked."""
        return not self.reasons


def ask_processes(
    settings: Settings, path: Literal["/healthz", "/readyz"], timeout_s: float = _TIMEOUT_S
) -> Iterator[Answer]:
    """Yield the answer of every process that listens; those that do not run are left out.

    Args:
        settings: where they listen.
        path: whether it is asked if they live, or if they are ready.
        timeout_s: seconds after which a process that listens counts as one that does not answer.
    """
    host = _EVERY_ADDRESS.get(settings.http_host, settings.http_host)
    for process, place in PLACES.items():
        reasons = _ask(host, settings.http_port + place, path, timeout_s)
        if reasons is not None:
            yield Answer(process, reasons)


def _ask(host: str, port: int, path: str, timeout_s: float) -> tuple[str, ...] | None:
    connection = HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        answer = json.loads(response.read(65_536))
    except ConnectionRefusedError:
        return None
    except TimeoutError:
        return (f"port {port} does not answer within {timeout_s:g} s",)
    except (OSError, HTTPException, ValueError) as error:
        return (f"port {port}: {error or type(error).__name__}",)
    finally:
        connection.close()
    if not isinstance(answer, dict) or not isinstance(answer.get("reasons"), list):
        return (f"port {port} is not served by finsurge",)
    return tuple(str(reason) for reason in answer["reasons"])
