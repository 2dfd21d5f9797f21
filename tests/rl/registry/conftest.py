"""An object store with the API of S3, on this machine."""

from __future__ import annotations

import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

ACCESS = {"AWS_ACCESS_KEY_ID": "finsurge", "AWS_SECRET_ACCESS_KEY": "a secret of the tests"}
DEADLINE_S = 30.0


@pytest.fixture(scope="session")
def object_store(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a running one: what lies in it are buckets. The environment says how to reach it."""
    folder = tmp_path_factory.mktemp("buckets")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    roots = {"ROOT_ACCESS_KEY": ACCESS["AWS_ACCESS_KEY_ID"], "ROOT_SECRET_KEY": ACCESS["AWS_SECRET_ACCESS_KEY"]}
    command = [tool("versitygw"), "--quiet", "--port", address, "posix", str(folder)]
    with subprocess.Popen(command, env=roots, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _await(address)
            with pytest.MonkeyPatch.context() as environ:
                for name, value in ACCESS.items():
                    environ.setenv(name, value)
                environ.setenv("AWS_ENDPOINT_URL", f"http://{address}")
                environ.setenv("AWS_DEFAULT_REGION", "us-east-1")
                yield folder
        finally:
            server.terminate()


@pytest.fixture
def bucket(object_store: Path) -> str:
    """The name of a bucket of the test's own."""
    name = uuid.uuid4().hex
    (object_store / name).mkdir()
    return name


def _await(address: str) -> None:
    host, port = address.split(":")
    until_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < until_s:
        with suppress(OSError), socket.create_connection((host, int(port)), timeout=1.0):
            return
        time.sleep(0.05)
    raise AssertionError(f"no object store on {address} after {DEADLINE_S:g} s")
