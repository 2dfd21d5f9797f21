"""YAML that means what it looks like: 22:00, on, no and 010 are text, and a key that comes twice is a fault.

Follows the core schema of YAML 1.2 where PyYAML follows 1.1. Knows no rules.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"


class NotYaml(ValueError):
    """A text that cannot be read as YAML; the message is one line that says where.

    >>> read_yaml("a: [")
    Traceback (most recent call last):
    alerts.rules.plain_yaml.NotYaml: is not YAML: line 1: expected the node content, but found '<stream end>'
    """


def read_yaml(text: str) -> tuple[Any, list[str]]:
    r"""Return what a YAML text holds, and a line for each key that comes twice; keys are always text.

    >>> read_yaml("begin: 22:00\nis_on: no\n7203: 1\nis_on: true")
    ({'begin': '22:00', 'is_on': True, '7203': 1}, ["line 4: key 'is_on' comes twice; leave one of them out"])

    Raises:
        NotYaml: it is none.
    """
    try:
        loader = _Loader(text)
        return loader.get_single_data(), loader.repeated
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise NotYaml(f"is not YAML: {where}{' '.join(str(error.problem).split())}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise NotYaml(f"is not YAML: {' '.join(str(error).split())[:160]}") from None
    except RecursionError:
        raise NotYaml("is not a rule book: it is nested too deep") from None


class _Loader(yaml.SafeLoader):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated: list[str] = []

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return a node that has no tag of its own."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs know no types of it
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            raise yaml.MarkedYAMLError(problem=f"tag {tag!r:.60} means nothing here", problem_mark=event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Return a mapping whose keys are text."""
        node = super().compose_mapping_node(anchor)
        node.value = [(_as_text(key), value) for key, value in node.value]
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    line = key.start_mark.line + 1
                    self.repeated.append(f"line {line}: key {key.value!r:.60} comes twice; leave one of them out")
                seen.add(key.value)
        return node


def _as_text(key: yaml.Node) -> yaml.Node:
    if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_TAG}merge":
        return key
    return yaml.ScalarNode(f"{_TAG}str", key.value, key.start_mark, key.end_mark)


_Loader.yaml_implicit_resolvers = {}  # those of 1.1
for _name, _form, _starts in (
    ("null", r"~|null|Null|NULL|", [*"~nN", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,17})", [*"-+0123456789"]),
    ("float", r"[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)", [*"-+.0123456789"]),
    ("merge", "<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(rf"(?:{_form})\Z"), _starts)
