"""Whether what comes in, or how well it is read, has changed for good."""
