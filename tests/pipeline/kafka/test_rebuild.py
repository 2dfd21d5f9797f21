"""Backfill and rebuild on a real Kafka: what follows them equals an undisturbed run."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from prometheus_client import CollectorRegistry

from models.batching import BatchLimits
from models.keyword import KeywordPolicy
from pipeline import wiring
from pipeline.app import Parts
from pipeline.broker.changelog import KafkaChangelog
from pipeline.broker.rule_log import rules_taken, send_rules
from pipeline.broker.section import whole_section
from pipeline.broker.topics import create, topic_specs
from pipeline.commands.backfill import Past, run
from pipeline.documents import RawDocument
from pipeline.errors import CommandFailed
from pipeline.ingest.input_file import InputFile
from pipeline.metrics import Metrics
from pipeline.reading.reader import Reader
from pipeline.rebuild.groups import go_on_at
from pipeline.records import (
    AlertRecord,
    Decision,
    DecisionOrTick,
    Document,
    Origin,
    ReadingRecord,
    Revision,
    Tick,
    TrendRecord,
    decode,
    encode,
)
from pipeline.replay.flow import Replay, Result
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings, to_environment
from pipeline.stage import partition_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

DYING = Path(__file__).parent / "dying_rebuild.py"
START_AT = datetime(2026, 3, 1, tzinfo=UTC)
REBUILT = (Role.LINK, Role.TRENDS, Role.SURGES)


class Failing(KeywordPolicy):
    """Fails, as no policy should, once it has decided so many batches."""

    def __init__(self, n_batches: int) -> None:
        super().__init__()
        object.__setattr__(self, "n_left", n_batches)

    def decide(self, batch: Any, max_padded_tokens: int = 1024) -> Any:
        object.__setattr__(self, "n_left", self.n_left - 1)
        if self.n_left < 0:
            raise KeyError("an accident")
        return super().decide(batch, max_padded_tokens)


def ids(values: Sequence[bytes]) -> list[bytes]:
    return [decode(Document, value).id.encode() for value in values]


def in_order(settings: Settings, values: Sequence[bytes]) -> list[Decision]:
    """Return the decisions on documents, with the places that they would have in `documents`."""
    reader = Reader(KeywordPolicy(), BatchLimits(1024, 256), now=lambda raw: raw.ingested_at)
    offsets = [0] * settings.partitions
    raws = []
    for value in values:
        document = decode(Document, value)
        partition = partition_of(document.id, settings.partitions)
        raws.append(RawDocument(value, Origin(partition, offsets[partition]), document.published_at))
        offsets[partition] += 1
    return [decision for decision in reader.read(raws)[0] if isinstance(decision, Decision)]


def in_one_run(settings: Settings, values: Sequence[bytes]) -> tuple[set[bytes], dict[str, AlertRecord]]:
    """Return the final windows and the alerts of a run over all documents, as nobody disturbs it."""
    replay = Replay(settings, wiring.open_watchlist(settings), Metrics(CollectorRegistry()))
    results: list[Result] = []
    for decision in in_order(settings, values):
        results += replay.feed(decision, decision.origin.partition)
    return finals(result for result in results if isinstance(result, TrendRecord)), {
        result.id: unversioned(result) for result in results if isinstance(result, AlertRecord)
    }


async def commit_ends(settings: Settings) -> None:
    """Acknowledge all documents for `read`, as if it had decided them."""
    documents = await whole_section(settings.connection, settings.kafka_topic("documents"))
    await go_on_at(settings, Role.READ, documents.ends)


async def keys_of_trends(settings: Settings) -> set[str]:
    """Return the keys of the state of trends."""
    changelog = KafkaChangelog(settings.connection, wiring.state_log(settings, "trends").kafka_topic)
    held = await changelog.load(await changelog.ends(set(range(settings.partitions))))
    return {key for values in held.values() for key in values}


def finals(windows: Iterable[TrendRecord]) -> set[bytes]:
    """Return the final windows without the policies' versions: each process of the tests has one of its own."""
    return {
        msgspec.json.encode(msgspec.structs.replace(window, policy_versions={}, stories_by_version={}))
        for window in windows
        if window.status == "final"
    }


def unversioned(alert: AlertRecord) -> AlertRecord:
    return msgspec.structs.replace(alert, policy_versions=())


def told(deployment: Any) -> dict[str, AlertRecord]:
    found = [decode(AlertRecord, record.value) for record in deployment.read("alerts")]
    return {alert.id: unversioned(alert) for alert in found}


def windows(deployment: Any) -> list[TrendRecord]:
    return [decode(TrendRecord, record.value) for record in deployment.read("trends")]


