"""Releases while documents are read: who decides what, what is damaged, and what a restart begins with."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.checkpoint import TRAINED_FILE, read_manifest
from pipeline.policies.board import ReleaseBoard
from pipeline.policies.changes import Author, Releases, canaried, promoted, registered, rolled_back, shadowed
from pipeline.policies.release_log import ChangeLost, ReleaseLog
from pipeline.records import Decision, ShadowDecision, decode
from pipeline.roles.faust_app import Role
from rl.registry.registry import Registry

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

NewVersion = Callable[[float], Path]
Make = Callable[[ReleaseBoard], Releases]
ADA = Author("ada", datetime(2026, 1, 2, tzinfo=UTC), reason="a test")


class Releasing:
    """Releases versions to a deployment, and waits for what its worker does with them."""

    def __init__(self, run, new_version: NewVersion, documents: Iterator[bytes], folder: Path) -> None:
        self._run = run
        self._new_version = new_version
        self._documents = documents
        self.registry = Registry(str(folder / "registry"))
        self.n_published = 0

    def put(self, temperature: float) -> str:
        folder = self._new_version(temperature)
        stored = self.registry.put(folder)
        self.write(lambda board: registered(board, stored, None, ADA))
        return read_manifest(folder).version

    def write(self, make: Make) -> None:
        async def write() -> None:
            settings = self._run.settings
            async with ReleaseLog(settings.connection, settings.kafka_topic("policies")) as log:
                await log.write(make, None)

        asyncio.run(write())

    def promote(self, version: str, serving: str, ratio: float = 1.0) -> None:
        self.write(
            lambda b: promoted(b, version, ADA, serving=serving, negative_ratio=ratio, is_forced=True, watch_s=0)
        )

    def publish(self, n: int = 60) -> None:
        values = [next(self._documents) for _ in range(n)]
        self._run.publish(values, keys=[str(self.n_published + index).encode() for index in range(n)])
        self.n_published += n

    def until_served_by(self, version: str) -> None:
        """Publish until the newest decisions are a version's."""
        for _ in range(12):
            self.publish()
            self._run.settle()
            if self.decisions()[-1].policy_version == version:
                return
        raise AssertionError(f"{version} does not serve: {self._run.logs()}")

    def decisions(self) -> list[Decision]:
        records = asyncio.run(self._run._read("decisions"))
        return sorted((decode(Decision, record.value) for record in records), key=lambda one: one.decided_at)

    def shadows(self) -> list[ShadowDecision]:
        return [decode(ShadowDecision, record.value) for record in asyncio.run(self._run._read("shadows"))]

    def check(self) -> None:
        """Every document was decided exactly once, in the order of its partition."""
        by_partition: dict[int, list[int]] = {}
        for record in asyncio.run(self._run._read("decisions")):
            origin = decode(Decision, record.value).origin
            assert origin.partition == record.partition
            by_partition.setdefault(origin.partition, []).append(origin.offset)
        assert all(offsets == list(range(len(offsets))) for offsets in by_partition.values())
        assert sum(map(len, by_partition.values())) == self.n_published


@pytest.fixture
def releasing(new_deployment, documents, new_version: NewVersion, tmp_path: Path) -> Releasing:
    return Releasing(new_deployment(), new_version, documents(n_ordinary=20_000), tmp_path)


def test_versions_come_and_go_between_batches_and_no_document_is_lost_or_decided_twice(
    releasing: Releasing,
) -> None:
    run = releasing._run
    run.start([Role.READ])
    keyword = f"keyword-{run.process(Role.READ)[0]}"
    releasing.until_served_by(keyword)
    first, second, damaged = (releasing.put(temperature) for temperature in (1.5, 1.6, 1.7))
    releasing.promote(first, keyword, ratio=1.2)
    releasing.until_served_by(first)
    assert releasing.decisions()[-1].negative_ratio == 1.2

    weights = Path(releasing.registry.url.removeprefix("file://")) / damaged / TRAINED_FILE
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    releasing.promote(damaged, first)
    releasing.promote(second, damaged)
    releasing.until_served_by(second)
    assert damaged not in {decision.policy_version for decision in releasing.decisions()}

    releasing.write(lambda board: rolled_back(board, ADA))  # to the damaged one: nothing changes
    releasing.write(lambda board: rolled_back(board, ADA))
    releasing.until_served_by(first)
    assert run.exits == []
    releasing.check()


def test_a_worker_begins_with_what_is_released_and_goes_on_with_it_after_a_kill(releasing: Releasing) -> None:
    version = releasing.put(1.5)
    releasing.promote(version, "keyword")
    releasing._run.start([Role.READ])
    releasing.publish()
    releasing._run.settle()
    releasing._run.kill(Role.READ)
    releasing.publish()
    releasing._run.settle()
    assert {decision.policy_version for decision in releasing.decisions()} == {version}
    assert [code for _, code in releasing._run.exits] == [-9]


def test_a_canary_serves_its_share_and_the_other_policy_reads_along(releasing: Releasing) -> None:
    version = releasing.put(1.5)
    releasing.write(lambda board: canaried(board, version, ADA, share=0.3, negative_ratio=1.1))
    releasing.write(lambda board: shadowed(board, version, ADA))
    releasing._run.start([Role.READ])
    releasing.publish(300)
    releasing._run.settle()
    served = Counter(decision.policy_version for decision in releasing.decisions())
    assert len(served) == 2
    assert 50 < served[version] < 130  # of 300, about 90
    for _ in range(60):
        shadows = releasing.shadows()
        if len(shadows) == 300:
            break
        releasing._run._stopping.wait(0.5)
    assert Counter(shadow.served_version for shadow in shadows) == served
    assert all(shadow.policy_version != shadow.served_version for shadow in shadows)
    assert all(shadow.reading is not None for shadow in shadows)


def test_of_two_who_release_at_once_only_one_does(releasing: Releasing, new_version: NewVersion) -> None:
    stored = [releasing.registry.put(new_version(temperature)) for temperature in (1.5, 1.6, 1.7, 1.8)]

    async def write() -> list[str]:
        settings = releasing._run.settings
        lost = []

        async def one(index: int) -> None:
            async with ReleaseLog(settings.connection, settings.kafka_topic("policies")) as log:
                try:
                    await log.write(lambda board: registered(board, stored[index], None, ADA), None)
                except ChangeLost:
                    lost.append(stored[index].version)

        await asyncio.gather(*(one(index) for index in range(len(stored))))
        async with ReleaseLog(settings.connection, settings.kafka_topic("policies")) as log:
            held = set((await log.read()).versions)
        assert held == {one.version for one in stored} - set(lost)
        return lost

    assert len(asyncio.run(write())) < len(stored)
