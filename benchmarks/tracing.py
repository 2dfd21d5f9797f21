"""Measures what tracing costs: CPU microseconds a record of a role's loop, by the share of documents traced.

`python benchmarks/tracing.py [--json]`. The loop is that of `link` with a stage and a broker that do nothing, so all
that is left is the loop itself and the tracing. Spans go to a processor that drops them: exports have a thread.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from opentelemetry.sdk.trace import SpanProcessor
from prometheus_client import CollectorRegistry

from pipeline.metrics import Metrics
from pipeline.records import Decision, DecisionOrTick, Mention, Origin, SketchRecord, encode
from pipeline.roles.faust_app import Role
from pipeline.roles.stateful import StatefulRole
from pipeline.settings import Settings
from pipeline.stage import Outbound
from pipeline.tracing.tracing import Tracing

N_RECORDS = 20_000
CHUNK = 500
N_RUNS = 5  # the best counts: what else runs on the machine only slows
SHARES = (None, 0.0, 0.01, 0.1, 1.0)
AT = datetime(2026, 1, 2, tzinfo=UTC)
ABOUT = {
    "kind": "news",
    "source": "Wire",
    "published_at": AT,
    "url": None,
    "excerpt": "x" * 200,
    "policy_version": "p",
}
ABOUT |= {
    "document_id": "d",
    "origin": Origin(0, 1),
    "sentiment": (0.1, 0.2, 0.7),
    "sketch": SketchRecord((), (), (), 0),
}
DECISION = Decision(ingested_at=AT, decided_at=AT, spans=(), propensity=1.0, from_cache=False, **ABOUT)  # type: ignore[arg-type]
MENTION = Mention(topic="tesla", known_at=AT, is_late=False, **ABOUT)  # type: ignore[arg-type]
VALUE = encode(DECISION)


class Broker:
    """Has everything at once."""

    async def send(self, *_: Any) -> asyncio.Future[None]:
        """Return that it has been acknowledged."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


class Stage:
    """Makes one mention of each decision."""

    def step(self, _record: Any, _origin: Origin) -> list[Outbound]:
        """Return the mention."""
        return [Outbound("mentions", b"tesla", MENTION, 0)]

    def reset(self) -> None:
        """Forget nothing."""


class States:
    """Has nothing to write."""

    async def commit(self) -> None:
        """Write nothing."""


def events(tracing: Tracing | None) -> list[SimpleNamespace]:
    """Return decisions as they come: with the context of a document, of which the share is traced."""
    made = []
    for offset in range(N_RECORDS):
        span = tracing.send("documents", "d") if tracing else None
        headers = tracing.headers_of(span) if tracing and span and span.is_recording() else None
        message = SimpleNamespace(topic="decisions", partition=0, offset=offset, value=VALUE, headers=headers)
        made.append(SimpleNamespace(message=message))
    return made


async def microseconds(tracing: Tracing | None, arrived: Sequence[SimpleNamespace]) -> float:
    """Return CPU microseconds a record."""
    app = SimpleNamespace(producer=Broker())
    metrics = Metrics(CollectorRegistry())
    role = StatefulRole(app, Settings(), Role.LINK, Stage(), States(), DecisionOrTick, metrics, tracing)  # type: ignore[arg-type]
    best = float("inf")
    for _ in range(N_RUNS):
        began_s = time.process_time()
        for start in range(0, len(arrived), CHUNK):
            chunk = arrived[start : start + CHUNK]
            await role._finish(chunk, await role._work(chunk))
        best = min(best, time.process_time() - began_s)
    return best / len(arrived) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true")
    is_json = parser.parse_args().json
    table = []
    for share in SHARES:
        tracing = None if share is None else Tracing(Settings(trace_share=share), "link", SpanProcessor())
        us = asyncio.run(microseconds(tracing, events(tracing)))
        table.append({"trace_share": share, "us_a_record": round(us, 2)})
        if not is_json:
            print(f"{'off' if share is None else f'{share:g}':>6} {us:8.2f} µs of CPU a record")
    if is_json:
        print(json.dumps(table))


if __name__ == "__main__":
    main()
