"""When a policy is updated, from which rounds, and how: the learner's pure part."""
