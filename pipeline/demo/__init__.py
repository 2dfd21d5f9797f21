"""The demo: a feed written for it, the worker at its side, and a view of what comes of it."""
