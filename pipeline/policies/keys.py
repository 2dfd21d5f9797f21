"""The key pair that vouches for releases: Ed25519, in PEM files; made, read, and never shown.

The private one is for whoever promotes (people, the learner), the public one for every worker.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from pipeline.errors import CommandFailed, one_line

PRIVATE_FILE = "release-key.pem"
PUBLIC_FILE = "release-key.pub.pem"
_MEND = "make a pair with `finsurge policy keys`"


def make_pair(folder: Path) -> tuple[Path, Path]:
    """Write a new pair into the folder, and return the files: the private one, for its owner alone, and the public.

    >>> import tempfile
    >>> private, public = make_pair(Path(tempfile.mkdtemp()))
    >>> oct(private.stat().st_mode)[-3:], load_public(public) == load_private(private).public_key()
    ('600', True)

    Raises:
        CommandFailed: there is a key already, or the folder cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content, mode in ((PRIVATE_FILE, private, 0o600), (PUBLIC_FILE, public, 0o644)):
            # made with its mode: at no moment can others read it
            with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
    except FileExistsError as error:
        raise CommandFailed(f"{error.filename} is there already; name another folder, or move it away") from None
    except OSError as error:
        raise CommandFailed(f"cannot write keys: {one_line(error)}; name another folder") from None
    return folder / PRIVATE_FILE, folder / PUBLIC_FILE


def load_private(path: Path) -> Ed25519PrivateKey:
    """Return the key that signs.

    Raises:
        CommandFailed: it cannot be read, is no such key, or everybody can read it.
    """
    content = _read(path)
    if path.stat().st_mode & 0o007:
        raise CommandFailed(f"{path} can be read by everybody; chmod 600 it")
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # an encrypted one is a TypeError
        raise CommandFailed(f"{path} is no Ed25519 private key in PEM without a password; {_MEND}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise CommandFailed(f"{path} is no Ed25519 private key; {_MEND}")
    return key


def load_public(path: Path) -> Ed25519PublicKey:
    """Return the key that signatures are checked with.

    Raises:
        CommandFailed: it cannot be read, or is no such key.
    """
    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm):
        raise CommandFailed(f"{path} is no public key in PEM; {_MEND}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise CommandFailed(f"{path} is no Ed25519 public key; {_MEND}")
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandFailed(f"cannot read the key {one_line(error)}; {_MEND}") from None
