from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipeline.exporter.selection import ChosenReason, SelectionConfig, TopicSelection

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
TOPICS = st.lists(st.sampled_from([f"t{n}" for n in range(12)]), unique=True)


def test_what_matters_most_comes_first_and_the_rest_is_filled_by_volume() -> None:
    selection = TopicSelection(SelectionConfig(max_topics=8, pinned=("pinned",)))
    chosen = selection.update(
        episodes=["crisis"],
        surges=["crisis", "odd", "odder"],  # a quarter of eight, so two: the crisis itself and one more
        volumes=["a", "b", "c", "d", "e"],
        now=NOON,
    )
    assert list(chosen) == ["pinned", "crisis", "odd", "a", "b", "c", "d", "e"]
    assert [reason.value for reason in chosen.values()] == ["pinned", "episode", "surge"] + ["volume"] * 5


def test_a_topic_lingers_for_an_hour_after_it_mattered_last_and_then_goes() -> None:
    selection = TopicSelection(SelectionConfig(max_topics=4))
    selection.update(episodes=["crisis"], surges=[], volumes=["a"], now=NOON)
    soon = selection.update(episodes=[], surges=[], volumes=["a"], now=NOON + timedelta(minutes=59))
    assert soon == {"a": ChosenReason.VOLUME, "crisis": ChosenReason.LINGERING}
    late = selection.update(episodes=[], surges=[], volumes=["a"], now=NOON + timedelta(minutes=60))
    assert list(late) == ["a"]


def test_topics_that_linger_give_way_to_those_that_matter() -> None:
    selection = TopicSelection(SelectionConfig(max_topics=2))
    selection.update(episodes=["old", "older"], surges=[], volumes=[], now=NOON)
    chosen = selection.update(episodes=["new"], surges=[], volumes=["busy"], now=NOON)
    assert list(chosen) == ["new", "busy"]


@given(steps=st.lists(st.tuples(TOPICS, TOPICS, TOPICS), min_size=1, max_size=8), max_topics=st.integers(1, 6))
def test_there_are_never_more_than_may_be(
    steps: Sequence[tuple[list[str], list[str], list[str]]], max_topics: int
) -> None:
    selection = TopicSelection(SelectionConfig(max_topics=max_topics))
    for number, (episodes, surges, volumes) in enumerate(steps):
        now = NOON + timedelta(minutes=number * 20)
        chosen = selection.update(episodes=episodes, surges=surges, volumes=volumes, now=now)
        assert len(chosen) <= max_topics
        assert len(chosen) >= min(max_topics, len({*episodes[:max_topics], *volumes}))
