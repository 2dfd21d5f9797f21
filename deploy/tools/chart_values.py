"""Keeps the chart's schema in step with finsurge's settings, and its README's table with the schema.

Usage: chart_values.py; tests/deploy/chart says when it is to be run.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pipeline.settings import Settings

CHART = Path(__file__).resolve().parents[1] / "helm" / "finsurge"
BY_OTHER_VALUES = frozenset(
    {"broker", "topic_prefix", "partitions", "kafka_user", "kafka_mechanism"}  # kafka
    | {"kafka_ca", "kafka_certificate", "kafka_key"}  # secrets
    | {"state_dir", "http_host", "http_port", "device"}  # the pods' own
    | {"receivers", "analysts", "rules"}  # files
    | {"registry", "policy_public_key", "policy_private_key"}
)
"""Settings that the chart gives by values of other names; secrets, which stand in no values, are left out as well."""
_TYPES = {int: "integer", float: "number"}
_BEGIN, _END = "<!-- values -->", "<!-- /values -->"


def settings_schema() -> dict[str, Any]:
    """Return the schema of `settings`: what may be set, its type and what it is for."""
    kinds = typing.get_type_hints(Settings)
    chosen = [
        each
        for each in dataclasses.fields(Settings)
        if each.name not in BY_OTHER_VALUES and not each.metadata["is_secret"]
    ]
    return {
        "description": "Settings of finsurge by their names; see `finsurge settings`. A wrong one ends an upgrade "
        "before any pod is replaced.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            each.name: {"description": each.metadata["help"], "type": _type(kinds[each.name])} for each in chosen
        },
    }


def _type(kind: Any) -> str:
    if isinstance(kind, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    return _TYPES.get(kind, "string")


def current_schema() -> dict[str, Any]:
    """Return the chart's schema as it must be: what was written by hand, and the settings."""
    schema: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    schema["properties"]["settings"] = settings_schema()
    return schema


def described(schema: dict[str, Any], values: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield name, default and description of every value that has no values below it."""
    definitions = schema["definitions"]

    def walk(part: dict[str, Any], value: Any, path: str) -> Iterator[tuple[str, str, str]]:
        for name, below in part["properties"].items():
            resolved = _resolved(below, definitions)
            here = f"{path}.{name}".lstrip(".")
            default = value.get(name) if isinstance(value, dict) else None
            if "properties" in resolved and name != "settings":
                yield from walk(resolved, default, here)
            else:
                yield here, json.dumps(default) if default is not None else "", below["description"]

    return walk(schema, values, path)


def _resolved(part: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    for reference in part.get("allOf", ()):
        return typing.cast(dict[str, Any], definitions[reference["$ref"].removeprefix("#/definitions/")])
    return part


def readme_with(table: str) -> str:
    """Return the chart's README with another table of values."""
    text = (CHART / "README.md").read_text(encoding="utf-8")
    head, rest = text.split(_BEGIN)
    return f"{head}{_BEGIN}\n{table}\n{_END}{rest.split(_END)[1]}"


def table_of(schema: dict[str, Any]) -> str:
    """Return the table of values; what the roles have in common stands once, at the first of them."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    lines, seen = ["| value | default | what for |", "| --- | --- | --- |"], set()
    for name, default, what in described(schema, values):
        shared = (name.split(".")[-1], what)
        if name.startswith("roles.") and shared in seen:
            continue
        seen.add(shared)
        shown = f"`{default}`" if default else ""
        lines.append(f"| `{name}` | {shown} | {what.replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def main() -> None:
    """Write both files anew."""
    schema = current_schema()
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    (CHART / "values.schema.json").write_text(text, encoding="utf-8")
    (CHART / "README.md").write_text(readme_with(table_of(schema)), encoding="utf-8")


if __name__ == "__main__":
    main()
