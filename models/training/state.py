"""A run's state on disk, by which it goes on after it was interrupted. Safetensors and JSON; no pickle."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

_TENSORS = "state.safetensors"
_COUNTS = "state.json"


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a run has come.

    >>> Reached().step
    0
    """

    step: int = 0  # done
    best_score: float = float("-inf")  # of the epochs that are done


def save_state(
    folder: Path, reached: Reached, network: nn.Module, optimiser: Optimizer, device: torch.device
) -> None:
    """Write all that the next step depends on; an older state stands until the new one is whole."""
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    save_file(_tensors(network, optimiser, device), new / _TENSORS)
    (new / _COUNTS).write_text(json.dumps(asdict(reached)), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def load_state(folder: Path, network: nn.Module, optimiser: Optimizer, device: torch.device) -> Reached:
    """Put network, optimiser and random numbers where they were; a folder without a state is a beginning.

    Raises:
        ValueError: if the state is another network's.
    """
    if not (folder / _COUNTS).is_file():
        return Reached()
    reached = Reached(**json.loads((folder / _COUNTS).read_text(encoding="utf-8")))
    if not (folder / _TENSORS).is_file():
        return reached
    tensors = load_file(folder / _TENSORS)
    parameters = {name: value for name, value in network.named_parameters() if value.requires_grad}
    saved = {name.removeprefix("network."): tensors[name] for name in tensors if name.startswith("network.")}
    if {name: value.shape for name, value in parameters.items()} != {name: v.shape for name, v in saved.items()}:
        raise ValueError(f"{folder} is the state of another network")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(saved[name])
    found = optimiser.state_dict()
    found["state"] = _nested(tensors)
    optimiser.load_state_dict(found)
    torch.set_rng_state(tensors["random.cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(tensors["random.cuda"], device)
    return reached


def close_state(folder: Path) -> None:
    """Drop what only a next step would need; that the run has come to its end stays known."""
    (folder / _TENSORS).unlink(missing_ok=True)


def _tensors(network: nn.Module, optimiser: Optimizer, device: torch.device) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {
        f"network.{name}": value for name, value in network.named_parameters() if value.requires_grad
    }
    for index, values in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": value for name, value in values.items()}
    tensors["random.cpu"] = torch.get_rng_state()
    if device.type == "cuda":
        tensors["random.cuda"] = torch.cuda.get_rng_state(device)
    return {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}


def _nested(tensors: dict[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            _, index, name = key.split(".", 2)
            state.setdefault(int(index), {})[name] = value
    return state
