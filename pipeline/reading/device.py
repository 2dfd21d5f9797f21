"""Where the policy computes, by the settings; a device that is not there is the user's mistake, told in one line."""

from __future__ import annotations

from models.device import device_of
from pipeline.errors import CommandFailed
from pipeline.settings import Settings


def chosen_device(settings: Settings) -> str | None:
    """Return the device as torch names it, None for the best there is.

    >>> chosen_device(Settings(device="cpu"))
    'cpu'

    Raises:
        CommandFailed: it is not there.
    """
    name = None if settings.device == "auto" else settings.device
    try:
        device_of(name)
    except ValueError as error:
        raise CommandFailed(f"{error}; set FINSURGE_DEVICE=auto") from None
    return name
