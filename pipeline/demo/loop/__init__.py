"""What the demo shows after the alert: corrections, an update of the policy, the gate, the swap, and their effect."""
