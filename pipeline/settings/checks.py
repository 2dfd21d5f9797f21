"""What a value must be: checks that settings are declared with."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from alerts.windows.shares import parsed_rates
from pipeline.broker.connection import addresses
from pipeline.receivers.signature import SecretInvalid, WebhookSigner
from pipeline.settings.address import is_web_url

Check = Callable[[Any], str | None]
"""Returns what a value must be, or None where it is."""

_BROKER = re.compile(r"kafka(\+ssl)?://[^,/\s]+:[0-9]{1,5}(,[^,/\s]+:[0-9]{1,5})*")


def above(least: float) -> Check:
    """Return a check that a number is finite and greater.

    >>> above(0)(0.0)
    'must be > 0'
    """
    return lambda value: None if least < value < math.inf else f"must be > {least:g}"


def at_least(least: float) -> Check:
    """Return a check that a number is finite and not less.

    >>> at_least(0)(math.nan)
    'must be >= 0'
    """
    return lambda value: None if least <= value < math.inf else f"must be >= {least:g}"


def between(least: float, most: float) -> Check:
    """Return a check that a number is in a closed range.

    >>> between(0.01, 0.9)(1.0)
    'must be in [0.01, 0.9]'
    """
    return lambda value: None if least <= value <= most else f"must be in [{least:g}, {most:g}]"


def one_of(*words: str) -> Check:
    """Return a check that a value is one of some words.

    >>> one_of("auto", "cpu", "cuda")("gpu")
    'must be auto, cpu or cuda'
    """
    wanted = f"must be {', '.join(words[:-1])} or {words[-1]}"
    return lambda value: None if value in words else wanted


POSITIVE = above(0)
NOT_NEGATIVE = at_least(0)


def web_address(value: str) -> str | None:
    """Pass an http:// or https:// address.

    >>> web_address("console.example.com")
    'must be an http:// or https:// address'
    """
    return None if is_web_url(value) else "must be an http:// or https:// address"


def broker(value: str) -> str | None:
    """Pass addresses of a Kafka.

    >>> broker("kafka://a:9092"), broker("kafka://a:99999")
    (None, 'must look like kafka://host:port[,host:port], or kafka+ssl://…')
    """
    try:
        addresses(value.partition("://")[2])
    except ValueError:
        is_right = False
    else:
        is_right = _BROKER.fullmatch(value) is not None
    return None if is_right else "must look like kafka://host:port[,host:port], or kafka+ssl://…"


def bins(value: int) -> str | None:
    """Pass seconds of which an hour is a multiple."""
    return POSITIVE(value) or (None if 3_600 % value == 0 else "must divide an hour")


def share(value: float) -> str | None:
    """Pass a share that is more than nothing."""
    return None if 0 < value <= 1 else "must be in (0, 1]"


def rate(value: float) -> str | None:
    """Pass a rate, which may be endless."""
    return None if 0 < value <= math.inf else "must be > 0 (inf: all that are drawn)"


def error_rates(value: str) -> str | None:
    """Pass what `parsed_rates` reads."""
    try:
        parsed_rates(value)
    except ValueError as invalid:
        return f"holds no rates: {invalid}"
    return None


def webhook_secret(value: str) -> str | None:
    """Pass secrets that a webhook can be signed with."""
    try:
        WebhookSigner(value)
    except SecretInvalid as invalid:
        return str(invalid)
    return None
