"""The real Kafka that the tests marked `kafka` share, and names of their own on it."""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pipeline.broker.server import KafkaServer

NewVersion = Callable[[float], Path]
Tool = Callable[[str], str]

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".finsurge" / "cache"


def pytest_configure(config: pytest.Config) -> None:
    # how long an example takes says something of the machine only
    settings.register_profile("finsurge", deadline=None)
    settings.load_profile("finsurge")
    # kafka-python 3.0 reads its schemas by a call that Python 3.11 and 3.12 call deprecated.
    config.addinivalue_line("filterwarnings", "ignore:(read|open)_text is deprecated:DeprecationWarning")


@pytest.fixture(scope="session")
def kafka_cache() -> Path:
    """Where the resolved class path of Kafka is remembered from one run to the next."""
    return CACHE


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory, kafka_cache: Path) -> Iterator[KafkaServer]:
    """One real Kafka for the whole session; a test must not stop it."""
    # Here, not above: importing kafka-python warns, and a conftest is imported before the filter is in place.
    from pipeline.broker.server import KafkaUnavailable, temporary_kafka

    running = temporary_kafka(tmp_path_factory.mktemp("kafka"), cache=kafka_cache)
    try:
        server = running.__enter__()
    except KafkaUnavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"the tests on a real Kafka must run in CI: {reason}", pytrace=False)
        pytest.skip(f"left out: {reason}")
    try:
        yield server
    finally:
        running.__exit__(None, None, None)


@pytest.fixture(scope="session")
def kafka(kafka_server: KafkaServer) -> str:
    """Its address, host:port."""
    return kafka_server.bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """A prefix that no other test has, for Kafka topics and groups."""
    return f"t{uuid.uuid4().hex[:10]}-"


@pytest.fixture
def new_version(tmp_path: Path) -> NewVersion:
    """Makes a checkpoint of a version of its own: the shipped policy with another temperature."""
    # Here, not above: it loads torch, which most tests go without.
    from dataclasses import replace

    from models.checkpoint import SHIPPED, TRAINED_FILE, read_manifest, write_manifest

    def make(document_temperature: float) -> Path:
        folder = tmp_path / "versions" / f"at-{document_temperature}"
        folder.mkdir(parents=True)
        shutil.copy(SHIPPED / TRAINED_FILE, folder)
        changes = {"document_temperature": document_temperature, "version": "", "parent_version": None}
        write_manifest(folder, replace(read_manifest(SHIPPED), **changes))
        return folder

    return make


@pytest.fixture(scope="session")
def tool() -> Tool:
    """Finds a program: of deploy/tools.sh, of Python's environment, of the system; in CI it must be there."""
    folders = [str(ROOT / ".tools" / "bin"), str(Path(sys.executable).parent), os.environ.get("PATH", "")]

    def find(name: str) -> str:
        path = shutil.which(name, path=os.pathsep.join(folders))
        if path is None and os.environ.get("CI"):
            pytest.fail(f"{name} must be there in CI: deploy/tools.sh, or .ci/run", pytrace=False)
        if path is None:
            pytest.skip(f"left out: {name} is missing; deploy/tools.sh or the system's packages have it")
        return path

    return find
