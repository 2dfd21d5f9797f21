"""Word stems: what two spellings of an English word have in common."""

from __future__ import annotations

from functools import lru_cache

_VOWELS = frozenset("aeiouy")


@lru_cache(maxsize=16_384)  # most words of a text are common ones
def stem(word: str) -> str:
    """Return the word without the commonest English endings, so that "recalls" and "recalled" agree.

    Light on purpose: two words that a stemmer joins wrongly make two stories one.

    >>> [stem(word) for word in ("recalls", "recalled", "cuts", "cutting", "losses", "companies", "bus")]
    ['recall', 'recall', 'cut', 'cut', 'loss', 'company', 'bus']
    """
    if len(word) < 4 or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    for ending in ("sses", "shes", "ches", "xes"):
        if word.endswith(ending):
            return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        base = word.removesuffix(ending)
        if base != word and len(base) >= 3 and not _VOWELS.isdisjoint(base):
            return base[:-1] if base[-1] == base[-2] and base[-1] not in "lsz" else base
    return word[:-1] if word.endswith("e") and len(word) > 4 else word
