"""What a caller of the policy can act on."""

from __future__ import annotations


class CheckpointMismatch(Exception):
    """A policy's files are missing, damaged, or made for something else; the message says the mend.

    >>> str(CheckpointMismatch("manifest.json is missing; train a policy or name another folder"))
    'manifest.json is missing; train a policy or name another folder'
    """
