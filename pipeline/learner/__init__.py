"""The learner's process: rounds in, better policies out."""
