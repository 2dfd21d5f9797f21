"""Prints what pyproject.toml asks for, a requirement a line: the layer of dependencies knows nothing of the code."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path


def requirements(pyproject: str, extras: Sequence[str] = ()) -> list[str]:
    """Return the requirements of a project, and those of its extras.

    Args:
        pyproject: the text of the project's pyproject.toml.
        extras: names of its optional dependencies.

    Raises:
        KeyError: the project has no such extra.

    >>> requirements("project = {dependencies = ['numpy'], optional-dependencies = {plots = ['x']}}", ["plots"])
    ['numpy', 'x']
    """
    project = tomllib.loads(pyproject)["project"]
    optional = project.get("optional-dependencies", {})
    return [*project["dependencies"], *(needed for extra in extras for needed in optional[extra])]


if __name__ == "__main__":
    path, *names = sys.argv[1:]
    wanted = [extra for name in names for extra in name.split(",") if extra]
    sys.stdout.write("".join(f"{line}\n" for line in requirements(Path(path).read_text(encoding="utf-8"), wanted)))
