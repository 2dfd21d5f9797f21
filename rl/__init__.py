"""Learning from analysts: rounds, rewards, algorithms, estimators, learner, gate, registry.

Empty until corrections arrive; its place in the layers is already checked.
"""
