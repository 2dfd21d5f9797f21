"""The index finds whatever a comparison with every story finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.observation import Observation
from alerts.stories.candidates import Candidates
from alerts.stories.likeness import Facets, LikenessConfig, likest
from alerts.stories.sketches import NUMBER_BIT, TextSketch
from alerts.stories.stories import Stories, StoryConfig

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
CONFIG = LikenessConfig()


@st.composite
def sketches(draw: st.DrawFn) -> TextSketch:
    """Sketches of few words, so that many have much in common; word 0 is the topic's name, and in most."""
    words = draw(st.lists(st.integers(0, 18), max_size=12, unique=True))
    if draw(st.integers(0, 3)):
        words = [0, *(word for word in words if word)]
    numbers = draw(st.lists(st.integers(1, 3), max_size=2, unique=True))
    lead = [*words[:8], *(number | NUMBER_BIT for number in numbers)]
    return TextSketch(
        words=tuple(sorted(words)),
        names=tuple(word for word in (0, 1, 2) if word in words),
        numbers=tuple(numbers),
        direction=draw(st.sampled_from([0, 0, 0, 1, -1])),
        lead=tuple(lead) if draw(st.booleans()) else (),
        traits=draw(st.sampled_from([0, 0, 0, 1, 4, 8])),
    )


@settings(max_examples=300, deadline=None)
@given(known=st.lists(sketches(), max_size=25), asked=sketches(), gone=st.sets(st.integers(0, 24)))
def test_the_likest_candidate_is_the_likest_of_all(
    known: list[TextSketch], asked: TextSketch, gone: set[int]
) -> None:
    candidates = Candidates(CONFIG)
    everything = {number: Facets(sketch) for number, sketch in enumerate(known)}
    for number, facets in everything.items():
        candidates.add(number, facets)
    for number in gone & everything.keys():
        candidates.remove(number)
        del everything[number]
    facets = Facets(asked)
    assert likest(CONFIG, facets, candidates.of(facets)) == likest(CONFIG, facets, everything.items())


@settings(max_examples=100, deadline=None)
@given(
    stream=st.lists(st.tuples(sketches(), st.integers(0, 5), st.booleans()), max_size=40),
    max_stories=st.integers(2, 12),
)
def test_a_stream_goes_to_the_stories_that_a_comparison_with_each_finds(
    stream: list[tuple[TextSketch, int, bool]], max_stories: int
) -> None:
    config = StoryConfig(max_stories=max_stories)
    stories, at = Stories(config), NOON
    for number, (sketch, hours, is_restored) in enumerate(stream):
        at += timedelta(hours=hours)
        if is_restored:
            stories = Stories.restore(config, stories.snapshot())
        oldest = at - timedelta(seconds=config.horizon_s)
        remembered = [story for story in stories.state.stories if story.last_at >= oldest]
        remembered = remembered[max(0, len(remembered) - max_stories + 1) :]
        expected = likest(
            config.likeness, Facets(sketch), [(story.number, Facets(story.sketch)) for story in remembered]
        )
        document = Observation(
            document_id=str(number), published_at=at, source="A", sentiment=(0.8, 0.1, 0.1), sketch=sketch
        )
        assignment = stories.update(document, tick=0)
        assert (None if assignment.is_novel else assignment.story.number) == expected


def test_words_that_all_stories_have_make_no_candidates() -> None:
    candidates = Candidates(CONFIG)
    for number in range(100):
        candidates.add(number, Facets(TextSketch(words=(0, 1, *range(10 * number + 10, 10 * number + 18)))))
    # of 10 words 3 are in common with whatever it is like: one is beside those two
    asked = Facets(TextSketch(words=(0, 1, *range(52, 58), 2_000, 2_001)))
    assert [number for number, _ in candidates.of(asked)] == [4]


def test_what_is_removed_leaves_nothing_behind() -> None:
    candidates = Candidates(CONFIG)
    facets = Facets(TextSketch(words=(1, 2, 3), numbers=(4,)))
    candidates.add(0, facets)
    candidates.remove(0)
    assert list(candidates.of(facets)) == []
    assert candidates.n_keys == 0
