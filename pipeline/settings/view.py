"""What is shown of settings: never a secret, and of an address no user, password or query."""

from __future__ import annotations

from typing import Any

from pipeline.settings.address import masked
from pipeline.settings.setting import Setting
from pipeline.settings.settings import Settings, all_settings

NOT_SHOWN = "(set, not shown)"
"""What is shown of a secret."""


def shown(settings: Settings) -> dict[str, Any]:
    """Return every setting by name as it may be shown: a secret is only said to be set.

    >>> shown(Settings(review_salt="s"))["review_salt"]
    '(set, not shown)'
    """
    return {each.name: _shown(each, getattr(settings, each.name)) for each in all_settings()}


def described() -> list[tuple[str, str, str]]:
    """Return (environment variable, default, help) of every setting."""
    return [(each.variable, default_text(each), each.help) for each in all_settings()]


def default_text(setting: Setting) -> str:
    """Return the default as one would write it, nothing for none."""
    return "" if setting.default is None else str(setting.default)


def _shown(setting: Setting, value: Any) -> Any:
    return NOT_SHOWN if setting.is_secret and value else masked(value)
