"""What `finsurge evaluate` measures: a policy, which decides documents, or whatever decides tags of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from models.batching import BatchLimits
from models.checkpoint import SHIPPED, read_manifest
from models.evaluation.judgement import SpanDecider
from models.evaluation.mention_tags import MentionTags
from models.evaluation.tag_report import TagDecider
from models.labelled.sentence import Sentence, tag_set
from models.labels import TAGS
from models.policy import Policy
from models.tagger import Tagger
from pipeline.reading.device import chosen_device
from pipeline.reading.reader import open_policy
from pipeline.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a checkpoint's folder holds, and what it can be asked.

    >>> from models.keyword import KeywordPolicy
    >>> Judged(version="keyword", data_sha256={}, policy=KeywordPolicy(), tagger=None).tagger is None
    True
    """

    version: str
    data_sha256: Mapping[str, str]  # of the files it was trained on
    policy: SpanDecider | None  # None: it decides no documents
    tagger: TagDecider | None  # None: it does not know the file's tags


def open_judged(settings: Settings, sentences: Sequence[Sentence]) -> Judged:
    """Return what the settings' folder holds, with what it can say of the file's sentences.

    Raises:
        CheckpointMismatch: its files are missing or damaged.
        CommandFailed: the device that the settings name is not there.
    """
    if settings.policy != "shipped" and read_manifest(Path(settings.policy)).is_tagger:
        tagger = Tagger.load(Path(settings.policy), chosen_device(settings))
        return Judged(version=tagger.version, data_sha256=tagger.manifest.data_sha256, policy=None, tagger=tagger)
    policy = open_policy(settings)
    knows_tags = {"O"} < set(tag_set(sentences)) <= set(TAGS)
    return Judged(
        version=policy.version,
        data_sha256=policy.manifest.data_sha256,
        policy=policy,
        tagger=MentionTags(policy, served_limits(settings)) if knows_tags else None,
    )


def served_limits(settings: Settings) -> BatchLimits:
    """Return the limits of a batch as the worker has them."""
    return BatchLimits(settings.max_padded_tokens, settings.max_batch_documents)


def other_precisions(settings: Settings, policy: SpanDecider) -> dict[str, SpanDecider]:
    """Return the same policy in the other numeric type, and on the CPU if it is served elsewhere, by name."""
    folder = SHIPPED if settings.policy == "shipped" else Path(settings.policy)
    dtype = torch.float32 if policy.precision == "bfloat16" else torch.bfloat16
    others = [Policy.load(folder, chosen_device(settings), dtype)]
    if not policy.device.startswith("cpu"):
        others.append(Policy.load(folder, "cpu", torch.float32))
    return {f"{other.precision}_{other.device.partition(':')[0]}": other for other in others}
