"""The study: does a policy learn a kind of document that it has not seen from analysts, and by which algorithm."""
