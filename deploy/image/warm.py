"""Imports every module of finsurge, so that Python writes the bytecode of all that they import, and of nothing else.

Run with PYTHONPYCACHEPREFIX: the image keeps that folder, and no other bytecode.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator

PACKAGES = ("models", "rl", "alerts", "pipeline")
LATER = ("peft", "transformers.models.bert.modeling_bert", "kafka.admin", "apprise.plugins")
"""What finsurge imports only once it is needed."""


def modules(packages: tuple[str, ...] = PACKAGES) -> Iterator[str]:
    """Yield the names of all modules of some packages, and those of LATER."""
    for package in packages:
        yield package
        paths = importlib.import_module(package).__path__
        yield from (found.name for found in pkgutil.walk_packages(paths, f"{package}."))
    yield from LATER


if __name__ == "__main__":
    for name in modules():
        importlib.import_module(name)
    sys.stdout.write(f"{len(sys.modules)} modules\n")
