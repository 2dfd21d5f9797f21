"""Where a version lies, and what it must be. Knows neither torch nor any store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Checksums = Mapping[str, str]
"""SHA-256 of each file, by its name."""


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A version in the registry.

    >>> StoredPolicy("p-1", "file:///srv/policies/p-1", {"manifest.json": "0" * 64}).version
    'p-1'
    """

    version: str
    location: str  # URL of its folder, as any process that reaches the store can open it
    checksums: Checksums
