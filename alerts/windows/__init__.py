"""Windows: what was published about one topic in each interval of event time."""
