import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from pipeline.checks.check import Check, Level
from pipeline.checks.receivers import check_receivers
from pipeline.settings import Settings


@dataclass
class Served:
    """Answers GET /am/-/ready, with these."""

    status: int = 200
    date: str | None = None
    address: str = ""
    n_requests: int = 0

    async def handle(self, _request: web.Request) -> web.Response:
        self.n_requests += 1
        return web.Response(status=self.status, headers={"Date": self.date} if self.date else {})


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    answering = Served()
    app = web.Application()
    app.router.add_get("/am/-/ready", answering.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    answering.address = f"127.0.0.1:{runner.addresses[0][1]}"
    yield answering
    await runner.cleanup()


async def look(**urls: str) -> list[Check]:
    return await asyncio.to_thread(lambda: list(check_receivers(Settings(**urls))))


async def test_no_receiver_is_a_warning_that_nobody_is_told() -> None:
    (check,) = await look()
    assert (check.level, check.said[:32]) == (Level.WARN, "alerts go to the log alone; set ")


async def test_an_alertmanager_that_is_ready_is_well_also_below_a_path(served: Served) -> None:
    (check,) = await look(alertmanager_url=f"http://{served.address}/am/")
    assert (check.name, check.level) == ("alertmanager", Level.OK)
    assert check.said == f"http://{served.address} is ready"


async def test_an_alertmanager_that_is_not_ready_is_told(served: Served) -> None:
    served.status = 503
    (check,) = await look(alertmanager_url=f"http://{served.address}/am")
    assert (check.level, check.said.split(";")[0]) == (
        Level.FAIL,
        f"http://{served.address} answers 503 at /-/ready",
    )


async def test_an_alertmanager_whose_clock_is_hours_off_is_told(served: Served) -> None:
    served.date = "Tue, 01 Jan 2019 00:00:00 GMT"
    (check,) = await look(alertmanager_url=f"http://{served.address}/am")
    assert check.level is Level.FAIL
    assert check.said.endswith(" s from ours; keep both by NTP")


async def test_a_webhook_is_reached_without_a_request(served: Served) -> None:
    (check,) = await look(webhook_url=f"http://{served.address}/am/-/ready")
    assert (check.name, check.level) == ("webhook", Level.OK)
    assert served.n_requests == 0


@pytest.mark.parametrize("name", ["webhook_url", "alertmanager_url"])
async def test_nobody_there_is_told_without_the_urls_secrets(name: str) -> None:
    (check,) = await look(**{name: "http://me:hunter2@127.0.0.1:1/services/T0P?token=s3cret"})
    assert check.level is Level.FAIL
    assert check.said == (
        f"http://127.0.0.1:1 does not answer: connection refused; start it, or correct FINSURGE_{name.upper()}"
    )


@pytest.mark.parametrize("url", ["hooks.example.com/s3cret", "ftp://a/s3cret", "http:///s3cret", "http://a:x/s3cret"])
async def test_what_is_no_url_is_told_and_not_shown(url: str) -> None:
    (check,) = await look(webhook_url=url)
    assert (check.level, check.said) == (
        Level.FAIL,
        "FINSURGE_WEBHOOK_URL is no http:// or https:// address; correct it",
    )


async def test_receivers_of_a_file_are_looked_at_as_well_and_apprise_is_not_asked(
    served: Served, tmp_path: Path
) -> None:
    file = tmp_path / "receivers.yaml"
    file.write_text(
        f"""
        receivers:
          - {{name: am-2, kind: alertmanager, url: "http://{served.address}/am"}}
          - {{name: archive, kind: webhook, url: "http://127.0.0.1:1/s3cret"}}
          - {{name: risk-desk, kind: apprise, url: "json://{served.address}/s3cret"}}
        """
    )
    checks = await asyncio.to_thread(lambda: list(check_receivers(Settings(receivers=file))))
    assert [(check.name, check.level) for check in checks] == [
        ("am-2", Level.OK),
        ("archive", Level.FAIL),
        ("risk-desk", Level.OK),
    ]
    assert checks[1].said.endswith(f"connection refused; start it, or correct {file}")
    assert "finsurge alerts test --receiver risk-desk" in checks[2].said
    assert served.n_requests == 1
    assert "s3cret" not in "".join(check.said for check in checks)


async def test_a_mistake_in_the_file_of_receivers_is_told(tmp_path: Path) -> None:
    (check,) = await asyncio.to_thread(lambda: list(check_receivers(Settings(receivers=tmp_path / "none.yaml"))))
    assert (check.name, check.level) == ("receivers", Level.FAIL)
    assert check.said.endswith("none.yaml: no such file or directory (FINSURGE_RECEIVERS)")


async def test_routes_of_the_rules_that_lead_nowhere_are_told(served: Served, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("default: {routes: [webhook, log]}\ntopics: {bitcoin: {routes: [dsek]}}\n")
    settings = Settings(webhook_url=f"http://{served.address}/", rules=rules)
    _, check = await asyncio.to_thread(lambda: list(check_receivers(settings)))
    assert (check.name, check.level) == ("routes", Level.WARN)
    assert check.said.startswith("no receivers are called dsek: alerts go to all; name them in FINSURGE_RECEIVERS")
