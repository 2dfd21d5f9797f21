"""Who may correct: the analysts of a deployment, from a YAML file.

Knows nothing of how well they answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from pipeline.rejects import RecordRejected, RejectReason

MAX_ID_CHARS = 64


class RosterInvalid(ValueError):
    """The file of analysts cannot be used; the message is one line with the mend."""


class Analyst(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One who may correct.

    >>> Analyst("ada").may_release
    False
    """

    id: str
    name: str = ""
    may_release: bool = False  # rounds that are held in quarantine, as the second person


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    analysts: list[Analyst]


class Roster:
    """The analysts by id.

    >>> roster = Roster([Analyst("ada")])
    >>> roster.check("ada").id
    'ada'
    >>> roster.check("eve")
    Traceback (most recent call last):
    pipeline.rejects.RecordRejected: unknown_analyst: 'eve' is not in the file of analysts; known: ada

    Raises:
        RosterInvalid: an id is empty, too long or there twice.
    """

    def __init__(self, analysts: list[Analyst]) -> None:
        self._analysts: dict[str, Analyst] = {}
        for analyst in analysts:
            if not analyst.id.strip() or len(analyst.id) > MAX_ID_CHARS or not analyst.id.isprintable():
                raise RosterInvalid(
                    f"an id must be 1 to {MAX_ID_CHARS} printable characters, got {analyst.id[:80]!r}"
                )
            if analyst.id in self._analysts:
                raise RosterInvalid(f"analyst {analyst.id!r} is there twice; give each an id of their own")
            self._analysts[analyst.id] = analyst

    def __iter__(self) -> Iterator[Analyst]:
        return iter(self._analysts.values())

    def __len__(self) -> int:
        return len(self._analysts)

    def why_not_release(self, person: str) -> str | None:
        """Return why a person may not release what is held, if so.

        >>> Roster([Analyst("bob", may_release=True)]).why_not_release("bob") is None
        True
        """
        found = self._analysts.get(person)
        if found is not None and found.may_release:
            return None
        return f"{person[:MAX_ID_CHARS]!r} may not release: `may_release: true` is not said of them"

    def check(self, analyst: str) -> Analyst:
        """Return the analyst with this id.

        Raises:
            RecordRejected: there is none.
        """
        found = self._analysts.get(analyst)
        if found is None:
            shown, known = analyst[:MAX_ID_CHARS], ", ".join(self._analysts)
            detail = f"{shown!r} is not in the file of analysts; known: {known}"
            if not known:
                detail = f"nobody knows {shown!r}: set FINSURGE_ANALYSTS to a file of analysts"
            raise RecordRejected(RejectReason.UNKNOWN_ANALYST, detail)
        return found


def load_roster(path: Path) -> Roster:
    """Return the analysts that a file lists under `analysts`.

    Raises:
        RosterInvalid: it cannot be read or has a mistake.
    """
    try:
        loaded: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RosterInvalid(f"{path}: {(error.strerror or str(error)).lower()} (FINSURGE_ANALYSTS)") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RosterInvalid(f"{path}: not YAML: {' '.join(str(error).split())[:160]}") from None
    try:
        return Roster(msgspec.convert(loaded, _File).analysts)
    except msgspec.ValidationError as error:
        mend = "it needs `analysts:` with lines like `- id: ada`"
        raise RosterInvalid(f"{path}: {' '.join(str(error).split())}; {mend}") from None
    except RosterInvalid as error:
        raise RosterInvalid(f"{path}: {error}") from None


class RosterFile:
    """The roster of a file that may change while the process runs; one that cannot be read changes nothing.

    >>> RosterFile(None).roster.check("ada")
    Traceback (most recent call last):
    pipeline.rejects.RecordRejected: unknown_analyst: nobody knows 'ada': set FINSURGE_ANALYSTS to a file of analysts
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._read_at = self._changed_at()
        self.roster = load_roster(path) if path else Roster([])
        self.problem: str | None = None  # why the file as it is now is not taken

    def refresh(self) -> str | None:
        """Read the file again if it has changed, and return what is wrong with it, if anything."""
        if self._path is None or (changed_at := self._changed_at()) == self._read_at:
            return None
        self._read_at, self.problem = changed_at, None
        try:
            self.roster = load_roster(self._path)
        except RosterInvalid as error:
            self.problem = str(error)
        return self.problem

    def _changed_at(self) -> int:
        try:
            return self._path.stat().st_mtime_ns if self._path else 0
        except OSError:
            return 0
