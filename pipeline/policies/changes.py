"""Which releases a change is made of: to know a version, judge it, try it, let it serve, bring the last one back.

Pure: takes the board as it is, returns the releases to write together, and refuses what must not be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from pipeline.errors import CommandFailed
from pipeline.policies.board import ReleaseBoard
from pipeline.policies.release import Channel, GateSummary, Release
from rl.registry.stored import StoredPolicy

WATCH_S = 7 * 86_400.0
"""Seconds for which the policy before goes on in shadow after a promotion; most answers of analysts come by then."""


class ChangeRefusal(StrEnum):
    """Why a change is not made."""

    UNKNOWN = "unknown"  # there is no such version
    NOT_JUDGED = "not_judged"  # the gate has not seen it
    GATE_FAILED = "gate_failed"  # the gate said no
    OTHER_BASELINE = "other_baseline"  # the gate compared it with a policy that does not serve any more
    SERVES_ALREADY = "serves_already"
    NOTHING_BEFORE = "nothing_before"  # there is nothing to roll back to


class ChangeRefused(CommandFailed):
    """A change is not made; the message is one line with the mend."""

    def __init__(self, reason: ChangeRefusal, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a change, when, and why.

    >>> from datetime import UTC
    >>> Author("ada", datetime(2026, 1, 2, tzinfo=UTC)).reason
    ''
    """

    by: str
    at: datetime
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.by:
            raise ValueError("by must name somebody, got ''")
        if self.at.tzinfo is None:
            raise ValueError(f"at must be aware, got {self.at}")


Releases = list[Release]


def registered(board: ReleaseBoard, stored: StoredPolicy, parent_version: str | None, author: Author) -> Releases:
    """Return the release by which a stored version is known; nothing if it is known already."""
    if stored.version in board.versions:
        return []
    release = Release(
        channel=Channel.VERSION,
        generation=board.generation + 1,
        version=stored.version,
        location=stored.location,
        checksums=stored.checksums,
        parent_version=parent_version,
        at=author.at,
        by=author.by,
        reason=author.reason,
    )
    return [release]


def judged(board: ReleaseBoard, version: str, gate: GateSummary, author: Author) -> Releases:
    """Return the release that says what the gate found."""
    return [_next(board, _known(board, version), author, gate=gate)]


def shadowed(
    board: ReleaseBoard, version: str, author: Author, *, share: float = 1.0, until: datetime | None = None
) -> Releases:
    """Return the release that has a version decide in shadow; with a share of 0, no more."""
    return [_next(board, _known(board, version), author, channel=Channel.SHADOW, share=share, until=until)]


def canaried(board: ReleaseBoard, version: str, author: Author, *, share: float, negative_ratio: float) -> Releases:
    """Return the release that has a version serve a share of the documents; with a share of 0, no more."""
    known = _known(board, version)
    if board.current and board.current.version == version and share:
        raise ChangeRefused(ChangeRefusal.SERVES_ALREADY, f"{version} serves already: name another for the canary")
    return [_next(board, known, author, channel=Channel.CANARY, share=share, negative_ratio=negative_ratio)]


def promoted(
    board: ReleaseBoard,
    version: str,
    author: Author,
    *,
    serving: str,
    negative_ratio: float,
    is_forced: bool = False,
    watch_s: float = WATCH_S,
) -> Releases:
    """Return the releases by which a version serves, and the one before it goes on in shadow for a while.

    Args:
        board: as it is.
        version: that is to serve.
        author: with a reason, if it is forced.
        serving: the version that serves now: the board's, or that of the settings.
        negative_ratio: how often it says negative, to how often the stream's first policy did.
        is_forced: whether it serves whatever the gate said.
        watch_s: seconds for which the one before it is watched in shadow.

    Raises:
        ChangeRefused: it serves already, or the gate did not say yes and it is not forced.
    """
    known = _known(board, version)
    if version == serving:
        raise ChangeRefused(ChangeRefusal.SERVES_ALREADY, f"{version} serves already: there is nothing to promote")
    if is_forced and not author.reason:
        raise ValueError("reason must be given where a promotion is forced, got ''")
    if not is_forced:
        _check_gate(known, serving)
    served = {"previous_version": serving, "negative_ratio": negative_ratio}
    releases = [
        _next(board, known, author, 1, **served),
        _next(board, known, author, 2, channel=Channel.CURRENT, **served),
    ]
    return releases + _after_promotion(board, serving, version, author, watch_s)


def rolled_back(board: ReleaseBoard, author: Author) -> Releases:
    """Return the releases by which the version before the current one serves again.

    What it had replaced itself is then the one before it, so that to roll back twice goes two steps back. A canary
    ends; the version that is rolled back does not go on in shadow.

    Raises:
        ChangeRefused: nothing was ever promoted over another version.
    """
    current = board.current
    before = board.versions.get(current.previous_version or "") if current else None
    if current is None or before is None:
        raise ChangeRefused(
            ChangeRefusal.NOTHING_BEFORE, "no version served before this one: promote the one that should serve"
        )
    releases = [_next(board, before, author, 1, channel=Channel.CURRENT)]
    for ended in (board.shadow, board.canary):
        if ended and (ended.channel is Channel.CANARY or ended.version == before.version):
            releases.append(_next(board, ended, author, 1 + len(releases), share=0.0))
    return releases


def _after_promotion(board: ReleaseBoard, before: str, version: str, author: Author, watch_s: float) -> Releases:
    releases = []
    if watch_s > 0:
        until = author.at + timedelta(seconds=watch_s)
        watched = _known(board, before)
        releases.append(_next(board, watched, author, 3, channel=Channel.SHADOW, share=1.0, until=until))
    if board.canary and board.canary.version == version:
        releases.append(_next(board, board.canary, author, 3 + len(releases), share=0.0))
    return releases


def _known(board: ReleaseBoard, version: str) -> Release:
    if version not in board.versions:
        raise ChangeRefused(
            ChangeRefusal.UNKNOWN, f"no version {version}: see `finsurge policy list`, or give a policy's folder"
        )
    return board.versions[version]


def _check_gate(release: Release, serving: str) -> None:
    gate = release.gate
    mend = f"run `finsurge policy gate {release.version}`, or promote with --force REASON"
    if gate is None:
        raise ChangeRefused(ChangeRefusal.NOT_JUDGED, f"the gate has not judged {release.version}: {mend}")
    if not gate.is_promoted:
        mend = "train a better one, or promote with --force REASON"
        said = f"the gate did not let {release.version} pass ({gate.reason}): {mend}"
        raise ChangeRefused(ChangeRefusal.GATE_FAILED, said)
    if gate.baseline_version != serving:
        said = f"the gate compared {release.version} with {gate.baseline_version}, and {serving} serves: {mend}"
        raise ChangeRefused(ChangeRefusal.OTHER_BASELINE, said)


def _next(board: ReleaseBoard, release: Release, author: Author, step: int = 1, **changes: object) -> Release:
    own = {"generation": board.generation + step, "at": author.at, "by": author.by, "reason": author.reason}
    if release.channel is Channel.VERSION and "channel" not in changes:
        own.pop("at")  # of a version: when it was first known
        own.pop("by")
    return msgspec.structs.replace(release, **{**own, **changes})
