"""Where alerts go: one receiver per file, each a way to hand an alert to people or to another system."""
