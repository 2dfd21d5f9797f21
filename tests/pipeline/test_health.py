import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from pipeline.health import HealthServer, PortTaken
from pipeline.metrics import Metrics
from pipeline.metrics.outcomes import DocumentOutcome


@pytest.fixture
def stuck() -> list[str]:
    return []


@pytest.fixture
def unready() -> list[str]:
    return []


@pytest.fixture
async def server(stuck: list[str], unready: list[str]) -> AsyncIterator[HealthServer]:
    registry = CollectorRegistry()
    Metrics(registry).count_documents(DocumentOutcome.DECIDED, 3)
    async with HealthServer(registry, stuck=lambda: stuck, unready=lambda: unready, port=0) as started:
        yield started


async def ask(server: HealthServer, path: str, **headers: str) -> tuple[int, str, str]:
    url = f"http://127.0.0.1:{server.port}{path}"
    async with aiohttp.request("GET", url, headers=headers) as answer:
        return answer.status, answer.headers["Content-Type"], await answer.text()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_sound_process_is_alive_and_ready(server: HealthServer, path: str) -> None:
    assert await ask(server, path) == (200, "application/json; charset=utf-8", '{"ok": true, "reasons": []}')


async def test_what_is_missing_is_named_until_it_is_there(server: HealthServer, unready: list[str]) -> None:
    unready += ["not assigned", "policy not loaded"]
    status, _, body = await ask(server, "/readyz")
    assert (status, body) == (503, '{"ok": false, "reasons": ["not assigned", "policy not loaded"]}')
    assert (await ask(server, "/healthz"))[0] == 200
    unready.clear()
    assert (await ask(server, "/readyz"))[0] == 200


async def test_a_stuck_process_is_not_alive(server: HealthServer, stuck: list[str]) -> None:
    stuck.append("no progress for 300 s with 12 records waiting")
    status, _, body = await ask(server, "/healthz")
    assert status == 503
    assert "no progress for 300 s" in body


async def test_metrics_are_in_prometheus_text_and_openmetrics_where_asked(server: HealthServer) -> None:
    status, kind, body = await ask(server, "/metrics")
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    assert 'finsurge_documents_total{outcome="decided"} 3.0' in body
    assert "process_resident_memory_bytes" in body
    _, kind, body = await ask(server, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")


async def test_nothing_else_is_served(server: HealthServer) -> None:
    assert (await ask(server, "/"))[0] == 404
    async with aiohttp.request("POST", f"http://127.0.0.1:{server.port}/healthz") as answer:
        assert answer.status == 405


async def test_a_taken_port_is_one_line_with_the_mend_and_the_server_can_start_later() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        late = HealthServer(CollectorRegistry(), stuck=list, unready=list, port=port)
        with pytest.raises(PortTaken) as raised:
            await late.start()
        assert str(raised.value) == (
            f"port {port} on 127.0.0.1 is taken: stop what listens there, or set FINSURGE_HTTP_PORT to a free one"
        )
    await late.start()
    assert (await ask(late, "/healthz"))[0] == 200
    await late.stop()
    await late.stop()


async def test_two_servers_do_not_share_a_port(server: HealthServer) -> None:
    with pytest.raises(PortTaken):
        await HealthServer(CollectorRegistry(), stuck=list, unready=list, port=server.port).start()
