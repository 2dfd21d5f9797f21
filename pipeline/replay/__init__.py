"""The flow over a file or a log of decisions, without a broker."""
