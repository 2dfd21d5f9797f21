"""Whether a candidate may become the policy that is served, stay it, and what it would change."""
