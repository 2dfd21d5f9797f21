"""Verified copies of versions on this machine, so that a worker loads nothing that was not checked.

Knows where a version is kept only by its URL, and what it must be only by its checksums.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from rl.registry.checksums import check_names, damaged_files
from rl.registry.errors import PolicyDamaged
from rl.registry.registry import read_file
from rl.registry.stored import Checksums, StoredPolicy

_UNFINISHED = ".part-"


class PolicyCache:
    """A folder with a folder for each version, each whole from the moment it is there.

    >>> from models.checkpoint import SHIPPED
    >>> from rl.registry.registry import Registry
    >>> stored = Registry("memory://doctest-cache").put(SHIPPED)
    >>> cache = PolicyCache(Path(tempfile.mkdtemp()))
    >>> cache.fetch(stored).name == stored.version
    True

    Args:
        folder: made when the first version comes; processes may share it.
        max_versions: the least recently asked for are removed beyond this; a worker needs those that serve, that
            run in shadow, and what a rollback would bring back.
    """

    def __init__(self, folder: Path, max_versions: int = 8) -> None:
        if max_versions < 1:
            raise ValueError(f"max_versions must be >= 1, got {max_versions}")
        self._folder = folder
        self._max_versions = max_versions

    def fetch(self, stored: StoredPolicy) -> Path:
        """Return the folder of a version, fetched if it is not here; every byte of it is verified each time.

        Raises:
            PolicyMissing: the registry has not all of its files.
            PolicyDamaged: a file is not what its checksum says.
            RegistryUnavailable: the registry does not answer.
            OSError: this machine's disk does not take it.
        """
        found = self.find(stored.version, stored.checksums)
        if found is None:
            found = self._fetch(stored)
        os.utime(found)
        self._forget_oldest()
        return found

    def find(self, version: str, checksums: Checksums) -> Path | None:
        """Return the folder of a version if it is here and whole."""
        check_names(version, checksums)
        folder = self._folder / version
        return None if damaged_files(folder, checksums) else folder

    def _fetch(self, stored: StoredPolicy) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._folder))
        try:
            for name in stored.checksums:
                (aside / name).write_bytes(read_file(stored.location, name))
            if damaged := damaged_files(aside, stored.checksums):
                raise PolicyDamaged(
                    f"{stored.location}/{damaged[0]} is not what its release says; take it out of the registry and "
                    "put the version there again"
                )
            return self._take_place(aside, stored)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _take_place(self, aside: Path, stored: StoredPolicy) -> Path:
        folder = self._folder / stored.version
        try:
            aside.rename(folder)
        except OSError:
            # another process was faster, or what is there is damaged
            if not damaged_files(folder, stored.checksums):
                return folder
            shutil.rmtree(folder)
            aside.rename(folder)
        return folder

    def _forget_oldest(self) -> None:
        # a fetch of a dead process leaves an unfinished folder, which ages like the rest
        entries = [entry for entry in os.scandir(self._folder) if entry.is_dir()]
        newest_first = sorted(entries, key=_changed_at, reverse=True)
        for entry in newest_first[self._max_versions :]:
            shutil.rmtree(entry.path, ignore_errors=True)


def _changed_at(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:  # another process has removed it
        return 0.0
