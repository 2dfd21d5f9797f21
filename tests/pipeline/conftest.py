"""What the pipeline's tests talk to: the command line as a process, a webhook by script, a real Alertmanager."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import os
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from pipeline.feedback.records import (
    RightMention,
    RightRecord,
    RoundRecord,
    RoundTrace,
    SentimentName,
    UnitRecord,
)
from pipeline.logs.setup import OURS
from pipeline.receivers.outbox import NotifyState, decode_state
from pipeline.records import Origin, encode
from pipeline.roles.logged_states import LoggedStates
from rl.rounds.round import ReviewReason, Verdict

Finsurge = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0


@pytest.fixture
def finsurge(tmp_path: Path) -> Finsurge:
    """Run `finsurge` in an empty folder; `max_file_bytes` makes the disk full beyond that size of a file."""

    def run(*arguments: str, max_file_bytes: int | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
        def limit() -> None:
            if max_file_bytes is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))

        own = {name: value for name, value in os.environ.items() if not name.startswith("FINSURGE_")}
        # a module's bytecode, cut off by the limit, would break whoever imports it next
        own |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        folder = tmp_path / "cwd"
        folder.mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *arguments],
            env=own | {f"FINSURGE_{name}": value for name, value in settings.items()},
            cwd=folder,
            capture_output=True,
            text=True,
            preexec_fn=limit,
            check=False,
            timeout=120,
        )

    return run


RecordOf = Callable[..., RoundRecord]


@pytest.fixture
def record() -> RecordOf:
    """Makes a round on the wire: `record(number, name="Tesla")`, good news that was served as bad."""

    def _record(
        number: int,
        *,
        name: str = "Tesla",
        analyst: str = "ada",
        minute: int | None = None,
        sentiment: SentimentName = "positive",
    ) -> RoundRecord:
        at = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(minutes=number if minute is None else minute)
        origin = Origin(0, number)
        return RoundRecord(
            id=f"c{number}",
            document_id=f"d{number}",
            story=f"s{number}",
            topics=("tesla",),
            text=f"{name} drops the profit warning",
            kind="news",
            source="Wire",
            published_at=at,
            decided_at=at,
            policy_version="p-1",
            served=(UnitRecord(sentiment="negative"),),
            shown=None,
            p_review=0.1,
            review_reason=ReviewReason.BLIND,
            analyst=analyst,
            verdict=Verdict.CORRECT,
            right=RightRecord(
                sentiment=sentiment,
                mentions=(RightMention(start=0, end=len(name), sentiment=sentiment),),
                are_mentions_complete=True,
            ),
            corrected_at=at,
            recorded_at=at,
            reward=0.0,
            weight=1.0,
            trace=RoundTrace(document=origin, decision=origin, correction=origin),
        )

    return _record


@dataclass
class Received:
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Hook:
    """Answers with `statuses` in turn, then with 200; what it took is in `received`."""

    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    never_answers: bool = False
    received: asyncio.Queue[Received] = field(default_factory=asyncio.Queue)
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.received.put_nowait(Received(dict(request.headers), await request.read()))
        if self.never_answers:
            await asyncio.Event().wait()
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, text=self.text, headers=self.headers)

    async def next(self) -> Received:
        return await asyncio.wait_for(self.received.get(), PATIENCE_S)


@asynccontextmanager
async def serving() -> AsyncIterator[Hook]:
    served = Hook()
    app = web.Application()
    app.router.add_post("/{path:.*}", served.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield served
    await runner.cleanup()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    """A webhook, which is also where the Alertmanager's notifications go."""
    async with serving() as served:
        yield served


@pytest.fixture
async def second_hook() -> AsyncIterator[Hook]:
    """A webhook of which the Alertmanager knows nothing."""
    async with serving() as served:
        yield served


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


class Changelog:
    """A compacted Kafka topic of two partitions, in memory; `fails_at` counts down the records it still takes."""

    def __init__(self) -> None:
        self.records: dict[int, list[tuple[str, bytes | None]]] = {0: [], 1: []}
        self.fails_at: int | None = None

    async def ends(self, partitions: set[int]) -> Mapping[int, int]:
        return {number: len(self.records[number]) for number in partitions}

    async def load(self, ends: Mapping[int, int]) -> Mapping[int, dict[str, bytes]]:
        last = {number: dict(self.records[number][:end]) for number, end in ends.items()}
        return {number: {k: v for k, v in each.items() if v is not None} for number, each in last.items()}

    async def send(self, partition: int, key: bytes, value: bytes | None) -> Awaitable[Any]:
        if self.fails_at is not None:
            self.fails_at -= 1
            if self.fails_at < 0:
                raise BrokenPipeError("killed")
        self.records[partition].append((key.decode(), value))
        done = asyncio.get_running_loop().create_future()
        done.set_result(SimpleNamespace(offset=len(self.records[partition]) - 1))
        return done

    def states(self) -> LoggedStates[NotifyState]:
        """State over it, as a process has it that starts."""
        return LoggedStates(self, self.send, encode, decode_state)


