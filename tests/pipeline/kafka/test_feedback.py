"""The join on a real Kafka, killed again and again as corrections flow: each is a round once, and trends follow."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from pipeline.errors import CommandFailed
from pipeline.feedback.audit import AuditAction, entries_of
from pipeline.feedback.open_reviews import open_reviews
from pipeline.feedback.process import PORT, FeedbackProcess
from pipeline.feedback.records import RoundRecord
from pipeline.ports import free_port
from pipeline.records import Document, TrendRecord, decode, encode
from pipeline.settings import Settings, to_environment

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

PROCESS = Path(__file__).parent / "feedback_process.py"
DEADLINE_S = 120.0
KILLS = "feedback:stepped:1,feedback:sent:1,feedback:stepped:2,feedback:sent:2"
CHUNK = 40
N_HELD_BACK = 12
ANALYSTS = "analysts: [{id: ada}, {id: bob}]\n"


class Join:
    """The join as a process that is started again whenever it dies."""

    def __init__(self, settings: Settings, kills: str = "") -> None:
        self.exits: list[int] = []
        own = {"FINSURGE_HTTP_PORT": str(free_port() - PORT), "FINSURGE_TEST_KILL": kills}
        self._environ = {**os.environ, **to_environment(settings), **own}
        self._log = settings.state_dir / "feedback.log"
        self._stopping = threading.Event()
        self._process = self._spawn()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def kill(self) -> None:
        n_exits = len(self.exits)
        self._process.kill()
        while len(self.exits) == n_exits:
            self._stopping.wait(0.05)

    def stop(self) -> None:
        """End it, and have what is left be dealt with by one more that then ends by itself."""
        self._stopping.set()
        self._keeper.join(10)
        self._process.terminate()
        self._process.wait(30)
        assert self._spawn("--once").wait(DEADLINE_S) == 0, self.log

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]

    def _spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            command = [sys.executable, str(PROCESS), *arguments]
            return subprocess.Popen(command, env=self._environ, stdout=log, stderr=log, start_new_session=True)

    def _keep(self) -> None:
        while not self._stopping.wait(0.05):
            code = self._process.poll()
            if code is not None:
                self.exits.append(code)
                self._process = self._spawn()


def said(number: int, document_id: str, **changes: object) -> bytes:
    fields = {
        "schema": 1, "id": f"c-{number}", "document_id": document_id, "analyst": "ada", "verdict": "confirm",
        "corrected_at": datetime.now(UTC).isoformat(), **changes,
    }  # fmt: skip
    return msgspec.json.encode(fields)


def neutral(number: int, document_id: str) -> bytes:
    labels = {"sentiment": "neutral", "mentions": [{"surface": "FTX", "sentiment": "neutral", "is_everywhere": True}]}
    return said(number, document_id, verdict="correct", labels=labels)


def ids_of(run) -> dict[str, set[bytes]]:
    """Return the different values of each round's id that lie on Kafka."""
    by_id: dict[str, set[bytes]] = defaultdict(set)
    for record in run.read("rounds"):
        by_id[decode(RoundRecord, record.value).id].add(record.value)
    return by_id


def until(hold: Callable[[], bool], join: Join) -> None:
    """Return when `hold` says yes."""
    until_s = time.monotonic() + DEADLINE_S
    while not hold():
        assert time.monotonic() < until_s, f"not within {DEADLINE_S:g} s: {join.exits}, {join.log}"
        threading.Event().wait(0.2)


def crisis_of(values: list[bytes]) -> list[Document]:
    """Return the documents about FTX since its crisis began; ordinary news about it may be bad as well."""
    documents = [decode(Document, value) for value in values]
    began_at = min(document.published_at for document in documents if document.text.endswith("clients say"))
    return [each for each in documents if each.text.startswith("FTX ") and each.published_at >= began_at]


def until_crisis_ends(values: list[bytes]) -> list[bytes]:
    return values[: max(n for n, value in enumerate(values) if b"clients say" in value) + 1]


def document_of(value: bytes) -> Document:
    return decode(Document, value)


def later(values: list[bytes]) -> list[bytes]:
    """Return documents of ten minutes later, enough that each partition's time moves on."""
    last_at = max(decode(Document, value).published_at for value in values)
    return [
        encode(
            Document(
                schema=1, id=f"later-{n}", kind="news", source="Wire", published_at=last_at + timedelta(minutes=10),
                text=f"Kraken opens office in Oslo {n}",
            )
        )
        for n in range(40)
    ]  # fmt: skip


def dead_of(run) -> dict[bytes, str]:
    """Return the dead letters of the join, with their reasons."""
    dead = {}
    for record in run.read("documents.dlq"):
        headers = dict(record.headers)
        if headers["finsurge.stage"] == b"feedback":
            dead[record.value] = headers["finsurge.reason"].decode()
    return dead


