"""Where the policy computes, by the settings; a device that is not there is told before torch stumbles."""

from __future__ import annotations

import torch

from pipeline.errors import CommandFailed
from pipeline.settings import Settings


def chosen_device(settings: Settings) -> str | None:
    """Return the device as torch names it, None for the best there is.

    >>> chosen_device(Settings(device="cpu"))
    'cpu'

    Raises:
        CommandFailed: CUDA is asked for and not there.
    """
    if settings.device == "cuda" and not torch.cuda.is_available():
        mend = "install its driver and a CUDA build of torch, or set FINSURGE_DEVICE=auto"
        raise CommandFailed(f"torch {torch.__version__} finds no CUDA device; {mend}")
    return None if settings.device == "auto" else settings.device