@pytest.fixture
def changelog() -> Changelog:
    """The changelog of `notify`."""
    return Changelog()


class Alertmanager:
    """A real one, that notifies `hook_url` at once; each start begins with nothing remembered."""

    def __init__(self, binary: str, folder: Path, hook_url: str, session: aiohttp.ClientSession) -> None:
        self._binary = binary
        self._folder = folder
        self._session = session
        self._process: asyncio.subprocess.Process | None = None
        self._drain: asyncio.Task[bytes] | None = None
        self._n_starts = 0
        self.address = "127.0.0.1:0"
        (folder / "alertmanager.yml").write_text(
            json.dumps(  # JSON is YAML
                {
                    "route": {
                        "receiver": "hook",
                        "group_by": ["topic"],
                        "group_wait": "10ms",
                        "group_interval": "50ms",
                        "repeat_interval": "1h",
                    },
                    "receivers": [{"name": "hook", "webhook_configs": [{"url": hook_url}]}],
                }
            )
        )

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    async def start(self) -> None:
        self._n_starts += 1
        self._process = await asyncio.create_subprocess_exec(
            self._binary,
            f"--config.file={self._folder / 'alertmanager.yml'}",
            f"--storage.path={self._folder / f'data-{self._n_starts}'}",
            f"--web.listen-address={self.address}",
            "--cluster.listen-address=",
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stderr
        self.address = await asyncio.wait_for(self._listening(self._process.stderr), PATIENCE_S)
        self._drain = asyncio.create_task(self._process.stderr.read())

    async def stop(self) -> None:
        if self._process:
            self._process.kill()
            await self._process.wait()
        if self._drain:
            await self._drain
        self._process = self._drain = None

    async def active(self) -> list[dict[str, Any]]:
        async with self._session.get(f"{self.url}/api/v2/alerts") as answer:
            listed: list[dict[str, Any]] = await answer.json()
            return listed

    async def until(self, is_so: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Return what is active once that is so; a server of another process has nothing else to wait on."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so(listed := await self.active()):
                await asyncio.sleep(0.05)
        return listed

    @staticmethod
    async def _listening(log: asyncio.StreamReader) -> str:
        seen = []
        async for line in log:
            seen.append(line.decode())
            if "Listening on" in seen[-1]:
                return seen[-1].split("address=")[1].split()[0].strip('"')
        raise AssertionError(f"alertmanager did not start: {''.join(seen)}")


@pytest.fixture
async def alertmanager(tmp_path: Path, hook: Hook, session: aiohttp.ClientSession) -> AsyncIterator[Alertmanager]:
    binary = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if binary is None:
        why = "no Alertmanager on the path: apt-get install prometheus-alertmanager"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    server = Alertmanager(binary, tmp_path, hook.url, session)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def logging_put_back() -> Iterator[None]:
    """For what sets logging up in this process: it is as it was before, afterwards."""
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in OURS)]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    hook = sys.excepthook
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers
    sys.excepthook = hook
    logging.captureWarnings(False)


@dataclass
class Collector:
    """An OTLP collector: a real server that keeps the spans that are sent to it."""

    url: str = ""
    spans: list[Any] = field(default_factory=list)  # protobuf, as they came
    services: dict[bytes, str] = field(default_factory=dict)  # span id to the service that made it
    status: int = 200

    def take(self, body: bytes) -> None:
        """Keep what one export holds."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        for of_service in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {each.key: each.value.string_value for each in of_service.resource.attributes}
            for scope in of_service.scope_spans:
                self.spans += scope.spans
                self.services |= {span.span_id: named["service.name"] for span in scope.spans}

    def named(self, name: str) -> list[Any]:
        """Return the spans of this name."""
        return [span for span in self.spans if span.name == name]


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that the environment names, as for every process that is started meanwhile."""
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if made.status == 200 and self.path == "/v1/traces":
                made.take(body)
            self.send_response(made.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "100000")
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
