"""What can be wrong with a version in the registry.

RegistryFault
├── PolicyMissing         the registry has no such version, or not all of its files
├── PolicyDamaged         a file is not what its checksum says
├── VersionTaken          the version is there with other bytes
└── RegistryUnavailable   the folder or the object store does not answer; trying again may do
"""

from __future__ import annotations


class RegistryFault(Exception):
    """A version cannot be had, or cannot be put; the message is one line with the mend.

    >>> isinstance(PolicyMissing("p-1 is not there; put it"), RegistryFault)
    True
    """


class PolicyMissing(RegistryFault):
    """The registry has no such version, or not all of its files."""


class PolicyDamaged(RegistryFault):
    """A file is not what its checksum says."""


class VersionTaken(RegistryFault):
    """The version is there with other bytes."""


class RegistryUnavailable(RegistryFault):
    """The folder or the object store does not answer."""
