"""Results wait on disk, and leave nothing there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.rebuild.spool import ResultSpool
from pipeline.records import TrendRecord, encode

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def window(topic: str) -> TrendRecord:
    return TrendRecord(
        topic=topic,
        start_at=NOON,
        end_at=NOON + timedelta(minutes=5),
        status="final",
        n_documents=1,
        n_stories=1,
        n_negative=0,
        n_neutral=1,
        n_positive=0,
        polarity=0.0,
        negative_share=0.0,
        n_sources=1,
        policy_versions={"v1": 1},
    )


def test_what_is_appended_comes_back_in_order_whatever_the_topic_is_called(tmp_path: Path) -> None:
    windows = [window("ftx"), window("two words"), window("line\nbreak\tand tab"), window("株式")]
    with ResultSpool(tmp_path / "state") as spool:
        for each in windows:
            spool.append(each)
        assert spool.n_results == 4
        assert list(spool.read()) == [("trends", each.topic, encode(each)) for each in windows]
    assert list((tmp_path / "state").iterdir()) == []
