"""Surges: what is usual for one topic, and whether the present is beyond it."""
