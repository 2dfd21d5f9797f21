"""Algorithms that make a policy better from rewards, one file each, behind one interface."""
