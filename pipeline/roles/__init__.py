"""The worker's roles as Faust agents: they queue, call a stage, send, write state, acknowledge."""
