"""Where versions of the policy are kept: a folder or an object store, verified by checksums."""
