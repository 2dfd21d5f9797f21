"""Makes trends, alerts and state anew out of decisions: of history (backfill) and of the log (rebuild)."""
