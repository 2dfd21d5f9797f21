"""Final windows of one topic, in few numbers and for a day, so that corrections can put another view beside them.

A final window itself never changes. Knows no stories.
"""

from __future__ import annotations

import msgspec

from alerts.ticks import tick_end, tick_start
from alerts.windows import NovelStory, Window, WindowConfig, WindowStatus


class FinalCounts(msgspec.Struct, array_like=True):
    """A final window as corrected so far."""

    versions: dict[str, list[int]] = {}  # documents, novel stories and negative ones, by the policy that read them
    n_positive: int = 0
    polarity: int = 0  # sum over the novel stories, in millionths: short, and exact whatever is taken back
    ratio_excess: int = 0  # likewise of negative_ratio - 1
    n_sources: int = 0


class FinalWindows:
    """The last day's final windows of one topic.

    >>> from datetime import UTC, datetime
    >>> at = datetime(1970, 1, 1, tzinfo=UTC)
    >>> finals = FinalWindows("FTX", WindowConfig(), horizon_s=86_400)
    >>> finals.keep(Window("FTX", at, at, WindowStatus.FINAL, 1, 1, 1, 0, 0, -0.7, 1.0, 1, {"v1": 1},
    ...     {"v1": (1, 1)}, 1.0), tick=0)
    >>> finals.revise(0, was=NovelStory("negative", -0.7, "v1"), now=NovelStory("positive", 0.9, "v1"))
    True
    >>> [(window.status.value, window.n_negative, window.n_positive) for window in finals.corrected()]
    [('corrected', 0, 1)]
    """

    def __init__(
        self, topic: str, config: WindowConfig, horizon_s: int, state: dict[int, bytes] | None = None
    ) -> None:
        self._topic = topic
        self._config = config
        self._n_kept = horizon_s // config.bin_s
        # by tick, encoded: hardly any is looked at again, and all are written with each state
        self.state = {} if state is None else state
        self._touched: set[int] = set()

    def keep(self, window: Window, tick: int) -> None:
        """Remember a window that has become final, and forget what is too old.

        Args:
            window: as it was told.
            tick: its own; windows become final in the order of their ticks.
        """
        counts = FinalCounts(
            versions={version: [n, 0, 0] for version, n in window.policy_versions.items()},
            n_positive=window.n_positive,
            polarity=_millionths((window.polarity or 0.0) * window.n_stories),
            ratio_excess=_millionths(((window.negative_ratio or 1.0) - 1) * window.n_stories),
            n_sources=window.n_sources,
        )
        for version, (n_stories, n_negative) in window.stories_by_version.items():
            counts.versions.setdefault(version, [0, 0, 0])[1:] = [n_stories, n_negative]
        self.state[tick] = msgspec.msgpack.encode(counts)
        # nearly in order: one that a correction brought may stay a little longer
        while (oldest := next(iter(self.state))) <= tick - self._n_kept:
            del self.state[oldest]

    def is_within(self, tick: int, now: int) -> bool:
        """Return whether the window of a tick is recent enough to be corrected at the tick `now`."""
        return tick > now - self._n_kept

    def add_document(self, tick: int, policy_version: str) -> None:
        """Count a document that a correction has brought, in a window that perhaps was none before."""
        counts = self._counts(tick) or FinalCounts()
        counts.versions.setdefault(policy_version, [0, 0, 0])[0] += 1
        counts.n_sources = max(1, counts.n_sources)
        self._correct(tick, counts)

    def remove_document(self, tick: int, policy_version: str) -> None:
        """Take back a document that is not about the topic."""
        counts = self._counts(tick)
        if counts is None:
            return
        version = counts.versions.setdefault(policy_version, [0, 0, 0])
        version[0] = max(0, version[0] - 1)
        self._correct(tick, counts)

    def revise(self, tick: int, was: NovelStory | None, now: NovelStory | None) -> bool:
        """Have a story count as corrected, and return whether its window is still remembered.

        Args:
            tick: of its window.
            was: as what it has counted; None: it has not.
            now: as what it counts; None: it does not.
        """
        counts = self._counts(tick)
        if counts is None:
            return False
        if was is not None:
            self._count(counts, was, -1)
        if now is not None:
            self._count(counts, now, 1)
        self._correct(tick, counts)
        return True

    def corrected(self) -> list[Window]:
        """Return the windows that were corrected since it was last asked, oldest first."""
        corrected = [(tick, self._counts(tick)) for tick in sorted(self._touched)]
        self._touched.clear()
        return [self._report(tick, counts) for tick, counts in corrected if counts is not None]

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self.state)

    @classmethod
    def restore(cls, topic: str, config: WindowConfig, horizon_s: int, snapshot: bytes) -> FinalWindows:
        """Return windows that go on where the snapshot was taken."""
        return cls(topic, config, horizon_s, msgspec.msgpack.decode(snapshot, type=dict[int, bytes]))

    def _counts(self, tick: int) -> FinalCounts | None:
        held = self.state.get(tick)
        return None if held is None else msgspec.msgpack.decode(held, type=FinalCounts)

    def _correct(self, tick: int, counts: FinalCounts) -> None:
        self._touched.add(tick)
        self.state[tick] = msgspec.msgpack.encode(counts)

    def _count(self, counts: FinalCounts, story: NovelStory, n: int) -> None:
        version = counts.versions.setdefault(story.policy_version, [0, 0, 0])
        version[1] += n
        version[2] += n * (story.label == "negative")
        counts.n_positive += n * (story.label == "positive")
        counts.polarity += n * _millionths(story.polarity)
        counts.ratio_excess += n * _millionths(story.negative_ratio - 1)

    def _report(self, tick: int, counts: FinalCounts) -> Window:
        n_documents, n_stories, n_negative = (sum(of[n] for of in counts.versions.values()) for n in range(3))
        return Window(
            topic=self._topic,
            start_at=tick_start(tick, self._config.bin_s),
            end_at=tick_end(tick, self._config.bin_s),
            status=WindowStatus.CORRECTED,
            n_documents=n_documents,
            n_stories=n_stories,
            n_negative=n_negative,
            n_neutral=n_stories - n_negative - counts.n_positive,
            n_positive=counts.n_positive,
            polarity=counts.polarity / n_stories / 1e6 if n_stories else None,
            negative_share=n_negative / n_stories if n_stories else None,
            n_sources=counts.n_sources if n_documents else 0,
            policy_versions={version: of[0] for version, of in sorted(counts.versions.items()) if of[0]},
            stories_by_version={version: (of[1], of[2]) for version, of in sorted(counts.versions.items()) if of[1]},
            negative_ratio=1 + counts.ratio_excess / n_stories / 1e6 if n_stories else None,
        )


def _millionths(value: float) -> int:
    return round(value * 1e6)
