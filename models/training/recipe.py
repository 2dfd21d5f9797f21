"""What a training run is told: data, network, schedule. Read from YAML; knows no tensors."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

import msgspec

from models.encoder import DEFAULT_ENCODER
from models.errors import DataInvalid
from models.network import Adapters
from models.training.schedule import Schedule

RECIPES = Path(__file__).parent / "recipes"
"""The recipes that come with the project."""

Shares = dict[str, float]
"""File below the data folder → share of it that is used, in (0, 1]."""


@dataclass(frozen=True, kw_only=True)
class Adaptation(Schedule):
    """Reading unlabelled text of the domain first, by guessing masked words of it.

    See "Don't Stop Pretraining" by Gururangan et al.
    """

    texts: Shares
    p_masked: float = 0.15  # share of the words

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_shares(self.texts)
        if not 0 < self.p_masked < 1:
            raise ValueError(f"p_masked must be in (0, 1), got {self.p_masked}")


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """Learning from other policies as well: from their mean probabilities, of labelled and unlabelled texts.

    See "Distilling the Knowledge in a Neural Network" by Hinton et al.
    """

    teachers: tuple[str, ...]  # policy folders
    texts: Shares = field(default_factory=dict)  # unlabelled, of which teachers alone tell
    weight: float = 0.5  # of the teachers beside the labels, where there are labels

    def __post_init__(self) -> None:
        _check_shares(self.texts)
        if not self.teachers:
            raise ValueError("teachers must name a policy folder, got none")
        if not 0 < self.weight <= 1:
            raise ValueError(f"weight must be in (0, 1], got {self.weight}")


@dataclass(frozen=True, kw_only=True)
class Recipe(Schedule):
    """One training run.

    >>> Recipe.from_yaml(RECIPES / "default.yaml").encoder
    'sentence-transformers/all-MiniLM-L6-v2'
    >>> Recipe(data={"a.jsonl": 1.0}, n_epochs=0)
    Traceback (most recent call last):
    ValueError: n_epochs must be >= 1, got 0
    """

    learns: Literal["policy", "tags"] = "policy"  # tags: any tag set, as the data has it
    data: Shares = field(default_factory=dict)  # labelled; shares are of the training part
    encoder: str = DEFAULT_ENCODER  # hub name or folder
    adapters: Adapters | None = field(default_factory=Adapters)  # None: the whole encoder is trained
    start: str | None = None  # folder of a policy that is trained on, instead of the encoder's fresh heads
    adaptation: Adaptation | None = None
    distillation: Distillation | None = None
    tag_weight: float = 1.0  # of the loss of a mean token beside the document's
    towards_weight: float = 1.0  # of the loss of the sentiment towards a mean mention beside the document's
    p_recased: float = 0.0  # share of the documents read as if in capitals, and as many as if in small letters

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_shares(self.data)
        if not 0 <= self.p_recased <= 0.5:
            raise ValueError(f"p_recased must be in [0, 0.5], got {self.p_recased}")

    @classmethod
    def from_yaml(cls, path: Path) -> Recipe:
        """Return the recipe of a YAML file.

        Raises:
            DataInvalid: if it is missing, or a field is unknown, of the wrong type or out of range.
        """
        try:
            raw = msgspec.yaml.decode(path.read_bytes(), type=dict[str, object])
            _check_known(path, raw, cls)
            return msgspec.convert(raw, cls)
        except OSError as error:
            raise DataInvalid(f"cannot read {path}: {error.strerror}; name a recipe file") from error
        except (msgspec.DecodeError, ValueError) as error:
            raise DataInvalid(f"{path}: {' '.join(str(error).split())}") from error


def _check_known(path: Path, raw: dict[str, object], cls: type, prefix: str = "") -> None:
    known = {field.name for field in fields(cls)}
    unknown = sorted(set(raw) - known)
    if unknown:
        raise DataInvalid(f"{path}: unknown field {prefix}{unknown[0]}; known are {', '.join(sorted(known))}")
    for name, inner in (("adapters", Adapters), ("adaptation", Adaptation), ("distillation", Distillation)):
        value = raw.get(name)
        if name in known and isinstance(value, dict):
            _check_known(path, value, inner, f"{name}.")


def _check_shares(shares: Shares) -> None:
    for file, share in shares.items():
        if not 0 < share <= 1:
            raise ValueError(f"share of {file} must be in (0, 1], got {share}")
