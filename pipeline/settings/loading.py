"""Reads the settings once: command line before environment before file before default.

A secret may lie in a file of its own: NAME_FILE, or `name_file`, says where.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerts.rules.plain_yaml import NotYaml, read_yaml
from alerts.rules.values import shown
from pipeline.settings.setting import Setting, SettingsInvalid
from pipeline.settings.settings import Settings, all_settings
from pipeline.settings.sources import CONFIG, Source, SourceKind, is_service_port, nearest, unknown_variables

USUAL_FILE = Path("finsurge.yaml")
_QUOTED = re.compile(r"'[^'<][^']*'")
_KINDS = {int: "a whole number", float: "a number", str: "text", Path: "a path"}


@dataclass(frozen=True)
class LoadedSettings:
    """The settings, and where each value comes from.

    >>> load_with_sources({"FINSURGE_BIN_S": "60"}).sources["bin_s"].name
    'FINSURGE_BIN_S'
    """

    settings: Settings
    sources: Mapping[str, Source]
    unused: tuple[str, ...] = ()
    """FINSURGE_* variables that mean nothing to finsurge"""


def load_settings(environ: Mapping[str, str], file: Path | None = None, **options: Any) -> Settings:
    """Return the settings; see `load_with_sources`."""
    return load_with_sources(environ, file, **options).settings


def load_with_sources(environ: Mapping[str, str], file: Path | None = None, **options: Any) -> LoadedSettings:
    """Return the settings with their sources.

    Args:
        environ: environment variables.
        file: YAML; None: the one that the environment names, or the usual one in the folder one is in.
        options: of the command line, by the setting's name; None is not given.

    Raises:
        SettingsInvalid: an unknown name, a value that does not fit, or an unreadable file.
    """
    values: dict[str, Any] = {}
    sources = {each.name: Source(SourceKind.DEFAULT) for each in all_settings()}
    unused = _check_names(environ)
    path = file or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    if path is None and USUAL_FILE.is_file():
        path = USUAL_FILE
    given = [*(_of_file(path) if path else ()), *_of_environment(environ)]
    for setting, value, source in given:
        values[setting.name], sources[setting.name] = value, source
    for name, value in options.items():
        if value is not None:
            values[name], sources[name] = value, Source(SourceKind.OPTION, f"--{name.replace('_', '-')}")
    return LoadedSettings(_made(values, sources), sources, unused)


def _made(values: Mapping[str, Any], sources: Mapping[str, Source]) -> Settings:
    for each in all_settings():
        complaint = each.complaint(values[each.name]) if each.name in values else None
        if complaint is not None:
            raise SettingsInvalid(f"{sources[each.name].name}: {complaint}")
    return Settings(**values)


def _check_names(environ: Mapping[str, str]) -> tuple[str, ...]:
    unknown = unknown_variables(environ)
    for name, near in unknown.items():
        if near is not None:
            raise SettingsInvalid(f"{name}: no such setting; did you mean {near}?")
    return tuple(unknown)


def _of_environment(environ: Mapping[str, str]) -> Iterator[tuple[Setting, Any, Source]]:
    for each in all_settings():
        value = environ.get(each.variable)
        file = environ.get(each.file_variable) if each.file_variable else None
        if value and file:
            raise SettingsInvalid(f"{each.variable} and {each.file_variable} are both set; leave one out")
        if value and is_service_port(value):
            raise SettingsInvalid(
                f"{each.variable}: {value!r} is what Kubernetes says of a service's port; give the pod "
                "enableServiceLinks: false"
            )
        if value:
            yield each, _converted(each, value, each.variable), Source(SourceKind.ENVIRONMENT, each.variable)
        elif file and each.file_variable:
            yield each, _secret(each.file_variable, file), Source(SourceKind.ENVIRONMENT, each.file_variable)


def _of_file(path: Path) -> Iterator[tuple[Setting, Any, Source]]:
    by_name = {each.name: each for each in all_settings()}
    by_file = {each.file_name: each for each in all_settings() if each.file_name}
    content = _read(path)
    for name, value in content.items():
        if name in by_file:
            each = by_file[name]
            if content.get(each.name) is not None:
                raise SettingsInvalid(f"{path}: {each.name} and {name} are both set; leave one out")
            if not isinstance(value, str):
                raise SettingsInvalid(f"{path}: {name} must be a path, got {shown(value)}")
            yield each, _secret(f"{path}: {name}", value), Source(SourceKind.FILE, f"{path}: {name}")
        elif name not in by_name:
            near = nearest(name, [*by_name, *by_file])
            mend = f"did you mean {near}?" if near else "`finsurge settings` lists all"
            raise SettingsInvalid(f"{path}: unknown setting {name!r:.60}; {mend}")
        else:
            each = by_name[name]
            yield each, _converted(each, value, str(path)), Source(SourceKind.FILE, str(path))


def _read(path: Path) -> dict[str, Any]:
    try:
        content, repeated = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsInvalid(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError as error:
        raise SettingsInvalid(f"{path}: is not UTF-8 text at byte {error.start}") from None
    except NotYaml as error:
        # what it quotes may be a secret that begins with * or !
        raise SettingsInvalid(f"{path}: {_QUOTED.sub('…', str(error))}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsInvalid(f"{path}: expected name: value lines, got {type(content).__name__}")
    if repeated:
        raise SettingsInvalid(f"{path}: {repeated[0]}")
    return content


def _secret(source: str, path: str) -> str:
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsInvalid(f"{source}: {path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise SettingsInvalid(f"{source}: {path}: is not UTF-8 text") from None
    if not secret:
        raise SettingsInvalid(f"{source}: {path}: is empty; put the secret in")
    return secret


def _converted(setting: Setting, value: Any, source: str) -> Any:
    if value is None and setting.is_optional:
        return None
    # YAML has types of its own: 4.5 partitions, or a folder called null, are mistakes
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_lossy = setting.kind is int and is_number and value != round(value)
    if not is_lossy and (is_number or isinstance(value, str)):
        try:
            return setting.kind(value)
        except (TypeError, ValueError, OverflowError):
            pass
    got = "" if setting.is_secret else f", got {shown(value)}"
    raise SettingsInvalid(f"{source}: {setting.name} must be {_KINDS[setting.kind]}{got}")
