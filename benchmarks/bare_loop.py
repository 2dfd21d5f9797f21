"""The least that at-least-once delivery costs: consume, produce the same bytes, await, commit; by aiokafka alone.

    python benchmarks/bare_loop.py BROKER GROUP FROM TO ROUNDS

Reads all of FROM, ROUNDS times, and prints its rate as JSON.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


async def copy(bootstrap: str, group: str, from_topic: str, to_topic: str, rounds: int) -> dict[str, float]:
    consumer = AIOKafkaConsumer(
        from_topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await consumer.start()
    await producer.start()
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        n_copied, taken_s, cpu_s = 0, 0.0, 0.0
        for _ in range(rounds):
            await consumer.seek_to_beginning()
            started_s, started_cpu_s = time.monotonic(), time.process_time()
            n_left = sum(ends.values())
            while n_left:
                fetched = await consumer.getmany(timeout_ms=1000, max_records=500)
                sent = [
                    await producer.send(to_topic, record.value, key=record.key, partition=tp.partition)
                    for tp, records in fetched.items()
                    for record in records
                ]
                await asyncio.gather(*sent)
                await consumer.commit()
                n_left -= len(sent)
                n_copied += len(sent)
            taken_s += time.monotonic() - started_s
            cpu_s += time.process_time() - started_cpu_s
    finally:
        await consumer.stop()
        await producer.stop()
    return {"records_per_s": n_copied / taken_s, "cpu_us": 1e6 * cpu_s / n_copied, "n_records": n_copied}


def main() -> None:
    bootstrap, group, from_topic, to_topic, rounds = sys.argv[1:]
    figures = asyncio.run(copy(bootstrap, group, from_topic, to_topic, int(rounds)))
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
    figures["peak_mib"] = peak_kib / (1024 * 1024 if sys.platform == "darwin" else 1024)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
