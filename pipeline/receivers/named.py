"""The receivers that a deployment names: in a YAML file, and by the settings of the first two.

Owns the file's format and its errors. What is secret in it is never shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from pipeline.receivers.routing import LOG
from pipeline.receivers.signature import SecretInvalid, WebhookSigner
from pipeline.settings import Settings
from pipeline.settings.address import is_web_url

Kind = Literal["webhook", "alertmanager", "apprise"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FORMAT = "it needs `receivers:` with entries like `{name: desk, kind: apprise, url_env: DESK_URL}`"


class ReceiversInvalid(ValueError):
    """The file of receivers cannot be used; the message is one line that names receiver, key and mend."""


@dataclass(frozen=True)
class ReceiverSpec:
    """A receiver as it is configured.

    >>> ReceiverSpec("desk", "apprise", "slack://T/O/K", source="receivers.yaml")
    ReceiverSpec(name='desk', kind='apprise', source='receivers.yaml')
    """

    name: str
    kind: Kind
    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    source: str = ""  # what to correct: a variable, or a file

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no log may hold; an Alertmanager's address is none, and its password is hidden in any address."""
        url = () if self.kind == "alertmanager" else (self.url,)
        return (*url, self.secret) if self.secret else url


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    kind: Kind
    url: str | None = None
    url_env: str | None = None
    secret: str | None = None
    secret_env: str | None = None


def load_receivers(settings: Settings, environ: Mapping[str, str]) -> tuple[ReceiverSpec, ...]:
    """Return the receivers beside the log.

    Raises:
        ReceiversInvalid: the file cannot be read or has a mistake.
    """
    specs = list(_of_settings(settings))
    if settings.receivers is not None:
        specs += _of_file(settings.receivers, environ)
    seen: set[str] = set()
    for spec in specs:
        if spec.name in seen:
            mend = "give each a name of its own; webhook and alertmanager are those of FINSURGE_…_URL"
            raise ReceiversInvalid(f"{spec.source}: receiver {spec.name}: name: it is there twice; {mend}")
        seen.add(spec.name)
    return tuple(specs)


def _of_settings(settings: Settings) -> Iterator[ReceiverSpec]:
    if settings.webhook_url:
        yield ReceiverSpec(
            "webhook", "webhook", settings.webhook_url, settings.webhook_secret, "FINSURGE_WEBHOOK_URL"
        )
    if settings.alertmanager_url:
        url = settings.alertmanager_url
        yield ReceiverSpec("alertmanager", "alertmanager", url, source="FINSURGE_ALERTMANAGER_URL")


def _of_file(path: Path, environ: Mapping[str, str]) -> Iterator[ReceiverSpec]:
    for number, entry in enumerate(_entries(path), 1):
        where = f"{path}: receiver {_shown_name(entry, number)}"
        try:
            yield _spec(msgspec.convert(entry, _Entry), environ, str(path))
        except msgspec.ValidationError as error:
            raise ReceiversInvalid(f"{where}: {' '.join(str(error).split())}; {_FORMAT}") from None
        except ReceiversInvalid as error:
            raise ReceiversInvalid(f"{where}: {error}") from None


def _entries(path: Path) -> list[Any]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReceiversInvalid(f"{path}: {(error.strerror or str(error)).lower()} (FINSURGE_RECEIVERS)") from None
    except yaml.MarkedYAMLError as error:
        # the whole error quotes the line, and with it what is secret there
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ReceiversInvalid(f"{path}: not YAML{line}: {error.problem}; quote what has : or # in it") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ReceiversInvalid(f"{path}: not YAML; save it as UTF-8 text") from None
    if not isinstance(loaded, dict) or set(loaded) != {"receivers"} or not isinstance(loaded["receivers"], list):
        raise ReceiversInvalid(f"{path}: {_FORMAT}")
    return list(loaded["receivers"])


def _shown_name(entry: Any, number: int) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return name if isinstance(name, str) and _NAME.fullmatch(name) else f"number {number}"


def _spec(entry: _Entry, environ: Mapping[str, str], source: str) -> ReceiverSpec:
    if not _NAME.fullmatch(entry.name) or entry.name == LOG:
        raise ReceiversInvalid(f"name: must be letters, digits and . _ - and not {LOG}; choose another")
    url = _value("url", entry.url, entry.url_env, environ)
    if url is None:
        raise ReceiversInvalid("url: it has none; give url, or url_env with the name of a variable that holds it")
    secret = _value("secret", entry.secret, entry.secret_env, environ)
    if secret is not None:
        _check_secret(entry.kind, secret)
    if entry.kind != "apprise" and not is_web_url(url):
        raise ReceiversInvalid(f"url: is no http:// or https:// address, as kind {entry.kind} needs; correct it")
    if entry.kind == "apprise":
        _check_apprise(entry.name, url)
    return ReceiverSpec(entry.name, entry.kind, url, secret, source)


def _value(key: str, given: str | None, variable: str | None, environ: Mapping[str, str]) -> str | None:
    if given is not None and variable is not None:
        raise ReceiversInvalid(f"{key}: it has both {key} and {key}_env; leave one out")
    if variable is None:
        return given
    if not environ.get(variable):
        raise ReceiversInvalid(f"{key}_env: the variable {variable} is not set; set it, or give {key}")
    return environ[variable]


def _check_secret(kind: Kind, secret: str) -> None:
    if kind != "webhook":
        raise ReceiversInvalid(f"secret: kind {kind} signs nothing; leave it out")
    try:
        WebhookSigner(secret)
    except SecretInvalid as invalid:
        raise ReceiversInvalid(f"secret: {invalid}") from None


def _check_apprise(name: str, url: str) -> None:
    # not above: it is slow to import, and most deployments have none
    from pipeline.receivers.apprise import AppriseReceiver, AppriseUrlInvalid

    try:
        AppriseReceiver(name, url)
    except AppriseUrlInvalid:
        mend = "correct it by its page on appriseit.com"
        raise ReceiversInvalid(f"url: is no URL of a service that Apprise knows; {mend}") from None
