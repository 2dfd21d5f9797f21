"""One update: from the serving policy and rounds to a candidate, calibrated and saved.

Owns what an update is made of. Knows neither Kafka nor clocks; an interrupted one goes on in its folder.
"""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from models.checkpoint import Manifest, read_manifest, save_checkpoint
from models.device import device_of
from models.encoder import load_tokenizer
from models.labelled.example import Example
from models.network import PolicyNetwork
from models.policy import Policy
from models.tokens import WordpieceTokenizer
from models.training.calibration import fit_temperatures
from models.training.start import Start
from rl.learner.lessons import LessonConfig, lessons_of
from rl.learner.mixture import Mixture
from rl.rounds.audit import parted
from rl.rounds.round import Round
from rl.tuning import OnProgress, TuningConfig, tune

CANDIDATE_FOLDER = "policy"
ROUNDS = "rounds"
"""By which a candidate's manifest names what it learned from."""


class NothingToLearn(Exception):
    """No round says anything that could be learned: all are kept for judging, quarantined, or empty."""


@dataclass(frozen=True, kw_only=True)
class UpdateConfig:
    """How a policy is updated.

    >>> UpdateConfig(n_passes=0)
    Traceback (most recent call last):
    ValueError: n_passes must be > 0, got 0
    """

    tuning: TuningConfig = field(default_factory=lambda: TuningConfig(n_steps=1))
    # Its number of steps is set by the passes.
    n_passes: float = 6.0
    # Over the chosen rounds.
    min_steps: int = 30
    # A few corrections are otherwise a step or two, which move nothing.
    mixture: Mixture = field(default_factory=Mixture)
    lessons: LessonConfig = field(default_factory=LessonConfig)
    min_calibration: int = 200
    # Audited documents with a right label; with fewer the parent's temperatures are kept.

    def __post_init__(self) -> None:
        for name in ("n_passes", "min_steps", "min_calibration"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")


def update(
    parent: Path,
    fresh: Sequence[Round],
    older: Sequence[Round],
    folder: Path,
    *,
    config: UpdateConfig | None = None,
    device: str | None = None,
    on_progress: OnProgress = lambda _: None,
) -> Manifest:
    """Train a candidate from rounds, and leave it in `folder/policy`; return its manifest.

    Audited rounds (`rl.rounds.audit`) are never learned from: they fit the temperatures, which change no decision,
    and are left for the gate. Adapters and heads change, the encoder's weights stay.

    Args:
        parent: folder of the serving policy, which is the reference policy as well.
        fresh: rounds that no update has learned from.
        older: those of updates before.
        folder: of this update alone; tuning's figures and state are there too.
        config: how.
        device: where to compute.
        on_progress: told after each step.

    Raises:
        CheckpointMismatch: the parent's folder is damaged.
        NothingToLearn: no round teaches anything.
    """
    config = config or UpdateConfig()
    where = device_of(device)
    start = Start.from_policy(parent)
    tokenizer = load_tokenizer(start.encoder)
    learned, audited = parted([*fresh, *older])
    ids = {answered.id for answered in fresh}
    chosen = config.mixture.choose(
        [answered for answered in learned if answered.id in ids],
        [answered for answered in learned if answered.id not in ids],
        config.tuning.seed,
    )
    lessons = lessons_of(chosen, tokenizer, config.lessons)
    if not any(lesson.weight for lesson in lessons):
        raise NothingToLearn(f"none of {len(fresh) + len(older)} rounds teaches anything")
    n_tokens = sum(len(lesson.tokens) for lesson in lessons)
    n_steps = max(config.min_steps, math.ceil(config.n_passes * n_tokens / config.tuning.max_padded_tokens))
    tuning = replace(config.tuning, n_steps=n_steps)
    network = tune(start.network, lessons, tuning, None, folder, on_progress, where)
    manifest = Manifest(
        encoder=start.encoder.name,
        encoder_sha256=start.encoder.sha256,
        adapters=start.adapters,
        parent_version=start.parent_version,
        data_sha256={ROUNDS: _checksum(chosen)},
    )
    rights = [answered.right for answered in audited if answered.right is not None and answered.weight > 0]
    manifest = _calibrated(manifest, network, tokenizer, rights, config.min_calibration, parent, where)
    return save_checkpoint(folder / CANDIDATE_FOLDER, network, manifest)


def _calibrated(
    manifest: Manifest,
    network: PolicyNetwork,
    tokenizer: WordpieceTokenizer,
    rights: Sequence[Example],
    min_calibration: int,
    parent: Path,
    device: torch.device,
) -> Manifest:
    if sum(right.sentiment is not None for right in rights) >= min_calibration:
        policy = Policy(copy.deepcopy(network), tokenizer, manifest, device)
        document, tags = fit_temperatures(policy, rights)
    else:
        before = read_manifest(parent)
        document, tags = before.document_temperature, before.tag_temperature
    return replace(manifest, document_temperature=document, tag_temperature=tags, version="")


def _checksum(rounds: Sequence[Round]) -> str:
    return hashlib.sha256("\n".join(sorted(answered.id for answered in rounds)).encode()).hexdigest()
