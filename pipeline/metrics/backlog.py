"""How old the oldest record is that a process has still to do."""

from __future__ import annotations


class Backlog:
    """How old the oldest record is that a process has still to do.

    >>> backlog = Backlog()
    >>> backlog.age_s(3, 100.0, now_s=107.0)
    7.0
    >>> backlog.age_s(3, None, now_s=109.0), backlog.age_s(0, None, now_s=111.0)
    (9.0, 0.0)
    """

    def __init__(self) -> None:
        self._since_s: float | None = None  # from when the age counts

    def age_s(self, n_records: int, oldest_s: float | None, now_s: float) -> float:
        """Return its age in seconds; 0 if none waits.

        Args:
            n_records: that are not committed yet.
            oldest_s: time of the oldest one that was fetched; None: none is, and the age goes on from what was
                fetched before, or begins with this question.
            now_s: the time, in seconds since 1970, as the one before.
        """
        if not n_records:
            self._since_s = None
            return 0.0
        if oldest_s is not None or self._since_s is None:
            self._since_s = now_s if oldest_s is None else oldest_s
        return max(0.0, now_s - self._since_s)
