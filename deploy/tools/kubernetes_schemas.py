"""Unpacks the strict JSON schemas of some versions of Kubernetes out of a wheel of kubernetes-validate.

Usage: kubernetes_schemas.py WHEEL FOLDER VERSION...
"""

import json
import sys
import zipfile
from pathlib import Path, PurePosixPath


def unpack(wheel: Path, folder: Path, version: str) -> int:
    """Write the version's schemas to a folder of its name, and return how many they are."""
    target = folder / f"v{version}"
    unfinished = target.with_suffix(".part")
    unfinished.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as packed:
        names = [n for n in packed.namelist() if PurePosixPath(n).parent.name == f"v{version}-local-strict"]
        for name in names:
            (unfinished / PurePosixPath(name).name).write_bytes(beside_each_other(packed.read(name)))
    if names:
        unfinished.rename(target)
    return len(names)


def beside_each_other(schema: bytes) -> bytes:
    """Return a schema that finds the others in its own folder: as packed they name a site as their home."""
    content = json.loads(schema.replace(b'"/api/_definitions.json', b'"_definitions.json'))
    content.pop("$id", None)
    return json.dumps(content).encode()


if __name__ == "__main__":
    for wanted in sys.argv[3:]:
        if not unpack(Path(sys.argv[1]), Path(sys.argv[2]), wanted):
            sys.exit(f"{sys.argv[1]} has no schemas of Kubernetes {wanted}")
