"""How a policy is trained, calibrated and judged."""
