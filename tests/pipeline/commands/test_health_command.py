import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result
from prometheus_client import CollectorRegistry

from pipeline.commands import health
from pipeline.exporter.process import PORT as EXPORTER_PORT
from pipeline.feedback.process import PORT as FEEDBACK_PORT
from pipeline.health import HealthServer
from pipeline.learner.process import PORT as LEARNER_PORT
from pipeline.ports import free_ports
from pipeline.probe import PLACES, ask_processes
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def settings() -> Settings:
    return Settings(http_port=free_ports(12))


def server(
    settings: Settings, process: str, *, stuck: tuple[str, ...] = (), unready: tuple[str, ...] = ()
) -> HealthServer:
    port = settings.http_port + PLACES[process]
    return HealthServer(CollectorRegistry(), stuck=lambda: stuck, unready=lambda: unready, port=port)


def health_command(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(health.command, arguments, obj=settings)


async def ended(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    # a process of its own: the servers that it asks answer in this one's loop
    command = [sys.executable, "-m", "pipeline.cli", "health", *arguments]
    environ = {"FINSURGE_HTTP_PORT": str(settings.http_port), "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *command, env=environ, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    output, errors = await process.communicate()
    return subprocess.CompletedProcess(command, process.returncode or 0, output.decode(), errors.decode())


def test_every_process_is_asked_at_its_own_port() -> None:
    roles = {role.value: role.number for role in Role}
    others = {"learner": LEARNER_PORT, "feedback": FEEDBACK_PORT, "exporter": EXPORTER_PORT}
    assert roles | others == PLACES


async def test_all_that_run_are_well(settings: Settings) -> None:
    async with server(settings, "read"), server(settings, "learner", unready=("no policy",)):
        lives = await ended(settings)
        ready = await ended(settings, "--ready")
    assert (lives.returncode, lives.stdout) == (0, "read: ok\nlearner: ok\n")
    assert (ready.returncode, ready.stdout) == (1, "read: ok\nlearner: no policy\n")


async def test_one_that_is_stuck_makes_the_whole_unhealthy(settings: Settings) -> None:
    async with server(settings, "link"), server(settings, "notify", stuck=("nothing acknowledged for 301 s",)):
        told = await ended(settings, "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout) == {"link": [], "notify": ["nothing acknowledged for 301 s"]}


def test_that_nothing_runs_is_not_health(settings: Settings) -> None:
    told = health_command(settings)
    assert told.exit_code == 1
    assert f"no finsurge process listens on 127.0.0.1:{settings.http_port}-" in told.output


def test_a_process_that_listens_and_does_not_answer_is_told(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.http_port)):
        (answer,) = ask_processes(settings, "/healthz", timeout_s=0.05)
    assert answer.reasons == (f"port {settings.http_port} does not answer within 0.05 s",)


@pytest.fixture
def another(settings: Settings) -> Iterator[Settings]:
    class Another(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'"hello"')

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", settings.http_port), Another) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        yield settings
        listening.shutdown()
        thread.join()


def test_another_program_on_the_port_is_not_taken_for_finsurge(another: Settings) -> None:
    told = health_command(another)
    assert (told.exit_code, told.output) == (1, f"read: port {another.http_port} is not served by finsurge\n")


def test_a_host_that_listens_everywhere_is_asked_on_loopback(settings: Settings) -> None:
    everywhere = Settings(http_host="0.0.0.0", http_port=settings.http_port)  # noqa: S104
    with socket.create_server(("127.0.0.1", everywhere.http_port)):
        assert [answer.process for answer in ask_processes(everywhere, "/healthz", timeout_s=0.05)] == ["read"]


def test_asking_loads_neither_faust_nor_torch_nor_a_client_of_kafka(settings: Settings) -> None:
    script = (
        "import sys; from click.testing import CliRunner; from pipeline.cli import finsurge;"
        "CliRunner().invoke(finsurge, ['health']);"
        "print({'faust', 'torch', 'aiohttp', 'aiokafka', 'kafka'} & set(sys.modules))"
    )
    environ = {"FINSURGE_HTTP_PORT": str(settings.http_port), "PYTHONPATH": str(ROOT)}
    told = subprocess.run([sys.executable, "-c", script], env=environ, cwd="/", capture_output=True, text=True)
    assert told.stdout == "set()\n", told.stderr
