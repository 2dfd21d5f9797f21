"""How many documents a second go through a real Kafka and the worker, beside a bare loop with the same messages.

    python benchmarks/stream.py --data ../shared/data [--json]

Each role is measured alone on a backlog, then all together; with a policy that costs next to nothing, and with the
shipped one. The bare loop only consumes, produces, awaits and commits.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from role_process import RoleFigures, RoleProcess, python, settle

from pipeline.broker.server import temporary_kafka
from pipeline.broker.topics import create, topic_specs
from pipeline.ingest.document_sender import DocumentSender
from pipeline.records import Document
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings

TWEETS = "streams/stocknet_tweets_2014_2016.jsonl"
START_AT = datetime(2016, 1, 1, tzinfo=UTC)
PER_S = 5.0
"""Documents a second of event time, evenly: as far apart as in the file, nearly each would be a window of its own."""

FLOW = (Role.READ, Role.LINK, Role.TRENDS, Role.SURGES)
POLICIES = {
    "keyword": python("keyword_worker.py"),
    "shipped": [sys.executable, "-m", "pipeline.cli", "worker", "--roles"],
}
ALONE = {"keyword": FLOW, "shipped": (Role.READ,)}
"""What is measured alone: behind the reading role, nothing depends on which policy decided."""


@dataclass(frozen=True)
class PolicyFigures:
    """What a policy's deployment does."""

    policy: str
    n_documents: int
    alone: list[RoleFigures]
    together: list[RoleFigures]
    documents_per_s: float  # all roles together, from the first acknowledged document to the last trend

    def row(self) -> dict[str, Any]:
        """Return the figures by name."""
        alone, together = ([figures.row() for figures in run] for run in (self.alone, self.together))
        named = {"policy": self.policy, "n_documents": self.n_documents, "documents_per_s": self.documents_per_s}
        return {**named, "alone": alone, "together": together}


def documents(path: Path, n_documents: int) -> Iterator[Document]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(islice(lines, n_documents)):
            row = json.loads(line)
            yield Document(
                schema=1,
                id=row["id"],
                kind="social",
                source=f"account-{number % 500}",
                published_at=START_AT + timedelta(seconds=number / PER_S),
                text=row["text"],
            )


async def publish(settings: Settings, path: Path, n_documents: int) -> None:
    async with DocumentSender(settings.connection, settings.kafka_topic("documents")) as sender:
        for document in documents(path, n_documents):
            await sender.send(document)


def deploy(settings: Settings, prefix: str, path: Path, n_documents: int) -> Settings:
    """Make the Kafka topics of a deployment of its own, with all documents in them."""
    deployed = replace(settings, topic_prefix=prefix)
    create(deployed.connection, topic_specs(prefix, deployed.partitions))
    asyncio.run(publish(deployed, path, n_documents))
    return deployed


def run_bare(settings: Settings, rounds: int) -> dict[str, float]:
    """Copy the documents by the bare loop, into a Kafka topic that nobody reads."""
    names = [settings.kafka_topic(name) for name in ("documents", "late")]
    command = [*python("bare_loop.py"), settings.bootstrap, settings.group("bare"), *names, str(rounds)]
    figures: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return figures


def run_alone(settings: Settings, command: list[str], roles: Sequence[Role]) -> list[RoleFigures]:
    """Run one role after the other, each on all that the one before has left it."""
    found = []
    with settings.connection.admin() as client:
        for role in roles:
            process = RoleProcess(role, settings, command)
            try:
                process.await_ready()
                if process.n_inbound(client):
                    (n_inbound,) = settle([process], client)
                    found.append(process.figures(n_inbound))
            finally:
                peak_mib = process.stop()
            if found and found[-1].role == role.value:
                found[-1] = replace(found[-1], peak_mib=peak_mib)
    return found


def run_together(settings: Settings, command: list[str]) -> tuple[list[RoleFigures], float]:
    """Run all roles at once; the reading one starts last, when those behind it wait."""
    processes: dict[Role, RoleProcess] = {}
    peaks: dict[Role, float] = {}
    with settings.connection.admin() as client:
        try:
            for role in reversed(FLOW):
                processes[role] = RoleProcess(role, settings, command)
                processes[role].await_ready()
            ends = settle([processes[role] for role in FLOW], client)
            found = [processes[role].figures(end) for role, end in zip(FLOW, ends, strict=True) if end]
            first_s, n_first = processes[Role.READ].first_commit()
            end_to_end = (ends[0] - n_first) / (processes[Role.TRENDS].last_progress() - first_s)
        finally:
            peaks = {role: process.stop() for role, process in processes.items()}
    return [replace(figures, peak_mib=peaks[Role(figures.role)]) for figures in found], end_to_end


def show(bare: dict[str, float], results: list[PolicyFigures]) -> None:
    print(f"{'':34}{'records':>9}{'records/s':>11}{'of bare':>9}{'CPU µs':>8}{'peak MiB':>10}")
    row = "{:34}{:9.0f}{:11.0f}{:9.3f}{:8.0f}{:10.0f}"
    rate = bare["records_per_s"]
    print(row.format("bare consume and produce", bare["n_records"], rate, 1.0, bare["cpu_us"], bare["peak_mib"]))
    for result in results:
        for how, run in (("alone", result.alone), ("together", result.together)):
            for figures in run:
                name = f"{result.policy}: {figures.role} {how}"
                shown = (figures.n_records, figures.records_per_s, figures.records_per_s / rate, figures.cpu_us)
                print(row.format(name, *shown, figures.peak_mib))
        end_to_end = result.documents_per_s
        name = f"{result.policy}: documents to last trend"
        print(f"{name:34}{result.n_documents:9}{end_to_end:11.0f}{end_to_end / rate:9.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--documents", type=int, default=20_000, help="for the keyword policy and the bare loop")
    parser.add_argument("--shipped-documents", type=int, default=4_000, help="for the shipped policy")
    parser.add_argument("--rounds", type=int, default=5, help="of the bare loop")
    parser.add_argument("--policies", nargs="*", choices=POLICIES, default=list(POLICIES))
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    arguments = parser.parse_args()
    counts = {"keyword": arguments.documents, "shipped": arguments.shipped_documents}
    path = arguments.data / TWEETS
    results = []
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it warns while new Kafka topics elect their leaders
    with temporary_kafka(cache=Path(".finsurge/cache")) as server, tempfile.TemporaryDirectory() as folder:
        # no ticks meanwhile: an idle partition would add records that no document caused
        settings = Settings(broker=f"kafka://{server.bootstrap}", state_dir=Path(folder), idle_s=3600.0)
        bare = run_bare(deploy(settings, "bare-", path, arguments.documents), arguments.rounds)
        for policy in arguments.policies:
            command, n_documents = POLICIES[policy], counts[policy]
            alone = run_alone(deploy(settings, f"{policy}-alone-", path, n_documents), command, ALONE[policy])
            together = run_together(deploy(settings, f"{policy}-together-", path, n_documents), command)
            results.append(PolicyFigures(policy, n_documents, alone, *together))
    if arguments.json:
        machine = {"cores": os.cpu_count(), "python": sys.version.split()[0]}
        print(json.dumps({"machine": machine, "bare": bare, "policies": [result.row() for result in results]}))
    else:
        show(bare, results)


if __name__ == "__main__":
    main()
