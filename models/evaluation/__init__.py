"""How good a policy or a tagger is: figures, slices, mistakes, and what flips."""
