"""Takes out of an installed environment what no process of finsurge reads, and says how much that is.

Owns which files those are. That nothing else is missing is shown by warm.py, which imports all of it afterwards.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

UNREAD = {
    "tests of others": ("**/tests",),
    "headers and static libraries": ("torch/include", "torch/share", "nvidia/**/include", "**/*.a"),
    "compilers' tools": ("torch/bin/protoc*", "nvidia/**/bin"),
    "typing stubs": ("**/*.pyi",),
    "bytecode": ("**/__pycache__",),
}
"""Glob patterns below site-packages, by what they find."""


def unread(site: Path, patterns: Sequence[str]) -> Iterator[Path]:
    """Yield the files and folders below `site` that the patterns find."""
    for pattern in patterns:
        yield from sorted(site.glob(pattern))


def remove(path: Path) -> int:
    """Remove a file or a folder, and return how many bytes it had; 0 if it is gone already."""
    if path.is_dir():
        n_bytes = sum(file.lstat().st_size for file in path.rglob("*") if not file.is_dir())
        shutil.rmtree(path)
        return n_bytes
    if not path.exists():
        return 0
    n_bytes = path.lstat().st_size
    path.unlink()
    return n_bytes


def slim(site: Path) -> dict[str, int]:
    """Remove what is unread, and return the bytes by what it was."""
    return {what: sum(remove(path) for path in unread(site, patterns)) for what, patterns in UNREAD.items()}


if __name__ == "__main__":
    for found, n_bytes in slim(Path(sys.argv[1])).items():
        sys.stdout.write(f"{n_bytes / 1e6:8.1f} MB {found}\n")
