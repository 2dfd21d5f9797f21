"""What a caller of the policy, or of its training, can act on."""

from __future__ import annotations


class CheckpointMismatch(Exception):
    """A policy's files are missing, damaged, or made for something else; the message says the mend.

    >>> str(CheckpointMismatch("manifest.json is missing; train a policy or name another folder"))
    'manifest.json is missing; train a policy or name another folder'
    """


class DataInvalid(Exception):
    """Labelled data is missing or malformed; the message names the file, the line and the fault.

    >>> str(DataInvalid("posts.jsonl:3: label must be one of negative, neutral, positive, got bad"))
    'posts.jsonl:3: label must be one of negative, neutral, positive, got bad'
    """
