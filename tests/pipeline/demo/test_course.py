"""The feed through the worker's own code, without a broker: who alerts."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from models.batching import BatchLimits
from models.decider import Decider
from pipeline.demo.feed import Feed, FeedRecord
from pipeline.demo.scenario import Scenario
from pipeline.documents import RawDocument
from pipeline.metrics import Metrics
from pipeline.reading.reader import Reader, open_policy
from pipeline.records import AlertRecord, Decision, Origin
from pipeline.replay.flow import Replay, Result
from pipeline.settings import Settings
from pipeline.stage import partition_of
from pipeline.wiring import open_watchlist

Play = Callable[..., tuple[Feed, list[FeedRecord]]]
SETTINGS = Settings(partitions=4)


def alerts_of(records: list[FeedRecord], policy: Decider) -> list[AlertRecord]:
    reader = Reader(policy, BatchLimits(), now=lambda raw: raw.ingested_at)
    replay = Replay(SETTINGS, open_watchlist(SETTINGS), Metrics(CollectorRegistry()))
    offsets: Counter[int] = Counter()
    raws = []
    for record in records:
        partition = partition_of(record.key, SETTINGS.partitions)
        raws.append(RawDocument(record.value, Origin(partition, offsets[partition]), records[-1].at))
        offsets[partition] += 1
    results: list[Result] = []
    for start in range(0, len(raws), 256):
        for decision in reader.read(raws[start : start + 256])[0]:
            if isinstance(decision, Decision):
                results += replay.feed(decision, decision.origin.partition)
    results += replay.close()
    return [result for result in results if isinstance(result, AlertRecord)]


def assert_only_the_crisis_opens(play: tuple[Feed, list[FeedRecord]], policy: Decider, live_at: datetime) -> None:
    feed, records = play
    opened = [alert for alert in alerts_of(records, policy) if alert.transition == "opened"]
    assert [alert.topic for alert in opened] == [feed.crisis_topic]
    after = opened[0].at - live_at
    assert timedelta(seconds=Scenario().crisis_after_s) < after < timedelta(hours=6)  # 72 s at 300 times the clock


@pytest.mark.parametrize("seed", range(1, 6))
def test_only_the_crisis_topic_alerts(played: Play, live_at: datetime, seed: int) -> None:
    less = Scenario(history_s=3 * 86_400, stories_per_day=8)  # a third of the documents: reading is the slow part
    assert_only_the_crisis_opens(played(seed, less), open_policy(Settings(device="cpu")), live_at)
