from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from alerts.observation import Observation
from alerts.windows.windows import NovelStory, OpenWindows, WindowConfig, WindowStatus

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def published(minute: int, *, source: str = "Wire", version: str = "v1") -> Observation:
    return Observation(
        document_id=f"{minute}",
        published_at=EPOCH + timedelta(minutes=minute),
        source=source,
        sentiment=(0.8, 0.1, 0.1),
        policy_version=version,
    )


def statuses(windows: OpenWindows, ticks: range) -> list[tuple[int, str]]:
    return [(tick, window.status.value) for tick in ticks for window in windows.close(tick)]


def test_a_window_is_provisional_at_its_end_and_final_after_its_grace() -> None:
    windows = OpenWindows("FTX", WindowConfig())
    windows.add(published(1))
    # tick 0 ends at 00:05, its grace at 00:35, which is the end of tick 6
    assert statuses(windows, range(10)) == [(0, "provisional"), (6, "final")]


def test_a_delayed_document_revises_its_window() -> None:
    windows = OpenWindows("FTX", WindowConfig())
    windows.add(published(1))
    windows.close(0)
    windows.add(published(2))
    [revised] = windows.close(3)
    assert (revised.status, revised.n_documents) == (WindowStatus.REVISED, 2)
    assert revised.start_at == EPOCH


def test_without_grace_the_first_word_is_the_last() -> None:
    windows = OpenWindows("FTX", WindowConfig(grace_s=0))
    windows.add(published(1))
    assert statuses(windows, range(3)) == [(0, "final")]


def test_a_revision_at_the_end_of_the_grace_is_final() -> None:
    windows = OpenWindows("FTX", WindowConfig())
    windows.add(published(1))
    windows.close(0)
    windows.add(published(2))
    assert [(window.status.value, window.n_documents) for window in windows.close(6)] == [("final", 2)]


def test_stories_are_counted_by_their_label_and_documents_by_policy() -> None:
    windows = OpenWindows("FTX", WindowConfig())
    for minute, source, version in ((0, "A", "v2"), (1, "B", "v1"), (2, "A", "v1"), (3, "C", "v1")):
        windows.add(published(minute, source=source, version=version))
    windows.add_story(0, 1, NovelStory("negative", -0.75))
    windows.add_story(0, 2, NovelStory("positive", 0.5))
    windows.add_story(0, 3, NovelStory("neutral", 0.25))
    [window] = windows.close(0)
    assert (window.n_documents, window.n_stories, window.n_sources) == (4, 3, 3)
    assert (window.n_negative, window.n_neutral, window.n_positive) == (1, 1, 1)
    assert window.polarity == 0.0
    assert window.negative_share == pytest.approx(1 / 3)
    assert window.policy_versions == {"v1": 3, "v2": 1}


def test_a_window_of_copies_has_no_polarity() -> None:
    windows = OpenWindows("FTX", WindowConfig())
    windows.add(published(1))
    [window] = windows.close(0)
    assert (window.n_documents, window.n_stories) == (1, 0)
    assert window.polarity is None
    assert window.negative_share is None


def test_a_story_moves_to_the_window_of_its_older_first_document() -> None:
    windows = OpenWindows("FTX", WindowConfig())
    windows.add(published(6))
    windows.add_story(1, 1, NovelStory("negative", -0.7))
    windows.close(1)
    windows.add(published(1))
    windows.remove_story(1, 1)
    windows.add_story(0, 1, NovelStory("negative", -0.7))
    assert [(window.start_at.minute, window.n_stories) for window in windows.close(2)] == [(0, 1), (5, 0)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"bin_s": 7}, "bin_s must divide an hour, got 7"),
        ({"grace_s": -1}, "grace_s must be >= 0, got -1"),
        ({"max_sources": 0}, "max_sources must be >= 1, got 0"),
        ({"resolutions_s": (1_800,)}, "resolutions_s must be whole hours that divide a day, got 1800"),
        ({"resolutions_s": (18_000,)}, "resolutions_s must be whole hours that divide a day, got 18000"),
        ({"resolutions_s": (86_400, 3_600)}, r"resolutions_s must ascend, got \(86400, 3600\)"),
    ],
)
def test_a_wrong_configuration_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WindowConfig(**fields)


def test_stories_are_told_by_the_policy_that_read_them() -> None:
    windows = OpenWindows("FTX", WindowConfig())
    windows.add(published(0))
    windows.add_story(0, 1, NovelStory("negative", -0.75, "v2", 1.5))
    windows.add_story(0, 2, NovelStory("positive", 0.5, "v1"))
    windows.add_story(0, 3, NovelStory("neutral", 0.25, "v2", 1.5))
    (window,) = windows.close(0)
    assert window.stories_by_version == {"v1": (1, 0), "v2": (2, 1)}
    assert window.negative_ratio == pytest.approx(4 / 3)


def test_windows_from_before_policies_had_ratios_go_on() -> None:
    # a snapshot as it was written in November 2026: tick 0, a document, a negative story
    old = msgspec.msgpack.encode({0: [1, {7: ["negative", -0.7]}, [3], {"v1": 1}, False]})
    (window,) = OpenWindows.restore("FTX", WindowConfig(), old).close(6)
    assert (window.n_negative, window.polarity, window.negative_ratio) == (1, -0.7, 1.0)
