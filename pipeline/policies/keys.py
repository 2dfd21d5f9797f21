"""The key pair that vouches for releases: Ed25519, in PEM files; made, read, and never shown.

The private one is for whoever promotes (people, the learner), the public one for every worker.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
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
_PUBLIC_BLOCK = re.compile(b"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)
_MEND = "make a pair with `finsurge policy keys`"


@dataclass(frozen=True)
class PublicKeys:
    """The keys of which one must have signed: after a change of keys, the new one and those before it."""

    keys: tuple[Ed25519PublicKey, ...]

    def verify(self, signature: bytes, data: bytes) -> None:
        """Pass if one of the keys' other halves has signed the data.

        Raises:
            InvalidSignature: none has.
        """
        for key in self.keys:
            with suppress(InvalidSignature):
                return key.verify(signature, data)
        raise InvalidSignature


def make_pair(folder: Path) -> tuple[Path, Path]:
    """Write a new pair into the folder, and return the files: the private one, for its owner alone, and the public.

    >>> import tempfile
    >>> private, public = make_pair(Path(tempfile.mkdtemp()))
    >>> oct(private.stat().st_mode)[-3:], load_public(public).keys == (load_private(private).public_key(),)
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


def load_public(path: Path) -> PublicKeys:
    """Return the keys that signatures are checked with: all that stand in the file, one after the other.

    Raises:
        CommandFailed: it cannot be read, or one of them is no such key.
    """
    content = _read(path)
    try:
        keys = tuple(load_pem_public_key(block) for block in _PUBLIC_BLOCK.findall(content))
    except (ValueError, UnsupportedAlgorithm):
        keys = ()
    if not keys:
        raise CommandFailed(f"{path} is no public key in PEM; {_MEND}")
    ours = tuple(key for key in keys if isinstance(key, Ed25519PublicKey))
    if ours != keys:
        raise CommandFailed(f"{path} is no Ed25519 public key; {_MEND}")
    return PublicKeys(ours)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandFailed(f"cannot read the key {one_line(error)}; {_MEND}") from None
