"""What `finsurge doctor` looks at, one part of a deployment per file; each answers with checks and raises nothing."""
