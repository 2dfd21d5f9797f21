"""Versions of the policy in a folder or an object store, each in a folder of its own that never changes.

Owns putting, fetching and listing. Knows neither Kafka nor signatures: checksums come from whoever vouches for them.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec

from models.checkpoint import MANIFEST_FILE
from rl.registry.checksums import CHECKPOINT_FILES, check_names, checksums_of
from rl.registry.errors import PolicyDamaged, PolicyMissing, RegistryFault, RegistryUnavailable, VersionTaken
from rl.registry.stored import StoredPolicy


class Registry:
    """The versions under a URL: a path, `file:///…`, `memory://…`, `s3://…` or whatever else fsspec knows here.

    >>> from models.checkpoint import SHIPPED
    >>> registry = Registry("memory://doctest-policies")
    >>> stored = registry.put(SHIPPED)
    >>> registry.versions() == [stored.version], stored.location.startswith("memory://")
    (True, True)

    Raises:
        RegistryUnavailable: there is no package for such URLs.
    """

    def __init__(self, url: str) -> None:
        self._files, self._root = _open(url)
        self.url = str(self._files.unstrip_protocol(self._root))

    def put(self, folder: Path) -> StoredPolicy:
        """Store a checkpoint, unless it is there already, and return where.

        The manifest is written last: until then there is no such version, for anybody.

        Raises:
            CheckpointMismatch: the folder holds no whole checkpoint.
            VersionTaken: the version is there with other bytes.
            RegistryUnavailable: the store does not take it.
        """
        version, checksums = checksums_of(folder)
        stored = StoredPolicy(version, f"{self.url}/{version}", checksums)
        with _store_errors(self.url):
            if self._files.exists(f"{self._root}/{version}/{MANIFEST_FILE}"):
                self._check_same(stored)
                return stored
            self._files.makedirs(f"{self._root}/{version}", exist_ok=True)
            for name in CHECKPOINT_FILES:
                content = (folder / name).read_bytes()
                if hashlib.sha256(content).hexdigest() != checksums[name]:
                    raise PolicyDamaged(f"{folder / name} changed while it was read; put it again")
                self._write_whole(f"{self._root}/{version}/{name}", content)
        return stored

    def versions(self) -> list[str]:
        """Return every version that is whole, in order of name.

        Raises:
            RegistryUnavailable: the store does not answer.
        """
        with _store_errors(self.url):
            self._files.invalidate_cache()
            if not self._files.isdir(self._root):
                return []
            folders = self._files.ls(self._root, detail=False)
            return sorted(
                folder.rstrip("/").rpartition("/")[2]
                for folder in folders
                if self._files.exists(f"{folder}/{MANIFEST_FILE}")
            )

    def stored(self, version: str) -> StoredPolicy:
        """Return a version with the checksums that its files have now.

        Only a release can say whether those are the right ones.

        Raises:
            PolicyMissing: there is no such version.
            RegistryUnavailable: the store does not answer.
        """
        check_names(version, {MANIFEST_FILE: "0" * 64})
        checksums = {}
        with _store_errors(self.url):
            for name in CHECKPOINT_FILES:
                content = _read(self._files, f"{self._root}/{version}/{name}")
                if content is None:
                    raise PolicyMissing(f"{self.url} has no policy {version}; put it there, or name another registry")
                checksums[name] = hashlib.sha256(content).hexdigest()
        return StoredPolicy(version, f"{self.url}/{version}", checksums)

    def _check_same(self, stored: StoredPolicy) -> None:
        for name, sha256 in stored.checksums.items():
            content = _read(self._files, f"{self._root}/{stored.version}/{name}")
            if content is None or hashlib.sha256(content).hexdigest() != sha256:
                raise VersionTaken(
                    f"{stored.location} holds another {name}, and a version never changes; take that one out of the "
                    "registry if it is damaged, or train again for a version of its own"
                )

    def _write_whole(self, path: str, content: bytes) -> None:
        # a reader, or a crash, never sees half a file
        unfinished = f"{path}.{uuid.uuid4().hex}.part"
        self._files.pipe_file(unfinished, content)
        self._files.mv(unfinished, path)


def read_file(location: str, name: str) -> bytes:
    """Return the bytes of a version's file.

    Raises:
        PolicyMissing: it is not there.
        RegistryUnavailable: the store does not answer.
    """
    files, root = _open(location)
    with _store_errors(location):
        content = _read(files, f"{root}/{name}")
    if content is None:
        raise PolicyMissing(f"{location}/{name} is not there; put the version into the registry again")
    return content


def _open(url: str) -> tuple[Any, str]:
    try:
        files, root = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        mend = "install its package, or name another registry"
        raise RegistryUnavailable(f"cannot open {url}: {error}; {mend}") from None
    return files, str(root).rstrip("/")


def _read(files: Any, path: str) -> bytes | None:
    try:
        return bytes(files.cat_file(path))
    except FileNotFoundError:
        return None


@contextmanager
def _store_errors(url: str) -> Iterator[None]:
    try:
        yield
    except RegistryFault:
        raise
    except Exception as error:  # a store raises what its library does, and those of botocore are no OSError
        reason = (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
        raise RegistryUnavailable(f"{url} does not answer: {reason}; see that it is mounted or reachable") from error
