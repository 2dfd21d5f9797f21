"""Learning from analysts: rounds, rewards, algorithms, estimators, learner, gate, registry, drift, study."""
