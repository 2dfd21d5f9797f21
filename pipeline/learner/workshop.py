"""Where updates are made: one at a time, each in a process of its own with a run folder, resumed after a restart."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from pipeline.feedback.records import RoundRecord
from pipeline.learner.run_folder import Outcome, Request, RunFolder
from pipeline.supervisor import stop_all

log = logging.getLogger(__name__)
MAX_STARTS = 3
"""How often an update is started that ends without an outcome: a machine's restart is forgiven, a bug is not."""
_COMMAND = (sys.executable, "-m", "pipeline.learner.updating")


class Workshop:
    """The updates of a deployment, by number.

    >>> import tempfile
    >>> workshop = Workshop(Path(tempfile.mkdtemp()), environ={})
    >>> workshop.next_number(), workshop.is_busy
    (1, False)
    """

    def __init__(self, root: Path, environ: Mapping[str, str], command: Sequence[str] = _COMMAND) -> None:
        self._root = root
        self._environ = environ
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: RunFolder | None = None
        self._n_starts = 0
        root.mkdir(parents=True, exist_ok=True)

    @property
    def is_busy(self) -> bool:
        """Whether an update is on its way."""
        return self._folder is not None

    @property
    def folder(self) -> RunFolder | None:
        """The update on its way."""
        return self._folder

    def folders(self) -> list[RunFolder]:
        """Return all updates, the first one first."""
        return [self._of(number) for number in self._numbers()]

    def last_ended_at(self) -> datetime | None:
        """Return when the last update ended that has; None: none has."""
        ended = (folder.ended_at() for folder in reversed(self.folders()))
        return next((at for at in ended if at is not None), None)

    def next_number(self) -> int:
        """Return the number of the next update."""
        return max(self._numbers(), default=0) + 1

    def resume(self) -> None:
        """Go on with the update that a restart has cut short, if there is one."""
        for folder in self.folders()[-1:]:
            if folder.request() is not None and folder.outcome() is None:
                log.info("going on with the update in %s", folder.path)
                self._begin(folder)

    def begin(self, request: Request, fresh: Iterable[RoundRecord], older: Iterable[RoundRecord]) -> RunFolder:
        """Start an update.

        Raises:
            ValueError: one is on its way.
        """
        if self.is_busy:
            raise ValueError(f"begin must wait for the update in {self._folder and self._folder.path}")
        folder = self._of(request.number)
        folder.ask(request, fresh, older)
        self._begin(folder)
        return folder

    def poll(self) -> RunFolder | None:
        """Return the update that has ended since the last time, if one has; one that died is started again."""
        if self._process is None or self._folder is None or (code := self._process.poll()) is None:
            return None
        ended = self._folder
        if ended.outcome() is None and self._n_starts < MAX_STARTS:
            log.warning("the update in %s ended with code %s: starting it again", ended.path, code)
            self._start()
            return None
        if ended.outcome() is None:
            ended.end(Outcome(failure=f"ended {self._n_starts} times without an outcome, at last with code {code}"))
        self._process = self._folder = None
        return ended

    def stop(self) -> None:
        """End the update that is on its way; `resume` goes on with it."""
        if self._process is not None:
            stop_all([self._process])

    def _begin(self, folder: RunFolder) -> None:
        self._folder, self._n_starts = folder, 0
        self._start()

    def _start(self) -> None:
        if self._folder is None:
            raise ValueError("folder must be chosen before an update is started")
        self._n_starts += 1
        command = [*self._command, str(self._folder.path)]
        with (self._folder.path / "update.log").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command, env=dict(self._environ), start_new_session=True, stdout=output, stderr=output
            )

    def _numbers(self) -> list[int]:
        return sorted(int(path.name) for path in self._root.iterdir() if path.name.isdigit())

    def _of(self, number: int) -> RunFolder:
        return RunFolder(self._root / f"{number:06}")
