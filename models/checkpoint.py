"""A policy or a tagger on disk: a folder with `policy.safetensors` and `manifest.json`, verified whole.

Owns the manifest, the version (a hash of the content) and every check of a load. No pickle.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from models.encoder import EncoderFiles, find_encoder, load_encoder, sha256_of
from models.errors import CheckpointMismatch
from models.labels import SENTIMENTS, TAGS
from models.network import Adapters, PolicyNetwork, ReadingNetwork, TaggerNetwork
from models.packing import pack, unpack

SHIPPED = Path(__file__).parent / "shipped"
"""The policy that comes with the project."""

MANIFEST_FILE = "manifest.json"
TRAINED_FILE = "policy.safetensors"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a checkpoint is made of and how good it was found to be.

    >>> Manifest(encoder="e", encoder_sha256="0", adapters=Adapters(), trained_sha256="1").version
    'p-b590ba80'
    """

    version: str = ""  # computed where empty: a hash of what decides the policy's answers
    encoder: str  # hub name or folder
    encoder_sha256: str
    adapters: Adapters | None  # None: the whole encoder was trained, and lies beside
    trained_sha256: str = ""  # of policy.safetensors; made when it is written
    sentiments: tuple[str, ...] = SENTIMENTS  # none: a tagger, which decides words only
    tags: tuple[str, ...] = TAGS
    document_temperature: float = 1.0  # divides document logits; fitted on held-out data
    tag_temperature: float = 1.0  # divides tag logits
    parent_version: str | None = None  # the policy this one was trained from
    data_sha256: dict[str, str] = field(default_factory=dict)  # training files by name
    metrics: dict[str, float] = field(default_factory=dict)  # on test parts, as served

    def __post_init__(self) -> None:
        if not self.version:
            object.__setattr__(self, "version", self._content_version())

    def _content_version(self) -> str:
        content = (
            self.encoder_sha256,
            self.trained_sha256,
            self.adapters,
            self.sentiments,
            self.tags,
            self.document_temperature,
            self.tag_temperature,
        )
        return f"p-{hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:8]}"

    @property
    def is_tagger(self) -> bool:
        """Whether it decides the tags of words, of any tag set, and nothing of documents."""
        return not self.sentiments

    def check(self) -> None:
        """Raise CheckpointMismatch unless the version is that of the content."""
        if self.version != self._content_version():
            raise CheckpointMismatch(f"{self.version} is not the version of its content; fetch it again")


def save_checkpoint(folder: Path, network: ReadingNetwork, manifest: Manifest) -> Manifest:
    """Write an unmerged network and its manifest, whose checksum and version are made anew.

    Weights are packed: what is trained on, or served, afterwards are the rounded ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TRAINED_FILE).write_bytes(save(pack(network.trained())))
    manifest = replace(manifest, trained_sha256=sha256_of(folder / TRAINED_FILE), version="")
    write_manifest(folder, manifest)
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest beside the weights, for people to read too."""
    raw = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (folder / MANIFEST_FILE).write_bytes(raw + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest, checked against the weights file beside it.

    Raises:
        CheckpointMismatch: if a file is missing, damaged, or of another release.
    """
    path = folder / MANIFEST_FILE
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
        found = sha256_of(folder / TRAINED_FILE)
    except OSError as error:
        missing = error.filename or path
        raise CheckpointMismatch(
            f"cannot read {missing}: {error.strerror}; name a policy folder, or train one"
        ) from error
    except msgspec.DecodeError as error:
        raise CheckpointMismatch(f"{path} is no manifest: {error}; fetch it again") from error
    if found != manifest.trained_sha256:
        raise CheckpointMismatch(f"{folder / TRAINED_FILE} is damaged (sha256 {found[:12]}…); fetch it again")
    manifest.check()
    return manifest


def load_network(folder: Path) -> tuple[PolicyNetwork, Manifest, EncoderFiles]:
    """Return a policy's network in float32, unmerged (so that it can be trained on), with its manifest.

    Raises:
        CheckpointMismatch: if anything in the folder, or the encoder, is not what the manifest says.
    """
    manifest = read_manifest(folder)
    if (manifest.sentiments, manifest.tags) != (SENTIMENTS, TAGS):
        what = "is a tagger, not a policy" if manifest.is_tagger else "has other labels than this release"
        raise CheckpointMismatch(f"{folder}: {manifest.version} {what}; name a policy's folder, or train one")
    encoder = find_encoder(manifest.encoder, manifest.encoder_sha256)
    network = PolicyNetwork(load_encoder(encoder), manifest.adapters)
    _restore(network, folder)
    return network, manifest, encoder


def load_tagger_network(folder: Path) -> tuple[TaggerNetwork, Manifest, EncoderFiles]:
    """Return a tagger's network in float32, unmerged, with its manifest.

    Raises:
        CheckpointMismatch: if anything in the folder, or the encoder, is not what the manifest says.
    """
    manifest = read_manifest(folder)
    if not manifest.is_tagger:
        raise CheckpointMismatch(f"{folder}: {manifest.version} is a policy, not a tagger; name a tagger's folder")
    encoder = find_encoder(manifest.encoder, manifest.encoder_sha256)
    network = TaggerNetwork(load_encoder(encoder), manifest.adapters, len(manifest.tags))
    _restore(network, folder)
    return network, manifest, encoder


def _restore(network: ReadingNetwork, folder: Path) -> None:
    try:
        network.restore(unpack(load_file(folder / TRAINED_FILE)))
    except (SafetensorError, ValueError) as error:
        raise CheckpointMismatch(f"{folder / TRAINED_FILE}: {error}; fetch it again") from error
