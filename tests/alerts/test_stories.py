from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.observation import Observation
from alerts.stories import Stories, StoryConfig, TextSketch

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def seen(
    document_id: str,
    minute: float = 0.0,
    *,
    words: Iterable[int] = (),
    names: tuple[int, ...] = (),
    numbers: tuple[int, ...] = (),
    direction: int = 0,
    source: str = "Wire",
    sentiment: tuple[float, float, float] = (0.8, 0.1, 0.1),
) -> Observation:
    return Observation(
        document_id=document_id,
        published_at=NOON + timedelta(minutes=minute),
        source=source,
        sentiment=sentiment,
        sketch=TextSketch(tuple(words), names, numbers, direction),
        excerpt=f"text of {document_id}",
    )


def novelty(*observations: Observation) -> list[bool]:
    stories = Stories(StoryConfig())
    return [stories.update(observation, tick=0).is_novel for observation in observations]


def test_a_copy_joins_its_story_and_is_counted() -> None:
    stories = Stories(StoryConfig())
    stories.update(seen("a", words=range(10), source="A"), tick=0)
    assignment = stories.update(seen("b", 1, words=range(2, 10), source="B"), tick=0)  # 8 of 10 in common
    assert not assignment.is_novel
    assert (assignment.story.copies, len(assignment.story.sources), assignment.story.document_id) == (2, 2, "a")


def test_other_words_are_another_story() -> None:
    assert novelty(seen("a", words=range(10)), seen("b", words=range(5, 15))) == [True, True]


def test_names_in_common_make_up_for_other_words() -> None:
    # 4 of 11 words in common (0.36): too few alone, enough with two names and two words beside them
    named = [seen("a", words=range(7), names=(0, 1)), seen("b", words=(*range(4), *range(10, 14)), names=(0, 1))]
    assert novelty(*named) == [True, False]
    nameless = [seen("a", words=range(7)), seen("b", words=(*range(4), *range(10, 14)))]
    assert novelty(*nameless) == [True, True]


def test_names_alone_are_no_story() -> None:
    # the same four cashtags, and nothing else in common
    left = seen("a", words=range(7), names=(0, 1, 2, 3))
    right = seen("b", words=(*range(4), 20, 21, 22), names=(0, 1, 2, 3))
    assert novelty(left, right) == [True, True]


def test_beats_and_misses_are_different_stories() -> None:
    assert novelty(seen("a", words=range(8), direction=1), seen("b", words=range(8), direction=-1)) == [True, True]


def test_other_numbers_are_another_story() -> None:
    assert novelty(seen("a", words=range(8), numbers=(3,)), seen("b", words=range(8), numbers=(5,))) == [True, True]


def test_an_empty_text_is_a_duplicate_of_nothing() -> None:
    assert novelty(seen("a"), seen("b")) == [True, True]


def test_a_document_that_comes_twice_is_one_story_even_without_words() -> None:
    assert novelty(seen("a"), seen("a")) == [True, False]


def test_the_best_match_is_taken() -> None:
    stories = Stories(StoryConfig())
    stories.update(seen("a", words=range(10)), tick=0)
    stories.update(seen("b", words=range(4, 14)), tick=0)
    assert stories.update(seen("c", words=range(4, 15)), tick=0).story.document_id == "b"


def test_a_story_is_forgotten_a_day_after_its_last_copy() -> None:
    day = 24 * 60
    words = range(8)
    assert novelty(seen("a", words=words), seen("b", day, words=words), seen("c", 2 * day, words=words)) == [
        True,
        False,
        False,
    ]
    assert novelty(seen("a", words=words), seen("b", day + 1, words=words)) == [True, True]


def test_an_older_copy_becomes_the_first_document() -> None:
    stories = Stories(StoryConfig())
    stories.update(seen("b", 10, words=range(8), source="B"), tick=2)
    assignment = stories.update(seen("a", 4, words=range(8), source="A", sentiment=(0.1, 0.8, 0.1)), tick=3)
    assert not assignment.is_novel
    assert assignment.replaced_at == NOON + timedelta(minutes=10)
    assert (assignment.story.document_id, assignment.story.source, assignment.story.label) == ("a", "A", "neutral")
    assert assignment.story.excerpt == ""  # only what is negative is ever shown


def test_the_number_of_stories_is_bounded() -> None:
    stories = Stories(StoryConfig(max_stories=3))
    for n in range(10):
        stories.update(seen(str(n), n, words=range(100 * n, 100 * n + 8)), tick=0)
    assert [story.document_id for story in stories.state.stories] == ["7", "8", "9"]


def test_negative_stories_are_listed_with_most_copies_first() -> None:
    stories = Stories(StoryConfig())
    stories.update(seen("old", words=range(8)), tick=1)
    stories.update(seen("one", 1, words=range(10, 18)), tick=5)
    stories.update(seen("two", 2, words=range(20, 28)), tick=6)
    stories.update(seen("two-again", 3, words=range(20, 28)), tick=7)
    stories.update(seen("good", 4, words=range(30, 38), sentiment=(0.1, 0.1, 0.8)), tick=7)
    assert [story.document_id for story in stories.negative_since(5)] == ["two", "one"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_stories": 0}, "max_stories must be >= 1, got 0"),
        ({"min_resemblance": 0.2}, r"min_resemblance_named must be in \(0, min_resemblance\]"),
    ],
)
def test_a_wrong_configuration_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StoryConfig(**fields)
