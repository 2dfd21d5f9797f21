"""Why a release is not taken: told by the metric, the log and the health page alike."""

from __future__ import annotations

from enum import StrEnum


class RefusalReason(StrEnum):
    """Why a worker stays with the policy that it has."""

    MALFORMED = "malformed"  # the record is no release
    UNSIGNED = "unsigned"
    WRONG_SIGNATURE = "wrong_signature"
    STALE = "stale"  # somebody else released something meanwhile
    FENCED = "fenced"  # another learner has begun a later term
    MISSING = "missing"  # the registry has not all of its files
    DAMAGED = "damaged"  # a file is not what its checksum says
    UNAVAILABLE = "unavailable"  # the registry does not answer, or this machine's disk takes nothing
    UNLOADABLE = "unloadable"  # its files are right, and it does not load, or not decide


class ReleaseRefused(Exception):
    """A release is not taken; the message is one line with the mend.

    >>> refused = ReleaseRefused(RefusalReason.UNSIGNED, "it has no signature; promote it with the private key")
    >>> str(refused)
    'unsigned: it has no signature; promote it with the private key'
    """

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {' '.join(detail.split())}")
        self.reason = reason
