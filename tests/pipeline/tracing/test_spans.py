"""Spans and their headers, without a broker: what is a child, what is linked, and what is left alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, use_span

from alerts.surges.evidence import Evidence, EvidenceStory, SurgeReason
from pipeline.candidates import EvidenceRecord, TickMark
from pipeline.receivers.sample import sample_alert
from pipeline.records import Decision, Mark, Mention, Origin, SketchRecord, TrendRecord, encode
from pipeline.rejects import RecordRejected, RejectReason
from pipeline.settings import Settings, SettingsInvalid
from pipeline.stage import Outbound
from pipeline.tracing import opening
from pipeline.tracing.delivering import DeliveryTracing
from pipeline.tracing.reading import ReadTracing
from pipeline.tracing.remembered import Remembered
from pipeline.tracing.stages import LinkTracing, SurgesTracing, TrendsTracing
from pipeline.tracing.tracing import Tracing, context_in

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SAMPLED = [("traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"), ("tracestate", b"vendor=x")]
UNSAMPLED = [("traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-00")]

New = Callable[..., Tracing]


@pytest.fixture
def made() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(made: InMemorySpanExporter) -> New:
    """`tracing(share=1.0)`; what it makes is in `made`."""

    def tracing(share: float = 1.0) -> Tracing:
        return Tracing(Settings(trace_share=share), "read", SimpleSpanProcessor(made))

    return tracing


def named(made: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in made.get_finished_spans() if span.name == name]


def message(topic: str, headers: Any = None, *, offset: int = 7) -> SimpleNamespace:
    return SimpleNamespace(topic=topic, partition=3, offset=offset, headers=headers, tp=(topic, 3))


def decision(document: str = "d-1") -> Decision:
    return Decision(
        document_id=document,
        origin=Origin(3, 7),
        kind="news",
        source="Wire",
        published_at=NOON,
        ingested_at=NOON,
        decided_at=NOON,
        excerpt="CANARY of a text",
        url="http://a/1",
        sentiment=(0.8, 0.1, 0.1),
        spans=(),
        propensity=1.0,
        policy_version="p-1",
        from_cache=False,
        sketch=SketchRecord((), (), (), 0),
    )


def mention(source: str = "Wire", topic: str = "tesla", document: str = "d-1") -> Mention:
    told = decision(document)
    return Mention(
        topic=topic,
        document_id=document,
        origin=told.origin,
        kind="news",
        source=source,
        published_at=NOON,
        known_at=NOON,
        is_late=False,
        sentiment=told.sentiment,
        excerpt=told.excerpt,
        url=told.url,
        policy_version="p-1",
        sketch=told.sketch,
    )


def window(topic: str = "tesla") -> Outbound:
    record = TrendRecord(
        topic=topic,
        start_at=NOON,
        end_at=NOON + timedelta(minutes=5),
        status="final",
        n_documents=1,
        n_stories=1,
        n_negative=1,
        n_neutral=0,
        n_positive=0,
        polarity=None,
        negative_share=None,
        n_sources=1,
        policy_versions={},
    )
    return Outbound("trends", topic.encode(), record, 0)


def evidence(topic: str = "tesla", at: datetime = NOON, sources: tuple[str, ...] = ()) -> EvidenceRecord:
    stories = tuple(EvidenceStory("CANARY", "http://a/1", source, 1, NOON) for source in sources)
    told = Evidence(
        topic=topic, at=at, reason=SurgeReason.QUIET, is_over=False, is_raised=False, return_period_s=0.0,
        n_negative=0, n_stories=0, expected=0.2, expected_low=0, expected_high=1, negative_share=None,
        usual_share=0.25, p_volume=1.0, p_share=1.0, onset_at=None, n_sources=0, baseline_age_s=1.0, stories=stories,
    )  # fmt: skip
    return EvidenceRecord(topic=topic, at=at, evidence=told)


def mark() -> Mark:
    return Mark(origin=Origin(0, 1), watermark=NOON, began_at=NOON, n_sources=1)


def test_what_is_not_asked_for_is_not_there() -> None:
    assert opening.open_tracing(Settings(), "read") is None


def test_where_it_is_off_nothing_of_it_is_imported() -> None:
    code = (
        "import sys, pipeline.worker, pipeline.app, pipeline.commands.ingest, pipeline.ingest.document_sender\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingsInvalid, match=r"pip install 'finsurge\[otel\]'"):
        opening.open_tracing(Settings(trace_share=0.1), "read")


def test_a_decision_carries_its_documents_trace(tracing: New, made: InMemorySpanExporter) -> None:
    reading = ReadTracing(tracing())
    event = SimpleNamespace(message=message("documents", SAMPLED))
    with reading.reading([event]):
        pass
    headers = reading.decided(event.message, decision())
    assert named(made, "process documents") == []
    reading.settle([event])
    [span] = named(made, "process documents")
    assert span.context is not None
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}" == "a" * 32
    assert f"{span.parent.span_id:016x}" == "b" * 16
    assert headers is not None
    assert dict(headers)["traceparent"] == f"00-{'a' * 32}-{span.context.span_id:016x}-01".encode()
    assert dict(headers)["tracestate"] == b"vendor=x"
    assert span.attributes is not None
    assert dict(span.attributes) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "documents",
        "messaging.destination.partition.id": "3",
        "messaging.kafka.offset": 7,
        "messaging.consumer.group.name": "finsurge-read",
        "finsurge.document.id": "d-1",
        "finsurge.policy.version": "p-1",
        "finsurge.from_cache": False,
    }
    [batch] = named(made, "read batch")
    assert batch.parent is None
    assert [link.context.span_id for link in batch.links] == [span.context.span_id]


def test_a_rejected_document_is_an_error_with_its_reason(tracing: New, made: InMemorySpanExporter) -> None:
    reading = ReadTracing(tracing())
    event = SimpleNamespace(message=message("documents", SAMPLED))
    with reading.reading([event]):
        pass
    reading.decided(event.message, RecordRejected(RejectReason.MALFORMED_JSON, "CANARY"))
    reading.settle([event])
    [span] = named(made, "process documents")
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "malformed_json")


@pytest.mark.parametrize(
    "headers", [UNSAMPLED, [("traceparent", b"\xff\x00")], [("traceparent", None)], [("x", b"y")], [], None]
)
def test_what_its_sender_does_not_trace_is_left_alone_by_stages(
    tracing: New, made: InMemorySpanExporter, headers: Any
) -> None:
    following = LinkTracing(tracing())
    caused = [Outbound("mentions", b"", mention(), 0)]
    assert following.follow(message("decisions", headers), decision(), caused) == [None]
    following.settle()
    assert made.get_finished_spans() == ()


def test_reading_begins_traces_of_documents_whose_producer_began_none(
    tracing: New, made: InMemorySpanExporter
) -> None:
    for share, headers, n_spans in ((1.0, None, 1), (1.0, UNSAMPLED, 0), (1e-9, None, 0), (1e-9, SAMPLED, 1)):
        made.clear()
        reading = ReadTracing(tracing(share))
        event = SimpleNamespace(message=message("documents", headers))
        with reading.reading([event]):
            pass
        reading.settle([event])
        assert len(named(made, "process documents")) == n_spans, (share, headers)
        assert len(named(made, "read batch")) == n_spans, (share, headers)


def test_about_the_share_of_documents_is_traced(tracing: New, made: InMemorySpanExporter) -> None:
    sending = tracing(0.1)
    for number in range(5000):
        sending.send("documents", f"d-{number}").end()
    # 500 expected, standard deviation 21
    assert 400 < len(made.get_finished_spans()) < 600


def test_mentions_go_on_in_the_trace_and_marks_do_not(tracing: New, made: InMemorySpanExporter) -> None:
    following = LinkTracing(tracing())
    caused = [Outbound("mentions", b"", mention(), 0), Outbound("mentions", b"", mark(), 0)]
    told, untold = following.follow(message("decisions", SAMPLED), decision(), caused)
    following.settle()
    [span] = made.get_finished_spans()
    assert told is not None
    assert context_in(told).get_span_context().span_id == span.context.span_id
    assert untold is None


def test_a_tick_links_to_its_documents_and_to_those_of_its_stories(tracing: New, made: InMemorySpanExporter) -> None:
    following = TrendsTracing(tracing())
    for number, source in enumerate(("A", "B", "C")):
        following.follow(message("mentions", SAMPLED, offset=number), mention(source, document=source), [])
    following.settle()
    of = {span.attributes["finsurge.document.id"]: span.context.span_id for span in made.get_finished_spans()}
    first = [window(), Outbound("candidates", b"", TickMark(partition=0, at=NOON, n_partitions=1), 0), window("ford")]
    told, of_mark, of_other = following.follow(message("mentions"), mark(), first)
    following.settle()
    [close] = named(made, "close windows")
    assert {link.context.span_id for link in close.links} == set(of.values())
    assert close.parent is None
    assert context_in(told).get_span_context().span_id == close.context.span_id
    assert (of_mark, of_other) == (None, None)

    # later, its evidence still names a story of then
    made.clear()
    later = [window(), Outbound("candidates", b"", evidence(sources=("B", "unknown")), 0)]
    of_window, of_evidence = following.follow(message("mentions"), mark(), later)
    following.settle()
    [close] = named(made, "close windows")
    assert [link.context.span_id for link in close.links] == [of["B"]]
    assert of_window == of_evidence
    # and a tick without anything traced makes no span
    made.clear()
    assert following.follow(message("mentions"), mark(), [window()]) == [None]
    assert made.get_finished_spans() == ()


def test_a_window_links_to_so_many_documents_at_most(tracing: New, made: InMemorySpanExporter) -> None:
    following = TrendsTracing(tracing())
    for number in range(300):
        following.follow(message("mentions", SAMPLED, offset=number), mention(f"source-{number}"), [])
    following.follow(message("mentions"), mark(), [window()])
    following.settle()
    [close] = named(made, "close windows")
    assert len(close.links) == 64


def test_an_alert_goes_on_in_its_evidences_trace(tracing: New, made: InMemorySpanExporter) -> None:
    following = SurgesTracing(tracing())
    following.follow(message("candidates", SAMPLED), evidence("sample", NOON), [])
    alert = Outbound("alerts", b"sample", sample_alert(topic="sample", at=NOON), 0)
    another = Outbound("alerts", b"other", sample_alert(topic="other", at=NOON), 0)
    told, untold = following.follow(
        message("candidates"), TickMark(partition=0, at=NOON, n_partitions=1), [alert, another]
    )
    following.settle()
    [span] = named(made, "alert opened")
    assert f"{span.context.trace_id:032x}" == "a" * 32
    assert context_in(told).get_span_context().span_id == span.context.span_id
    assert untold is None


async def test_a_receiver_is_told_the_trace_and_a_failed_try_is_an_error(
    tracing: New, made: InMemorySpanExporter, hook: Any
) -> None:
    import aiohttp

    delivering = DeliveryTracing(tracing())
    alert = sample_alert()
    delivering.taken(message("alerts", SAMPLED), alert)
    async with aiohttp.ClientSession(trace_configs=[delivering.client_trace()]) as session:
        with delivering.trying("webhook", alert):
            async with session.post(hook.url, json={"a": 1}):
                pass
        with delivering.trying("webhook", sample_alert(number=9)):  # not traced
            async with session.post(hook.url, json={"a": 2}):
                pass
    with pytest.raises(OSError, match="CANARY"), delivering.trying("webhook", alert):
        raise OSError("CANARY of an address")
    [good, bad] = named(made, "deliver webhook")
    first, second = await hook.next(), await hook.next()
    assert first.headers["traceparent"] == f"00-{'a' * 32}-{good.context.span_id:016x}-01"
    assert "traceparent" not in second.headers
    assert (bad.status.status_code, bad.status.description) == (StatusCode.ERROR, "OSError")
    assert bad.events == ()


def test_a_log_line_in_a_span_has_its_ids(tracing: New) -> None:
    making = tracing()
    assert making.current_ids() == {}
    span = making.send("documents", "d-1")
    with use_span(span):
        ids = making.current_ids()
    assert ids == {
        "trace_id": f"{span.get_span_context().trace_id:032x}",
        "span_id": f"{span.get_span_context().span_id:016x}",
    }


def test_no_text_is_in_a_span(tracing: New, made: InMemorySpanExporter) -> None:
    making = tracing()
    LinkTracing(making).follow(message("decisions", SAMPLED), decision(), [Outbound("mentions", b"", mention(), 0)])
    for following, records in (
        (TrendsTracing(making), [mention()]),
        (SurgesTracing(making), [evidence(sources=("A",))]),
    ):
        for record in records:
            following.follow(message("x", SAMPLED), record, [])
        following.settle()
    assert made.get_finished_spans()
    assert "CANARY" not in "".join(span.to_json() for span in made.get_finished_spans())


def test_following_changes_no_record(tracing: New) -> None:
    caused = [Outbound("mentions", b"tesla", mention(), 0), window()]
    before = [(each.key, encode(each.record), each.partition) for each in caused]
    LinkTracing(tracing()).follow(message("decisions", SAMPLED), decision(), caused)
    TrendsTracing(tracing()).follow(message("mentions", SAMPLED), mark(), caused)
    assert [(each.key, encode(each.record), each.partition) for each in caused] == before


def test_what_is_remembered_is_bounded() -> None:
    held: Remembered[int, int] = Remembered(3)
    for number in (1, 2, 3, 1, 4):
        held[number] = number
    assert held.values() == [3, 1, 4]
    with pytest.raises(ValueError, match="max_items must be >= 1, got 0"):
        Remembered(0)


def test_a_collector_that_never_answers_holds_an_end_up_for_seconds_at_most(
    collector: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from pipeline.tracing.tracing import CLOSE_DEADLINE_S, new_tracing

    collector.status = 503
    making = new_tracing(Settings(trace_share=1.0), "read")
    for number in range(100):
        making.send("documents", f"d-{number}").end()
    began_s = time.monotonic()
    making.close()
    assert time.monotonic() - began_s < CLOSE_DEADLINE_S + 2.0
    assert collector.spans == []


def test_spans_reach_a_collector_under_the_groups_name(collector: Any) -> None:
    from pipeline.tracing.tracing import new_tracing

    making = new_tracing(Settings(trace_share=1.0, topic_prefix="dev-"), "read")
    making.send("dev-documents", "d-1").end()
    making.close()
    [span] = collector.spans
    assert span.name == "send dev-documents"
    assert collector.services[span.span_id] == "dev-finsurge-read"
