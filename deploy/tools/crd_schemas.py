"""Makes JSON schemas, which kubeconform reads, of CustomResourceDefinitions.

Usage: crd_schemas.py SOURCE FOLDER CRD.yaml... ; SOURCE is where the definitions come from, and is written into each.
tests/deploy/chart/schemas/README.md has the commands that made those of the tests.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml


def strict(schema: Any) -> Any:
    """Return a schema without prose, in which an object may have no property that is not declared."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        name: {of: strict(part) for of, part in value.items()} if name == "properties" else strict(value)
        for name, value in schema.items()
        if name != "description" and (not name.startswith("x-kubernetes-") or name in _MEANT)
    }
    if "properties" in kept and not kept.pop("x-kubernetes-preserve-unknown-fields", False):
        kept.setdefault("additionalProperties", False)
    if kept.pop("x-kubernetes-int-or-string", False):
        kept.pop("type", None)
        kept["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    return kept


_MEANT = ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string")


def schemas_of(definition: Any) -> dict[str, Any]:
    """Return the schema of each served version, by the name of its file."""
    spec = definition["spec"]
    kind = spec["names"]["kind"].lower()
    found = {}
    for version in spec["versions"]:
        schema = strict(version["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        found[f"{spec['group']}/{kind}_{version['name']}.json"] = schema
    return found


def main(source: str, folder: Path, files: list[Path]) -> None:
    """Write the schemas of all files."""
    for file in files:
        for name, schema in schemas_of(yaml.safe_load(file.read_text(encoding="utf-8"))).items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"$comment": f"made of {file.name} of {source}"} | schema, separators=(",", ":"))
            target.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