def last_windows(run, topic: str) -> list[TrendRecord]:
    """Return the last record of each of a topic's windows, which is the one to read."""
    windows: dict[datetime, TrendRecord] = {}
    for record in run.read("trends"):
        window = decode(TrendRecord, record.value)
        if window.topic == topic and window.resolution_s == run.settings.bin_s:
            windows[window.start_at] = window
    return list(windows.values())


def test_a_killed_join_makes_each_correction_a_round_once_and_corrects_trends(new_deployment, documents, tmp_path):
    analysts = tmp_path / "analysts.yaml"
    analysts.write_text(ANALYSTS)
    run = new_deployment(analysts=analysts, review_uniform=0.2, correction_wait_s=20.0)
    values = until_crisis_ends(list(documents(n_ordinary=900)))
    crisis = crisis_of(values)
    run.start()
    run.publish(values[:-N_HELD_BACK])
    run.settle()
    good = [neutral(n, document.id) for n, document in enumerate(crisis)]
    good += [said(1000 + n, f"d{n}", analyst="bob") for n in range(200)]
    bad = {
        b"{": "malformed_json",
        said(9001, "d1", analyst="eve"): "unknown_analyst",
        said(9002, "nowhere"): "unknown_document",
        said(9003, "d2", review_id="r-none"): "unknown_review",
        said(9004, "d3", verdict="correct"): "bad_labels",
    }
    join = Join(run.settings, KILLS)
    try:
        run.publish_raw("corrections", list(bad))
        for start in range(0, len(good), CHUNK):
            part = good[start : start + CHUNK]
            run.publish_raw("corrections", [*part, *part[:5]])  # some come twice
            if start == CHUNK:
                run.publish(values[-N_HELD_BACK:])  # corrected before they are even published
            until(lambda n=start - N_HELD_BACK: len(ids_of(run)) >= n, join)
            if start in (3 * CHUNK, 5 * CHUNK):
                join.kill()
        until(lambda: len(ids_of(run)) == len(good), join)
        until(lambda: len(dead_of(run)) == len(bad), join)
        run.publish(later(values))
        run.settle()
    finally:
        join.stop()
    assert join.exits.count(-signal.SIGKILL) == len(join.exits) >= 5  # four at their points; of this test's two, one

    rounds = ids_of(run)
    assert rounds.keys() == {msgspec.json.decode(value)["id"] for value in good}
    assert all(len(told) == 1 for told in rounds.values())  # what was repeated is the same to the byte
    assert dead_of(run) == bad
    drawn = {record.value for record in run.read("reviews") if b'"type":"drawn"' in record.value}
    # 900 coins of at least 0.2; one that was tossed twice would show as a second value with another time
    assert 120 < len(drawn) == len({msgspec.json.decode(value)["id"] for value in drawn})
    waiting = asyncio.run(open_reviews(run.settings, datetime.now(UTC), limit=10_000))
    assert {encode(each.review) for each in waiting} == drawn  # all of them: no correction here names a review
    texts = {each.id: each.text for each in map(document_of, [*values, *later(values)])}
    assert all(each.text == texts[each.review.document_id] for each in waiting)
    audited = list(entries_of(run.settings.state_dir / "feedback" / "audit.jsonl"))
    accepted = [entry.subject for entry in audited if entry.action is AuditAction.CORRECTION_ACCEPTED]
    assert sorted(accepted) == sorted(rounds)
    assert sum(entry.action is AuditAction.CORRECTION_REFUSED for entry in audited) == len(bad)

    outcome = run.outcome()
    outcome.check()  # trends are those of a replay of decisions and revisions
    began_at = min(document.published_at for document in crisis) - timedelta(seconds=run.settings.bin_s)
    since = [window for window in last_windows(run, "ftx") if window.start_at > began_at]
    assert sum(window.n_neutral for window in since) > 10
    assert sum(window.n_negative for window in since) == 0
    closed = [alert for alert in outcome.alerts.values() if alert.transition == "closed"]
    assert [alert.reason for alert in closed] == ["corrected"]


def test_a_deployment_without_its_kafka_topics_is_told_the_mend(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    settings = Settings(
        broker=f"kafka://{kafka}", topic_prefix=topic_prefix, state_dir=tmp_path, http_port=free_port() - PORT
    )
    with pytest.raises(CommandFailed, match=r"-documents is missing at .*; make it with `finsurge topics create`"):
        asyncio.run(FeedbackProcess(settings, is_once=True).run(asyncio.Event()))
    with pytest.raises(CommandFailed, match=r"-reviews is missing at .*; make it with `finsurge"):
        asyncio.run(open_reviews(settings, datetime.now(UTC), limit=1))
