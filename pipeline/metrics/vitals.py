"""What every process tells about itself: what it is, whether it is ready or stuck, and how much disk it has left.

Knows no process: what "ready" and "stuck" mean is asked of the functions it is given.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from prometheus_client import CollectorRegistry

from pipeline.metrics.families import Families

ALL = "read link trends surges notify learner feedback exporter"
"""The processes of a deployment that are scraped."""


class Vitals:
    """A process's vital signs, asked for at each scrape.

    Args:
        registry: the process's.
        process: its name, one of `ALL`.
        deployment: its prefix of Kafka topics and groups, which tells deployments apart; "" for none.
        folder: where it keeps its state; the free space of that disk is told.
        stuck: reasons why it should be restarted.
        unready: reasons why it does not do its work.

    >>> registry = CollectorRegistry()
    >>> vitals = Vitals(registry, "read", "dev-", Path("/"), stuck=list, unready=lambda: ["starting"])
    >>> registry.get_sample_value("finsurge_is_ready"), registry.get_sample_value("finsurge_is_stuck")
    (0.0, 0.0)
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        process: str,
        deployment: str,
        folder: Path,
        *,
        stuck: Callable[[], Sequence[str]],
        unready: Callable[[], Sequence[str]],
    ) -> None:
        if process not in ALL.split():
            raise ValueError(f"process must be one of {ALL}, got {process}")
        self.families = families = Families(registry)
        about = families.info(
            "process", "What the process is: join on job and instance.", "process", "deployment", "version", by=ALL
        )
        about.tell(process=process, deployment=deployment, version=metadata.version("finsurge"))
        asked: dict[str, tuple[str, Callable[[], float]]] = {
            "is_ready": ("1 while the process does its work, 0 while /readyz says why not.", lambda: not unready()),
            "is_stuck": ("1 while /healthz says that it should be restarted.", lambda: bool(stuck())),
            "disk_bytes": ("Size of the disk with the state folder.", lambda: _usage(folder)[0]),
            "disk_free_bytes": ("Free space of the disk with the state folder.", lambda: _usage(folder)[1]),
        }
        for name, (text, ask) in asked.items():
            families.gauge(name, text, by=ALL).set_function(ask)


def _usage(folder: Path) -> tuple[float, float]:
    """Return size and free space in bytes of the disk that a folder lies on, or will; not a number: not known."""
    existing = next((path for path in (folder, *folder.absolute().parents) if path.exists()), folder)
    try:
        usage = shutil.disk_usage(existing)
    except OSError:
        return math.nan, math.nan
    return float(usage.total), float(usage.free)
