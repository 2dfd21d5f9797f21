"""Addresses in settings: what one is, and how it is shown without what is secret in it."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

_USERINFO = re.compile(r"(?<=://)[^/?#\s]*@")
_QUERY = re.compile(r"(?<=[?&])([^=&#\s]+)=[^&#\s]*")


def is_web_url(value: str) -> bool:
    """Return whether it is an http:// or https:// address.

    >>> is_web_url("https://hooks.example.com/1"), is_web_url("hooks.example.com")
    (True, False)
    """
    try:
        url = urlsplit(value)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself.

    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("kafka.example.com")
    (True, True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def masked(value: Any) -> Any:
    """Return a value, an address in it without user, password and what its query says; these may be secrets.

    >>> masked("https://ada:pw@am.example.com/api?token=T0KEN&x=1"), masked(300)
    ('https://…@am.example.com/api?token=…&x=…', 300)
    """
    if not isinstance(value, str) or "://" not in value:
        return value
    return _QUERY.sub(r"\1=…", _USERINFO.sub("…@", value))
