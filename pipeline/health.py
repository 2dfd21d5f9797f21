"""Answers, over HTTP, what a process measures, whether it lives and whether it is ready.

Knows no role: what "alive" and "ready" mean is asked of the functions it is given.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from types import TracebackType

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

Reasons = Callable[[], Sequence[str]]
"""Why not; nothing means yes."""


class PortTaken(Exception):
    """Another process listens on the port; the message is one line with the mend.

    >>> str(PortTaken("127.0.0.1", 8600))
    'port 8600 on 127.0.0.1 is taken: stop what listens there, or set FINSURGE_HTTP_PORT to a free one'
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} on {host} is taken: stop what listens there, or set FINSURGE_HTTP_PORT to a free one"
        )


class HealthServer:
    """Serves /metrics, /healthz (the loop answers and nothing is stuck) and /readyz.

    The last two answer 200, or 503 with the reasons, as JSON.

    Args:
        registry: what /metrics shows.
        stuck: reasons why the process should be restarted.
        unready: reasons why it does not do its work yet: not assigned, not recovered, no policy.
        host: loopback unless an operator says otherwise; there is no authentication.
        port: 0 lets the system choose; see `port` after the start.
        routes: further pages.

    >>> import asyncio, aiohttp
    >>> async def ask():
    ...     server = HealthServer(CollectorRegistry(), stuck=list, unready=lambda: ["no policy"], port=0)
    ...     async with server, aiohttp.request("GET", f"http://127.0.0.1:{server.port}/readyz") as answer:
    ...         return answer.status, await answer.json()
    >>> asyncio.run(ask())
    (503, {'ok': False, 'reasons': ['no policy']})
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        stuck: Reasons,
        unready: Reasons,
        host: str = "127.0.0.1",
        port: int,
        routes: Sequence[web.RouteDef] = (),
    ) -> None:
        self._registry = registry
        self._stuck = stuck
        self._unready = unready
        self._host = host
        self._port = port
        self._routes = routes
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        addresses = self._runner.addresses if self._runner else []
        return int(addresses[0][1]) if addresses else self._port

    async def start(self) -> None:
        """Listen.

        Raises:
            PortTaken: another process does already.
        """
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_routes(self._routes)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            # not shared: with reuse_port two processes would answer in turn
            await web.TCPSite(self._runner, self._host, self._port, reuse_port=False).start()
        except OSError as error:
            await self.stop()
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(self._host, self._port) from None
            raise

    async def stop(self) -> None:
        """Stop listening; harmless if it does not."""
        runner, self._runner = self._runner, None
        if runner:
            await runner.cleanup()

    async def __aenter__(self) -> HealthServer:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})

    async def _healthz(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return _answer(self._stuck())

    async def _readyz(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return _answer(self._unready())


def _answer(reasons: Sequence[str]) -> web.Response:
    body = {"ok": not reasons, "reasons": list(reasons)}
    return web.json_response(body, status=503 if reasons else 200)
