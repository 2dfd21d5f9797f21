"""What processes log: one event, one line, as JSON or for a person; no text of a document and no secret in it."""
