"""Where alerts go: whether each receiver's URL is one, and whether somebody is there. Sends no alert."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from pipeline.checks.check import Check, Level, shown_address
from pipeline.receivers.named import ReceiversInvalid, ReceiverSpec, load_receivers
from pipeline.receivers.routing import LOG
from pipeline.settings import Settings
from pipeline.settings.address import is_web_url

TIMEOUT_S = 5.0
MAX_SKEW_S = 60.0  # Alertmanager judges by its own clock what has ended; alerts are told every 60 s


def check_receivers(settings: Settings) -> Iterator[Check]:
    """Say of each receiver that is named whether it would take alerts."""
    try:
        specs = load_receivers(settings, os.environ)
    except ReceiversInvalid as reason:
        yield Check("receivers", Level.FAIL, str(reason))
        return
    if not specs:
        mend = "set FINSURGE_ALERTMANAGER_URL, FINSURGE_WEBHOOK_URL or FINSURGE_RECEIVERS to have people told"
        yield Check("receivers", Level.WARN, f"alerts go to the log alone; {mend}")
    for spec in specs:
        yield _look(spec)
    yield from _check_routes(settings, {LOG, *(spec.name for spec in specs)})


def _check_routes(settings: Settings, names: set[str]) -> Iterator[Check]:
    from alerts.rules.parse import RulesInvalid
    from pipeline.wiring import open_rules

    try:
        book = open_rules(settings)
    except RulesInvalid:  # told by its own check
        return
    parts = [book.default, *(group.part for group in book.groups), *book.topics.values()]
    unknown = sorted({name for part in parts for name in part.rule.routes if name not in names})
    if unknown:
        mend = "name them in FINSURGE_RECEIVERS, or correct FINSURGE_RULES"
        yield Check("routes", Level.WARN, f"no receivers are called {', '.join(unknown)}: alerts go to all; {mend}")


def _look(spec: ReceiverSpec) -> Check:
    if spec.kind == "apprise":
        mend = f"`finsurge alerts test --receiver {spec.name}` sends one"
        return Check(spec.name, Level.OK, f"Apprise knows the service; whether it takes alerts is not asked: {mend}")
    if not is_web_url(spec.url):
        # not shown: what is mistyped may still be a secret
        return Check(spec.name, Level.FAIL, f"{spec.source} is no http:// or https:// address; correct it")
    url = urlsplit(spec.url)
    try:
        return _ask_ready(spec, url) if spec.kind == "alertmanager" else _reach(spec.name, url)
    except (OSError, HTTPException) as error:
        reason = str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
        mend = f"start it, or correct {spec.source}"
        return Check(spec.name, Level.FAIL, f"{shown_address(url)} does not answer: {reason}; {mend}")


def _reach(name: str, url: SplitResult) -> Check:
    port = url.port or (443 if url.scheme == "https" else 80)
    # no request: a webhook may take any for an alert
    socket.create_connection((url.hostname or "", port), timeout=TIMEOUT_S).close()
    return Check(name, Level.OK, f"{shown_address(url)} takes connections")


def _ask_ready(spec: ReceiverSpec, url: SplitResult) -> Check:
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", f"{url.path.rstrip('/')}/-/ready")
        answer = connection.getresponse()
        status, date = answer.status, answer.getheader("Date")
    finally:
        connection.close()
    where = shown_address(url)
    if status != 200:
        mend = f"wait until it is ready, or give its base address in {spec.source}"
        return Check(spec.name, Level.FAIL, f"{where} answers {status} at /-/ready; {mend}")
    skew_s = abs((parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()) if date else 0.0
    if skew_s > MAX_SKEW_S:
        return Check(spec.name, Level.FAIL, f"{where}: its clock is {skew_s:.0f} s from ours; keep both by NTP")
    return Check(spec.name, Level.OK, f"{where} is ready")
