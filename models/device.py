"""Where a policy computes, and in which numeric type. Knows no network."""

from __future__ import annotations

import torch


def default_device() -> torch.device:
    """Return the first CUDA device if there is one, else the CPU."""
    return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


def device_of(name: str | None = None) -> torch.device:
    """Return the device of that name, the default one without a name.

    >>> device_of("cpu")
    device(type='cpu')

    Raises:
        ValueError: if torch knows no such device, or this machine has none.
    """
    if name is None:
        return default_device()
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"device must be one this machine has, such as cpu, got {name} ({reason})") from error
    return device


def serving_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 where the processor multiplies it natively, float32 elsewhere."""
    if device.type == "cuda":
        is_native = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device.type == "cpu":
        capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
        is_native = bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    else:
        is_native = False
    return torch.bfloat16 if is_native else torch.float32
