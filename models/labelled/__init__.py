"""Labelled data: examples, sentences, and the files they are read from."""
