import pytest

from models.evaluation.mention_tags import MentionTags
from models.keyword import KeywordPolicy


def test_a_span_that_ends_inside_of_a_word_tags_the_whole_word():
    # the policy's span is $TSLA without the comma; "Acme's" is found as "Acme"
    words = ["$TSLA,", "Acme's", "fraud"]
    assert MentionTags(KeywordPolicy()).tags_of([words, []], [0, 1]) == [["B-negative", "B-negative", "O"], []]


def test_each_sentence_needs_its_document():
    with pytest.raises(ValueError, match="documents must be one for each of 1 sentences, got 0"):
        MentionTags(KeywordPolicy()).tags_of([["a"]], [])
