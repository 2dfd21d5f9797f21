"""Checksums of a checkpoint's files: what a version must be, byte for byte.

Knows neither where versions are kept nor who vouches for the checksums.
"""

from __future__ import annotations

import re
from pathlib import Path

from models.checkpoint import MANIFEST_FILE, TRAINED_FILE, read_manifest
from models.encoder import sha256_of
from rl.registry.stored import Checksums

CHECKPOINT_FILES = (TRAINED_FILE, MANIFEST_FILE)
"""In the order in which they are stored: a version without its manifest is not there yet."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def checksums_of(folder: Path) -> tuple[str, dict[str, str]]:
    """Return a checkpoint's version and the checksums of its files.

    >>> from models.checkpoint import SHIPPED
    >>> version, checksums = checksums_of(SHIPPED)
    >>> version[:2], sorted(checksums)
    ('p-', ['manifest.json', 'policy.safetensors'])

    Raises:
        CheckpointMismatch: the folder holds no whole checkpoint.
    """
    version = read_manifest(folder).version
    return version, {name: sha256_of(folder / name) for name in CHECKPOINT_FILES}


def check_names(version: str, checksums: Checksums) -> None:
    """Refuse what cannot be a version, or would lead out of its folder.

    >>> check_names("p-1", {"../secret": "0" * 64})
    Traceback (most recent call last):
    ValueError: checksums must be of plain file names, got '../secret'
    """
    if not _NAME.fullmatch(version):
        raise ValueError(f"version must be a plain name, got {version!r}")
    if not checksums:
        raise ValueError("checksums must be of at least one file, got none")
    for name, sha256 in checksums.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"checksums must be of plain file names, got {name!r}")
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"checksums must be SHA-256 in hexadecimal digits, got {sha256!r}")


def damaged_files(folder: Path, checksums: Checksums) -> list[str]:
    """Return the files that are missing or not what they must be, in order of name.

    >>> damaged_files(Path("no such folder"), {"policy.safetensors": "0" * 64})
    ['policy.safetensors']
    """
    return sorted(name for name, sha256 in checksums.items() if not _is_whole(folder / name, sha256))


def _is_whole(path: Path, sha256: str) -> bool:
    try:
        return sha256_of(path) == sha256
    except OSError:
        return False
