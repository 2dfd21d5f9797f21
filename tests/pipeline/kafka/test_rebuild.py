"""Backfill and rebuild on a real Kafka: what follows them equals an undisturbed run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
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
from pipeline.commands.backfill import Past, run
from pipeline.documents import RawDocument
from pipeline.ingest.input_file import InputFile
from pipeline.metrics import Metrics
from pipeline.reading.reader import Reader
from pipeline.records import AlertRecord, Decision, Document, Origin, TrendRecord, decode
from pipeline.replay.flow import Replay
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings, to_environment
from pipeline.stage import partition_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

DYING = Path(__file__).parent / "dying_rebuild.py"
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


def in_one_run(settings: Settings, values: Sequence[bytes]) -> tuple[set[bytes], dict[str, AlertRecord]]:
    """Return the final windows and the alerts of a run over all documents, as nobody disturbs it."""
    reader = Reader(KeywordPolicy(), BatchLimits(1024, 256), now=lambda raw: raw.ingested_at)
    offsets = [0] * settings.partitions
    raws = []
    for value in values:
        document = decode(Document, value)
        partition = partition_of(document.id, settings.partitions)
        raws.append(RawDocument(value, Origin(partition, offsets[partition]), document.published_at))
        offsets[partition] += 1
    replay = Replay(settings, wiring.open_watchlist(settings), Metrics(CollectorRegistry()))
    results = []
    for decision in reader.read(raws)[0]:
        assert isinstance(decision, Decision)
        results += replay.feed(decision, decision.origin.partition)
    return finals(result for result in results if isinstance(result, TrendRecord)), {
        result.id: unversioned(result) for result in results if isinstance(result, AlertRecord)
    }


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
    assert (totals["n_known"], totals["n_left_to_live"], totals["n_late"]) == (50, 0, 0)
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
    old.write_text(yaml.safe_dump({"topics": [{"id": "kraken", "name": "Kraken"}]}))
    before = new_deployment(watchlist=str(old))
    values = list(documents())
    before.start()
    before.publish(values[:1490])
    before.settle()
    assert told(before) == {}
    for role in REBUILT:
        before.leave(role, 0, signal.SIGTERM)

    after = new_deployment(watchlist="crypto")
    ended = rebuild(finsurge, after.settings, "--json")
    assert ended.returncode == 0, ended.stderr
    assert [alert.split("/")[0] for alert in json.loads(ended.stdout)["told"]] == ["ftx"]
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
    assert len(finals(kraken)) == len({window.start_at for window in kraken if window.status == "final"})
