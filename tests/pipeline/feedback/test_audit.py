import hashlib
import os
import resource
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.feedback.audit import AuditAction, AuditBroken, AuditHead, AuditLog, Deed, entries_of, verify

START = datetime(2026, 1, 1, tzinfo=UTC)


def deed(n: int) -> Deed:
    return Deed(START + timedelta(minutes=n), "ada", AuditAction.CORRECTION_ACCEPTED, f"c-{n}", {"topic": "TSLA"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def written(path: Path, n_entries: int) -> AuditHead:
    with AuditLog(path, START) as log:
        log.append_all([deed(n) for n in range(n_entries)])
        return log.head


def test_entries_are_read_as_they_were_written_and_go_on_after_reopening(path: Path) -> None:
    written(path, 3)
    with AuditLog(path, START) as log:
        log.append(deed(3))
        head = log.head
    entries = list(entries_of(path))
    assert [entry.subject for entry in entries] == ["c-0", "c-1", "c-2", "c-3"]
    assert entries[3].at == START + timedelta(minutes=3)
    assert entries[3].details == {"topic": "TSLA"}
    assert [entry.previous for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert verify(path) == head == AuditHead(4, entries[3].hash)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: lines.__setitem__(1, lines[1].replace(b'"ada"', b'"eve"')), "line 2 .* was changed"),
        (lambda lines: lines.__setitem__(1, b'{"who":"eve",' + lines[1][1:]), "line 2 .* was changed"),
        (lambda lines: lines.pop(1), "line 2 .* does not follow"),
        (lambda lines: lines.reverse(), "line 1 .* does not follow"),
        (lambda lines: lines.insert(1, b"{}\n"), "line 2 .* is not an entry"),
        (lambda lines: lines.insert(1, b"\xff\n"), "line 2 .* is not an entry"),
        (lambda lines: lines.insert(1, lines[0]), "line 2 .* does not follow"),
    ],
    ids=["changed", "added to", "taken out", "moved", "put in", "not text", "repeated"],
)
def test_a_broken_chain_is_told_and_not_appended_to(path: Path, change: object, told: str) -> None:
    written(path, 4)
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)  # type: ignore[operator]
    path.write_bytes(b"".join(lines))
    before = path.read_bytes()
    with pytest.raises(AuditBroken, match=told):
        verify(path)
    with pytest.raises(AuditBroken, match=told) as refused:
        AuditLog(path, START)
    assert "\n" not in str(refused.value)
    assert path.read_bytes() == before


def test_lines_cut_off_the_end_show_against_a_head_kept_elsewhere(path: Path) -> None:
    head = written(path, 4)
    earlier = AuditHead(2, list(entries_of(path))[1].hash)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    assert verify(path, earlier).n_entries == 3
    with pytest.raises(AuditBroken, match=r"4 entries .*it holds 3"):
        verify(path, head)


@pytest.mark.parametrize("kept", [1, 40, -1])
def test_a_torn_last_line_is_dropped_and_said(path: Path, kept: int) -> None:
    written(path, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    torn = lines[2][:kept]
    path.write_bytes(b"".join(lines[:2]) + torn)
    assert verify(path).n_entries == 2
    with AuditLog(path, START + timedelta(days=1)) as log:
        log.append(deed(3))
    entries = list(entries_of(path))
    assert [entry.action for entry in entries[2:]] == [
        AuditAction.TORN_LINE_DROPPED,
        AuditAction.CORRECTION_ACCEPTED,
    ]
    assert entries[2].details == {"n_bytes": str(len(torn)), "sha256": hashlib.sha256(torn).hexdigest()}


def test_only_one_process_writes(path: Path) -> None:
    with AuditLog(path, START), pytest.raises(AuditBroken, match="another process writes"):
        AuditLog(path, START)
    written(path, 1)


def test_a_full_disk_leaves_the_log_as_it_was(path: Path) -> None:
    head = written(path, 3)
    n_bytes = path.stat().st_size
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with AuditLog(path, START) as log:
            resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes + 50, was[1]))
            with pytest.raises(OSError, match="File too large"):
                log.append(deed(3))
            resource.setrlimit(resource.RLIMIT_FSIZE, was)
            assert log.head == verify(path) == head
            log.append(deed(3))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)
        signal.signal(signal.SIGXFSZ, handler)
    assert verify(path).n_entries == 4


def test_what_was_appended_outlives_a_kill(path: Path) -> None:
    code = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from pipeline.feedback.audit import AuditAction, AuditLog, Deed
at = datetime(2026, 1, 1, tzinfo=UTC)
log = AuditLog(Path(sys.argv[1]), at)
for n in range(5):
    log.append(Deed(at, "ada", AuditAction.PROMOTED, f"p-{n}"))
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code, str(path)], check=False, env=dict(os.environ))
    assert killed.returncode == -signal.SIGKILL
    with AuditLog(path, START) as log:
        assert log.head.n_entries == 5
