"""A change of releases on the wire: its canonical JSON as it was signed, and the signature beside it.

The signature covers the very bytes that lie on Kafka, so that a later release of finsurge may add fields.
"""

from __future__ import annotations

import base64
import binascii
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pipeline.policies.refusals import RefusalReason, ReleaseRefused
from pipeline.policies.release import Change, canonical, decode_change
from pipeline.records import SCHEMA

_PURPOSE = b"finsurge release 1\n"  # so that no signature made for anything else fits


class Verifier(Protocol):
    """A public key, or several."""

    def verify(self, signature: bytes, data: bytes) -> None:
        """Pass, or raise InvalidSignature."""


class SignedChange(msgspec.Struct, frozen=True, kw_only=True):
    """What lies on `policies`."""

    schema: int = SCHEMA
    change: msgspec.Raw
    signature: str | None = None  # base64 of Ed25519 over the purpose and the bytes of `change`


def seal(change: Change, key: Ed25519PrivateKey | None) -> bytes:
    """Return the change's bytes for Kafka, signed if there is a key.

    >>> key = Ed25519PrivateKey.generate()
    >>> change = Change(id="c", base=0, releases=())
    >>> unseal(seal(change, key), key.public_key()) == change
    True
    """
    payload = canonical(change)
    signature = base64.b64encode(key.sign(_PURPOSE + payload)).decode() if key else None
    return msgspec.json.encode(SignedChange(change=msgspec.Raw(payload), signature=signature))


def unseal(value: bytes | None, key: Verifier | None) -> Change:
    """Return the change, whose signature was checked if there is a key.

    Raises:
        ReleaseRefused: it is unsigned, wrongly signed, or no change.
    """
    try:
        signed = msgspec.json.decode(value or b"", type=SignedChange)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReleaseRefused(RefusalReason.MALFORMED, f"a record on policies is no release: {error}") from None
    if key:
        _check(signed, key)
    try:
        return decode_change(bytes(signed.change))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReleaseRefused(RefusalReason.MALFORMED, f"a record on policies is no release: {error}") from None


def _check(signed: SignedChange, key: Verifier) -> None:
    if signed.signature is None:
        mend = "promote it with FINSURGE_POLICY_PRIVATE_KEY set"
        raise ReleaseRefused(RefusalReason.UNSIGNED, f"a release has no signature; {mend}")
    try:
        signature = base64.b64decode(signed.signature, validate=True)
        key.verify(signature, _PURPOSE + bytes(signed.change))
    except (binascii.Error, ValueError, InvalidSignature):
        mend = "it was changed, or signed by another key than FINSURGE_POLICY_PUBLIC_KEY is of"
        raise ReleaseRefused(RefusalReason.WRONG_SIGNATURE, f"a release's signature does not hold: {mend}") from None
