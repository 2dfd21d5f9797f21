"""What a policy's mean reward is, from rounds that were logged under another policy; one estimator a file."""
