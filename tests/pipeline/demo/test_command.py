"""`finsurge demo` as users run it: a process of its own, on the embedded broker."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.commands.demo import _Stop, _until_interrupted

pytest.importorskip("confluent_kafka", reason="the embedded broker is an extra")
needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")
Demo = subprocess.Popen[str]


@contextmanager
def started(state_dir: Path, *arguments: str) -> Iterator[Demo]:
    command = [sys.executable, "-m", "pipeline.cli", "demo", *arguments]
    environ = {**os.environ, "FINSURGE_STATE_DIR": str(state_dir)}
    with subprocess.Popen(
        command,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # tests that run in a shell's background ignore SIGINT, and what they start inherits that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as demo:
        try:
            yield demo
        finally:
            if demo.poll() is None:
                demo.terminate()


def wait_for(demo: Demo, is_there: Callable[[str], bool]) -> None:
    for line in demo.stdout or ():
        if is_there(line):
            return
    _, err = demo.communicate(timeout=90)
    pytest.fail(f"the demo ended before it printed what was waited for: {err}")


def left_of(state_dir: Path) -> list[str]:
    """The command lines of processes that have this demo's settings in their environment."""
    marks = {f"FINSURGE_STATE_DIR={folder}".encode() for folder in (state_dir, state_dir / "demo")}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if not marks.isdisjoint((folder / "environ").read_bytes().split(b"\0")):
                found.append((folder / "cmdline").read_bytes().decode())
        except OSError:
            continue
    return found


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_history_is_read_leaves_no_process_behind(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path, "--until-alert") as demo:
        wait_for(demo, lambda line: "history is read" in line)
        assert len(left_of(tmp_path)) == 8  # itself, five roles, feedback and learner
        demo.send_signal(number)
        out, err = demo.communicate(timeout=90)
    assert left_of(tmp_path) == []
    assert demo.returncode == 130
    assert "Traceback" not in out + err
    assert "interrupted: interrupted in the phase: history is read" in out


@needs_proc
def test_a_signal_while_the_broker_starts_leaves_no_process_behind(tmp_path: Path) -> None:
    with started(tmp_path, "--until-alert") as demo:
        wait_for(demo, lambda line: "all news is invented" in line)
        demo.send_signal(signal.SIGINT)
        _, err = demo.communicate(timeout=90)
    assert left_of(tmp_path) == []
    assert demo.returncode == 130
    assert "Traceback" not in err


def test_an_interrupt_that_somebody_swallowed_is_heard_once_the_loop_runs() -> None:
    class Run:
        async def run(self, interrupted: asyncio.Event) -> bool:
            return interrupted.is_set()

    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    stop = _Stop()
    try:
        assert asyncio.run(_until_interrupted(Run(), stop)) is False
        with contextlib.suppress(KeyboardInterrupt):
            stop(signal.SIGINT, None)
        assert asyncio.run(_until_interrupted(Run(), stop)) is True
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def test_a_damaged_policy_ends_it_with_one_line(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "manifest.json").write_text("{", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "demo", "--json"],
        env={**os.environ, "FINSURGE_STATE_DIR": str(tmp_path), "FINSURGE_POLICY": str(policy)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    summary = json.loads(ended.stdout)
    assert ended.returncode == 1
    assert summary["reason"] == "role_ended"
    assert "role read ended with code 2: finsurge: " in summary["detail"]
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("choice", ["rabbit", "kafka:/x"])
def test_an_unknown_broker_is_one_line(tmp_path: Path, choice: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "demo", "--broker", choice],
        env={**os.environ, "FINSURGE_STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == f"finsurge: broker must be embedded, kafka or kafka://host:port, got {choice!r}\n"


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("broker", ["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def test_exactly_the_crisis_alerts_and_what_is_corrected_stays_right(tmp_path: Path, broker: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "demo", "--broker", broker, "--json"],
        env={**os.environ, "FINSURGE_STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2_000:]
    summary = json.loads(ended.stdout)
    assert {alert["topic"] for alert in summary["alerts"]} == {summary["crisis_topic"]}
    assert summary["alerts"][0]["live_s"] < 120
    assert summary["n_decided"] + summary["n_rejected"] == summary["n_sent"]
    assert sum(summary["n_dead_letters"].values()) == summary["n_rejected"]  # corrections are none of them
    loop = summary["loop"]
    assert loop["n_rounds"] == loop["n_corrections"] == 160
    assert loop["gate_reason"] == "promoted"
    assert loop["gate_interval"][0] > -0.01
    assert Path(loop["gate_report"]).is_file()
    assert summary["policy_versions"] == [loop["old_version"], loop["new_version"]]
    assert loop["n_exam"] == 22
    assert loop["n_right_before"] <= 4
    assert loop["n_right_after"] >= 18
