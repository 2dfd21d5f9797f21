from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from prometheus_client import CollectorRegistry

from pipeline.metrics import Metrics
from pipeline.policies.board import ReleaseBoard
from pipeline.policies.release import Change, Channel, Release
from pipeline.reading.follower import PolicyFollower

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Policy:
    """A policy that knows its version only."""

    def __init__(self, version: str) -> None:
        self.version = version

    def tokenize(self, texts: Any) -> Any:
        return texts

    def decide(self, texts: Any) -> Any:
        return texts


class Releases:
    """A log of releases that is read at once."""

    def __init__(self) -> None:
        self.board = ReleaseBoard()

    async def read(self) -> None:
        return None

    def serve(self, version: str, at: datetime) -> None:
        generation = self.board.generation + 1
        release = Release(channel=Channel.CURRENT, generation=generation, version=version, location=version,
                          checksums={}, at=at, by="ada")  # fmt: skip
        self.board.update(Change(id=str(generation), base=generation - 1, releases=(release,)))


async def test_when_the_serving_policy_was_released_is_told_and_one_that_is_not_taken_changes_nothing() -> None:
    registry, releases = CollectorRegistry(), Releases()
    follower = PolicyFollower(
        releases,  # type: ignore[arg-type]
        SimpleNamespace(fetch=lambda stored: Path(stored.location)),  # type: ignore[arg-type]
        lambda folder: Policy(folder.name if folder.name != "damaged" else "p-9"),  # type: ignore[arg-type,return-value]
        Policy("p-1"),  # type: ignore[arg-type]
        lambda _line_up, _trial, _folder: None,
        Metrics(registry),
    )

    def told() -> tuple[float | None, float | None]:
        promoted_at = registry.get_sample_value("finsurge_policy_promoted_timestamp_seconds")
        return promoted_at, registry.get_sample_value("finsurge_policy_is_behind")

    await follower.catch_up()
    assert told() == (0, 0)  # that of the settings
    releases.serve("p-2", NOON)
    await follower.catch_up()
    assert told() == (NOON.timestamp(), 0)
    releases.serve("damaged", NOON.replace(hour=13))
    await follower.catch_up()
    assert told() == (NOON.timestamp(), 1)
    assert registry.get_sample_value("finsurge_policy_swap_failures_total", {"reason": "damaged"}) == 1
