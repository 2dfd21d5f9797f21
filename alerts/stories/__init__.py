"""Stories: near-duplicate documents of one topic, counted once."""
