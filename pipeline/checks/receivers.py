"""Where alerts go: whether each receiver's URL is one, and whether somebody is there. Sends no alert."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from pipeline.checks.check import Check, Level, shown_address
from pipeline.settings import Settings

TIMEOUT_S = 5.0
MAX_SKEW_S = 60.0  # Alertmanager judges by its own clock what has ended; alerts are told every 60 s


def check_receivers(settings: Settings) -> Iterator[Check]:
    """Say of each receiver that the settings name whether it would take alerts."""
    if not settings.webhook_url and not settings.alertmanager_url:
        mend = "set FINSURGE_ALERTMANAGER_URL or FINSURGE_WEBHOOK_URL to have people told"
        yield Check("receivers", Level.WARN, f"alerts go to the log alone; {mend}")
    if settings.webhook_url:
        yield _look("webhook", settings.webhook_url, _reach)
    if settings.alertmanager_url:
        yield _look("alertmanager", settings.alertmanager_url, _ask_ready)


def _look(name: str, value: str, ask: Callable[[str, SplitResult], Check]) -> Check:
    variable = f"FINSURGE_{name.upper()}_URL"
    try:
        url = urlsplit(value)
        is_url = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        # not shown: what is mistyped may still be a secret
        return Check(name, Level.FAIL, f"{variable} is no http:// or https:// address; correct it")
    try:
        return ask(name, url)
    except (OSError, HTTPException) as error:
        reason = str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
        mend = f"start it, or correct {variable}"
        return Check(name, Level.FAIL, f"{shown_address(url)} does not answer: {reason}; {mend}")


def _reach(name: str, url: SplitResult) -> Check:
    port = url.port or (443 if url.scheme == "https" else 80)
    # no request: a webhook may take any for an alert
    socket.create_connection((url.hostname or "", port), timeout=TIMEOUT_S).close()
    return Check(name, Level.OK, f"{shown_address(url)} takes connections")


def _ask_ready(name: str, url: SplitResult) -> Check:
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
        mend = "wait until it is ready, or give its base address in FINSURGE_ALERTMANAGER_URL"
        return Check(name, Level.FAIL, f"{where} answers {status} at /-/ready; {mend}")
    skew_s = abs((parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()) if date else 0.0
    if skew_s > MAX_SKEW_S:
        return Check(name, Level.FAIL, f"{where}: its clock is {skew_s:.0f} s from ours; keep both by NTP")
    return Check(name, Level.OK, f"{where} is ready")
