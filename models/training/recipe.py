"""What a training run is told: data, network, optimiser. Read from YAML; knows no tensors."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from models.encoder import DEFAULT_ENCODER
from models.errors import DataInvalid
from models.network import Adapters

RECIPES = Path(__file__).parent / "recipes"
"""The recipes that come with the project."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One training run.

    >>> Recipe.from_yaml(RECIPES / "default.yaml").encoder
    'sentence-transformers/all-MiniLM-L6-v2'
    >>> Recipe(data={"a.jsonl": 1.0}, n_epochs=0)
    Traceback (most recent call last):
    ValueError: n_epochs must be >= 1, got 0
    """

    data: dict[str, float]  # file below the data folder → share of its training part that is used
    encoder: str = DEFAULT_ENCODER  # hub name or folder
    adapters: Adapters = field(default_factory=Adapters)
    n_epochs: int = 5
    max_padded_tokens: int = 1024  # of one step
    max_documents: int = 32  # of one step
    learning_rate: float = 1e-3  # of the adapters; low-rank updates bear ten times what full ones do
    head_learning_rate: float = 2e-3  # of heads and shape embedding, which start from nothing
    weight_decay: float = 0.01
    p_warmup: float = 0.06  # share of the steps in which the rate rises
    max_gradient_norm: float = 1.0
    tag_weight: float = 1.0  # of the token loss beside the document loss
    seed: int = 7

    def __post_init__(self) -> None:
        for name in ("n_epochs", "max_padded_tokens", "max_documents"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        for name in ("learning_rate", "head_learning_rate", "max_gradient_norm"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")
        if not 0 <= self.p_warmup < 1:
            raise ValueError(f"p_warmup must be in [0, 1), got {self.p_warmup}")
        for file, share in self.data.items():
            if not 0 < share <= 1:
                raise ValueError(f"share of {file} must be in (0, 1], got {share}")

    @classmethod
    def from_yaml(cls, path: Path) -> Recipe:
        """Return the recipe of a YAML file.

        Raises:
            DataInvalid: if it is missing, or a field is unknown, of the wrong type or out of range.
        """
        try:
            raw = msgspec.yaml.decode(path.read_bytes(), type=dict[str, object])
            unknown = sorted(set(raw) - set(cls.__dataclass_fields__))
            if unknown:
                raise DataInvalid(
                    f"{path}: unknown field {unknown[0]}; known are {', '.join(cls.__dataclass_fields__)}"
                )
            return msgspec.convert(raw, cls)
        except OSError as error:
            raise DataInvalid(f"cannot read {path}: {error.strerror}; name a recipe file") from error
        except (msgspec.DecodeError, ValueError) as error:
            raise DataInvalid(f"{path}: {' '.join(str(error).split())}") from error
