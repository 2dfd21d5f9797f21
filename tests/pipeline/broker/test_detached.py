import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.broker.detached import DetachedProcess

MARK = "sixty"


def sleeper(folder: Path) -> DetachedProcess:
    process = DetachedProcess(folder / "pid", marks=(MARK,))
    process.start(
        [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)", MARK], folder, folder / "log"
    )
    return process


def test_it_is_found_by_its_pid_file_and_ends_when_told(tmp_path: Path) -> None:
    sleeper(tmp_path)
    found_by_another = DetachedProcess(tmp_path / "pid", marks=(MARK,))
    assert found_by_another.pid() is not None
    assert found_by_another.stop(grace_s=10.0)
    assert found_by_another.pid() is None
    assert not found_by_another.stop(grace_s=10.0)


def test_no_grace_kills_at_once(tmp_path: Path) -> None:
    process = sleeper(tmp_path)
    assert process.stop(grace_s=0.0)
    assert process.pid() is None


def test_a_process_that_ignores_the_polite_signal_is_killed_after_its_grace(tmp_path: Path) -> None:
    process = DetachedProcess(tmp_path / "pid", marks=(MARK,))
    os.mkfifo(tmp_path / "ready")
    deaf = f"trap '' TERM; echo > {tmp_path / 'ready'}; while :; do read -r _ < {tmp_path / 'never'}; done"
    os.mkfifo(tmp_path / "never")
    process.start(["/bin/sh", "-c", deaf, MARK], tmp_path, tmp_path / "log")
    (tmp_path / "ready").read_text()  # blocks until the trap is set
    assert process.stop(grace_s=0.3)
    assert process.pid() is None


def test_a_stranger_who_got_the_number_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    (tmp_path / "pid").write_text(str(stranger.pid))
    process = DetachedProcess(tmp_path / "pid", marks=(MARK,))
    assert not process.stop(grace_s=1.0)
    assert stranger.poll() is None
    stranger.communicate(b"")
    assert stranger.returncode == 0


@pytest.mark.parametrize("content", ["", "not a number"])
def test_a_damaged_pid_file_means_no_process(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid").write_text(content)
    assert DetachedProcess(tmp_path / "pid", marks=(MARK,)).pid() is None


def test_it_ends_with_the_block(tmp_path: Path) -> None:
    process = sleeper(tmp_path)
    with process.bound_to_this_process():
        assert process.pid() is not None
    assert process.pid() is None


def test_it_ends_when_the_process_that_holds_the_block_is_killed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alive")
    process = DetachedProcess(tmp_path / "pid", marks=(MARK,))
    code = "import time; held = open('alive', 'w'); time.sleep(60)"
    process.start([sys.executable, "-c", code, MARK], tmp_path, tmp_path / "log")
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from pipeline.broker.detached import DetachedProcess\n"
            f"with DetachedProcess(Path({str(process.pid_file)!r}), ({MARK!r},)).bound_to_this_process():\n"
            "    print('held', flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with (tmp_path / "alive").open() as alive:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert process.pid() is not None
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
        alive.read()  # blocks until the process is gone
    assert process.pid() is None


def test_it_is_known_from_the_moment_that_it_was_started(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / str(number)).mkdir()
        process = sleeper(tmp_path / str(number))
        assert process.pid() is not None
        process.stop(grace_s=0.0)


def test_one_that_ends_at_once_is_not_waited_for(tmp_path: Path) -> None:
    process = DetachedProcess(tmp_path / "pid", marks=(MARK,))
    process.start(["/bin/true"], tmp_path, tmp_path / "log")
    assert process.pid() is None
