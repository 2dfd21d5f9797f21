"""How many bytes a document becomes in each Kafka topic, as sent and on the broker's disk, and what each role spends.

    python benchmarks/record_bytes.py --data ../shared/data [--documents 4000] [--policy shipped] [--json]

A real Kafka, one deployment for each compression that the broker is told (`compression.type` of the Kafka topics).
Documents are those of benchmarks/stream.py, five a second of event time. Bytes are those of the segments on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from stream import FLOW, POLICIES, TWEETS, publish, run_together

from pipeline.broker.server import KafkaServer, temporary_kafka
from pipeline.broker.topics import TopicSpec, create, topic_specs
from pipeline.settings import Settings

CODECS = ("producer", "lz4", "zstd")
"""What the broker does with what comes: `producer` keeps it as it is, and finsurge's producers do not compress."""


def bytes_on_disk(server: KafkaServer, specs: list[TopicSpec]) -> Mapping[str, tuple[int, int]]:
    """Return records and bytes of each Kafka topic; what compaction may take later is still there."""
    found = {}
    with server.connection.admin() as client:
        for spec in specs:
            partitions = [TopicPartition(spec.name, number) for number in range(spec.partitions)]
            ends = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
            folders = [server.home / "data" / f"{spec.name}-{number}" for number in range(spec.partitions)]
            n_bytes = sum(file.stat().st_size for folder in folders for file in folder.glob("*.log"))
            found[spec.name] = (int(sum(end.offset for end in ends.values())), n_bytes)
    return found


def run(server: KafkaServer, settings: Settings, codec: str, path: Path, n_documents: int, policy: str) -> Any:
    deployed = replace(settings, topic_prefix=f"{codec}-")
    config = {"compression.type": codec}
    specs = [
        replace(spec, config={**spec.config, **config})
        for spec in topic_specs(deployed.topic_prefix, deployed.partitions)
    ]
    create(deployed.connection, specs)
    asyncio.run(publish(deployed, path, n_documents))
    roles, documents_per_s = run_together(deployed, POLICIES[policy])
    sizes = bytes_on_disk(server, specs)
    return {
        "codec": codec,
        "documents_per_s": documents_per_s,
        "roles": [figures.row() for figures in roles],
        "kafka_topics": {
            name.removeprefix(deployed.topic_prefix): {"records": n, "bytes": size}
            for name, (n, size) in sizes.items()
            if n
        },
    }


def show(told: Mapping[str, Any]) -> None:
    n_documents = told["n_documents"]
    names = list(told["runs"][0]["kafka_topics"])
    print("| Kafka topic | records a document |" + "".join(f" {run['codec']}, B |" for run in told["runs"]))
    print("|---|---:|" + "---:|" * len(told["runs"]))
    for name in names:
        of_runs = [run["kafka_topics"].get(name, {"records": 0, "bytes": 0}) for run in told["runs"]]
        sizes = "".join(f" {each['bytes'] / n_documents:,.0f} |" for each in of_runs)
        print(f"| `{name}` | {of_runs[0]['records'] / n_documents:.2f} |{sizes}")
    for run in told["runs"]:
        spent = ", ".join(f"{role['role']} {role['cpu_us']:.0f}" for role in run["roles"])
        print(f"\n{run['codec']}: CPU µs a record: {spent}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--documents", type=int, default=4000)
    parser.add_argument("--policy", choices=POLICIES, default="shipped")
    parser.add_argument("--codecs", nargs="*", choices=CODECS, default=list(CODECS))
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    arguments = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it warns while new Kafka topics elect their leaders
    told: dict[str, Any] = {"n_documents": arguments.documents, "policy": arguments.policy, "runs": []}
    told["roles"] = [role.value for role in FLOW]
    with temporary_kafka(cache=Path(".finsurge/cache")) as server, tempfile.TemporaryDirectory() as folder:
        settings = Settings(broker=f"kafka://{server.bootstrap}", state_dir=Path(folder), idle_s=3600.0)
        for codec in arguments.codecs:
            made = run(server, settings, codec, arguments.data / TWEETS, arguments.documents, arguments.policy)
            told["runs"].append(made)
    if arguments.json:
        json.dump(told, sys.stdout)
    else:
        show(told)


if __name__ == "__main__":
    main()
