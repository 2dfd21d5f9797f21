from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from alerts.observation import Observation
from alerts.stories.stories import Stories, StoryConfig, TextSketch

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def seen(
    document_id: str,
    minute: float = 0.0,
    *,
    words: Iterable[int] = (),
    names: tuple[int, ...] = (),
    numbers: tuple[int, ...] = (),
    direction: int = 0,
    lead: tuple[int, ...] = (),
    source: str = "Wire",
    sentiment: tuple[float, float, float] = (0.8, 0.1, 0.1),
) -> Observation:
    return Observation(
        document_id=document_id,
        published_at=NOON + timedelta(minutes=minute),
        source=source,
        sentiment=sentiment,
        sketch=TextSketch(tuple(words), names, numbers, direction, lead),
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


def snapshot_size(stories: Stories) -> int:
    return len(stories.snapshot())


def test_an_endless_stream_of_copies_of_one_story_counts_on_and_takes_no_more_room() -> None:
    stories = Stories(StoryConfig(max_sources=4))
    for n in range(200):
        stories.update(seen(f"{n:05}", n, words=range(8), source=f"S{n}"), tick=n)
    size = snapshot_size(stories)
    for n in range(200, 3_000):
        assignment = stories.update(seen(f"{n:05}", n, words=range(8), source=f"S{n}"), tick=n)
    assert (assignment.story.copies, assignment.story.document_id) == (3_000, "00000")
    assert len(assignment.story.sources) == 4
    assert len(stories.state.stories) == 1
    # 200 fits a byte more, 3,000 two
    assert snapshot_size(stories) <= size + 2


def test_a_flood_of_distinct_stories_in_a_day_takes_no_more_room_than_those_remembered() -> None:
    stories = Stories(StoryConfig())
    sizes = []
    for n in range(2_000):
        words = range(40 * n, 40 * n + 32)
        flood = seen(f"{n:05}", n / 2, words=words, names=tuple(words[:8]), numbers=tuple(range(n, n + 8)))
        stories.update(flood, tick=n)
        sizes.append(snapshot_size(stories))
    assert len(stories.state.stories) == 256
    assert stories.state.n_found == 2_000
    # the widest sketch there is, its story, and hashes that grow with n here: under 600 bytes each
    assert max(sizes) < 256 * 600


def test_words_beyond_a_sketch_are_not_compared() -> None:
    # a foreign sketch of 64 words: its least 32 are what counts
    stories = Stories(StoryConfig())
    stories.update(seen("a", words=range(64)), tick=0)
    assert not stories.update(seen("b", 1, words=range(32)), tick=0).is_novel


def test_a_story_that_is_forgotten_leaves_its_first_document_free_to_be_one_again() -> None:
    stories = Stories(StoryConfig(max_stories=1))
    stories.update(seen("a", words=range(8)), tick=0)
    stories.update(seen("b", 1, words=range(10, 18)), tick=0)
    assert stories.first_of("a") is None
    assert stories.update(seen("a", 2, words=range(8)), tick=1).is_novel


def test_the_first_document_is_known_by_the_one_that_took_its_place() -> None:
    stories = Stories(StoryConfig())
    stories.update(seen("b", 10, words=range(8)), tick=2)
    story = stories.update(seen("a", 4, words=range(8)), tick=3).story
    assert stories.first_of("a") is story
    assert stories.first_of("b") is None


def test_stories_kept_before_sketches_had_a_lead_are_restored() -> None:
    stories = Stories(StoryConfig())
    stories.update(seen("a", words=range(8), names=(1,), numbers=(2,), direction=1), tick=0)
    kept = msgspec.msgpack.decode(stories.snapshot())
    sketch = kept[0][0][8]
    assert sketch == [list(range(8)), [1], [2], 1, [], 0]
    del sketch[4:]
    restored = Stories.restore(StoryConfig(), msgspec.msgpack.encode(kept))
    assert not restored.update(seen("b", 1, words=range(8), lead=(1, 2, 3)), tick=0).is_novel


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_stories": 0}, "max_stories must be >= 1, got 0"),
        ({"max_sources": 0}, "max_sources must be >= 1, got 0"),
    ],
)
def test_a_wrong_configuration_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StoryConfig(**fields)
