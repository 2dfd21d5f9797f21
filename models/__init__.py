"""The policy: labels, encoder, heads, batching, sketches, topic linking, training, checkpoints."""