def rebuild(finsurge: Any, settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name.removeprefix("FINSURGE_"): value for name, value in to_environment(settings).items()}
    ended: subprocess.CompletedProcess[str] = finsurge("rebuild", *arguments, **environ)
    return ended


def test_after_a_backfill_live_goes_on_as_one_run_over_all_would_have(
    new_deployment, documents, finsurge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = list(documents())
    expected, alerts = in_one_run(new_deployment().settings, values)
    deployment = new_deployment()
    file = tmp_path / "past.jsonl"
    file.write_bytes(b"".join(value + b"\n" for value in values[:950]))
    # the last fifty are live as well, and are to count once
    deployment.publish(values[900:], keys=ids(values[900:]))
    past = Past(files=(InputFile(str(file), None),), out=tmp_path / "made")

    with pytest.raises(KeyError, match="an accident"):
        run(deployment.settings, past, Parts(policy=lambda _: Failing(6)), as_json=True)
    assert run(deployment.settings, past, Parts(policy=lambda _: KeywordPolicy()), as_json=True) == 0
    totals = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert totals["n_decided"] + totals["n_decided_before"] == totals["n_history"] == 900
    assert totals["n_decided_before"] > 0
    assert (totals["n_known"], totals["n_after_hand_over"], totals["n_late"]) == (50, 0, 0)
    assert told(deployment) == {}

    deployment.start()
    deployment.settle()
    assert deployment.exits == []
    assert finals(windows(deployment)) == expected
    assert told(deployment) == alerts
    assert {alert.topic for alert in alerts.values()} == {"ftx"}
    # what lies there is a function of `history` and `decisions`
    deployment.outcome().check_results()

    deployment.leave(Role.READ, 0, signal.SIGTERM)
    for role in REBUILT:
        deployment.leave(role, 0, signal.SIGTERM)
    ended = rebuild(finsurge, deployment.settings, "--json")
    assert ended.returncode == 0, ended.stderr
    again = json.loads(ended.stdout)
    assert (again["n_history"], again["n_decisions"], again["told"]) == (900, len(values) - 900, [])
    assert finals(windows(deployment)) == expected


def test_a_rebuild_that_is_killed_stops_the_workers_and_is_healed_by_another(
    new_deployment, documents, finsurge
) -> None:
    run = new_deployment()
    values = list(documents())
    run.start()
    run.publish(values[:900])
    run.settle()
    refused = rebuild(finsurge, run.settings)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("finsurge: link, trends, surges must not run meanwhile: stop the workers of ")

    for role in REBUILT:
        run.leave(role, 0, signal.SIGTERM)
    run.publish(values[900:1200])  # decided, and not linked
    run.until_decided(1200)
    environ = {**os.environ, **to_environment(run.settings)}
    died = subprocess.run([sys.executable, str(DYING)], env=environ, capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL

    settings = {name.removeprefix("FINSURGE_"): value for name, value in to_environment(run.settings).items()}
    for role in REBUILT:
        worker = finsurge("worker", "--roles", role.value, **settings)
        assert worker.returncode == 2
        (line,) = worker.stderr.splitlines()
        assert "is not done, and its state half written" in line
        assert line.endswith("run `finsurge rebuild`")
    healed = rebuild(finsurge, run.settings)
    assert healed.returncode == 0, healed.stderr

    run.start(REBUILT, number=1)
    run.publish(values[1200:])
    run.settle()
    assert run.exits == []
    run.outcome().check()


def test_a_new_watchlist_has_the_past_of_its_topics_and_tells_what_is_open(
    new_deployment, documents, finsurge, tmp_path: Path
) -> None:
    old = tmp_path / "old.yaml"
    old.write_text(yaml.safe_dump({"topics": [{"id": "kraken", "name": "Kraken"}, {"id": "city", "name": "Oslo"}]}))
    before = new_deployment(watchlist=str(old))
    values = list(documents())
    before.start()
    before.publish(values[:1490])
    before.settle()
    assert told(before) == {}
    assert "city" in asyncio.run(keys_of_trends(before.settings))
    for role in REBUILT:
        before.leave(role, 0, signal.SIGTERM)

    after = new_deployment(watchlist="crypto")
    # nobody has read it yet, and the rebuild passes over what waits
    asyncio.run(send_rules(after.settings, "topics: {kraken: {is_on: false}}", "ada", START_AT))
    ended = rebuild(finsurge, after.settings, "--json")
    assert ended.returncode == 0, ended.stderr
    assert [alert.split("/")[0] for alert in json.loads(ended.stdout)["told"]] == ["ftx"]
    assert "city" not in asyncio.run(keys_of_trends(after.settings))
    (taken,) = asyncio.run(rules_taken(after.settings))
    assert (taken.by, taken.after is not None) == ("ada", True)
    after.start(REBUILT, number=1)
    after.publish(values[1490:])
    after.settle()
    assert before.exits == after.exits == []
    outcome = after.outcome()
    assert outcome.replayed_trends <= outcome.trends.keys()
    # of an episode that was open and untold, the last transition is told and not each
    assert outcome.alerts.items() <= outcome.replayed_alerts.items()
    assert max(outcome.replayed_alerts.values(), key=lambda alert: alert.at).id in outcome.alerts
    kraken = [window for window in windows(after) if window.topic == "kraken"]
    assert len(finals(kraken)) == len(
        {(window.start_at, window.end_at) for window in kraken if window.status == "final"}
    )


def test_another_number_of_partitions_takes_over_what_was_decided_and_corrected(
    new_deployment, documents, finsurge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = new_deployment()
    values = list(documents())
    decided = in_order(old.settings, values)
    revised = decided[700]
    right = ReadingRecord((0.9, 0.1, 0.0), ())
    correction = Revision(
        correction_id="c1",
        document_id=revised.document_id,
        origin=revised.origin,
        kind=revised.kind,
        source=revised.source,
        published_at=revised.published_at,
        revised_at=revised.published_at,
        excerpt=revised.excerpt,
        url=None,
        counted=ReadingRecord(revised.sentiment, revised.spans),
        right=right,
        policy_version=revised.policy_version,
        sketch=revised.sketch,
    )
    records: list[DecisionOrTick] = [*decided[:720], correction, *decided[720:]]
    keys = [record.document_id.encode() for record in records if not isinstance(record, Tick)]
    old.publish_raw("decisions", [encode(record) for record in records], keys=keys)
    replay = Replay(old.settings, wiring.open_watchlist(old.settings), Metrics(CollectorRegistry()))
    results: list[Result] = []
    for record in records:
        assert not isinstance(record, Tick)
        results += replay.feed(record, partition_of(record.document_id, 4))
    newest_at = max(record.published_at for record in decided)
    for partition in range(4):
        results += replay.feed(Tick(stream_at=newest_at), partition)
    expected = finals(result for result in results if isinstance(result, TrendRecord))
    assert not expected <= in_one_run(old.settings, values)[0]  # the correction has changed a window

    settings = dataclasses.replace(old.settings, topic_prefix=f"{old.settings.topic_prefix}v2-", partitions=6)
    create(settings.connection, topic_specs(settings.topic_prefix, 6))
    old.publish(values[:3])
    past = Past(prefix=old.settings.topic_prefix)
    with pytest.raises(CommandFailed, match=r"^3 documents of t\w+-documents are not decided: have producers write"):
        run(settings, past)
    asyncio.run(commit_ends(old.settings))
    assert run(settings, past, as_json=True) == 0
    totals = json.loads(capsys.readouterr().out)
    assert (totals["n_decided"], totals["n_history"], totals["told"]) == (len(values), len(values), [])
    new = type(old)(settings)
    assert finals(windows(new)) == expected

    before = len(new.read("rebuilds")), len(new.read("trends"))
    dry = rebuild(finsurge, settings, "--dry-run", "--out", "dry", "--json")
    assert dry.returncode == 0, dry.stderr
    assert json.loads(dry.stdout)["dry_run"]
    lines = (tmp_path / "cwd" / "dry" / "trends.jsonl").read_bytes().splitlines()
    assert finals(decode(TrendRecord, line) for line in lines) == expected
    assert (len(new.read("rebuilds")), len(new.read("trends"))) == before

    silent = tmp_path / "silent.yaml"
    silent.write_text("default: {is_on: false}")  # of ftx alone, and its parent would alert
    judged = rebuild(finsurge, settings, "--rules", str(silent), "--by", "ada", "--json")
    assert judged.returncode == 0, judged.stderr
    assert (totals["n_opened"], json.loads(judged.stdout)["n_opened"]) == (1, 0)
    assert [(taken.text, taken.after) for taken in asyncio.run(rules_taken(settings))] == [(silent.read_text(), None)]
    kept = rebuild(finsurge, settings, "--json")
    assert json.loads(kept.stdout)["n_opened"] == 0

    new.publish(values[-1:])
    until = newest_at + timedelta(days=1)
    with pytest.raises(CommandFailed, match=r"is after the first live document \(.*; leave --until out"):
        run(settings, Past(files=(InputFile("any.jsonl", None),), until=until))
