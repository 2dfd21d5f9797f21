"""`finsurge feedback`, `reviews` and `correct` as an analyst and an operator see them."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from click.testing import CliRunner, Result

from models.keyword import KeywordPolicy
from pipeline.broker.connection import BrokerUnavailable
from pipeline.broker.embedded import EmbeddedBroker
from pipeline.commands import correct, feedback, reviews
from pipeline.feedback.feedback import READ
from pipeline.feedback.process import PORT
from pipeline.feedback.records import Correction
from pipeline.ports import free_ports
from pipeline.records import Decision, Document, Origin, SketchRecord, SpanRecord, encode
from pipeline.settings import Settings

TEXT = "FTX halts withdrawals after crash at FTX"


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as running:
        yield running


@pytest.fixture
def settings(broker: EmbeddedBroker, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    prefix = f"{request.node.name[5:40]}-"
    broker.precreate(prefix + name for name in (*READ, "reviews", "rounds", "documents.dlq"))
    analysts = tmp_path / "analysts.yaml"
    analysts.write_text("analysts: [{id: ada}, {id: bob}]\n")
    return Settings(
        broker=f"kafka://{broker.bootstrap}",
        topic_prefix=prefix,
        state_dir=tmp_path / "state",
        analysts=analysts,
        watchlist="crypto",
        review_uniform=0.9,
        review_per_day=float("inf"),
        http_port=free_ports(PORT + 1),
    )


@pytest.fixture
def decided(settings: Settings) -> Settings:
    """A deployment in which ten documents were decided, and the join has read them."""
    asyncio.run(_publish(settings, 10))
    ended = CliRunner().invoke(feedback.command, ["--once"], obj=settings)
    assert ended.exit_code == 0, ended.output
    return settings


async def _publish(settings: Settings, n: int) -> None:
    policy, now = KeywordPolicy(), datetime.now(UTC)
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap) as producer:
        for number in range(n):
            key, text = f"d-{number}", f"{TEXT} [{number}]"
            document = Document(schema=1, id=key, kind="news", source="Wire", published_at=now, text=text)
            lies_at = await producer.send_and_wait(settings.kafka_topic("documents"), encode(document), key.encode())
            [action] = policy.decide(policy.tokenize([text]))
            spans = tuple(SpanRecord(span.start, span.end, span.surface, span.sentiment) for span in action.spans)
            decision = Decision(
                document_id=key, origin=Origin(lies_at.partition, lies_at.offset), kind="news", source="Wire",
                published_at=now, ingested_at=now, decided_at=now, excerpt=text, url=None,
                sentiment=action.sentiment, spans=spans, propensity=1.0, policy_version="keyword", from_cache=False,
                sketch=SketchRecord((number,)),
            )  # fmt: skip
            topic = settings.kafka_topic("decisions")
            await producer.send_and_wait(topic, encode(decision), key.encode(), partition=lies_at.partition)


def say(settings: Settings, *words: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(correct.command, words, obj=settings, input=given)


def corrections(settings: Settings) -> list[Correction]:
    """Return what lies in `corrections`, by id."""

    async def read() -> list[bytes]:
        topic, found = settings.kafka_topic("corrections"), []
        async with AIOKafkaConsumer(
            topic, bootstrap_servers=settings.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
        ) as consumer:
            ends = await consumer.end_offsets(list(consumer.assignment()))
            while [place for place, end in ends.items() if await consumer.position(place) < end]:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    assert all(
                        record.key == msgspec.json.decode(record.value)["document_id"].encode() for record in records
                    )
                    found += [record.value for record in records]
        return found

    values = [msgspec.json.decode(value, type=Correction) for value in asyncio.run(read())]
    return sorted(values, key=lambda correction: correction.id)


def listed(settings: Settings) -> list[dict]:
    ended = CliRunner().invoke(reviews.command, ["--json"], obj=settings)
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


def test_a_review_is_listed_answered_and_no_longer_listed(decided: Settings) -> None:
    before = listed(decided)
    assert before
    review = next(each for each in before if each["proposal"] is not None)
    assert review["text"].startswith(TEXT)
    assert [unit["sentiment"] for unit in review["proposal"]][:2] == ["negative", "negative"]
    assert all(each["proposal"] is None for each in before if each["why"] == "blind")
    told = say(decided, review["document"], "--as", "ada", "--confirm", "--review", review["id"])
    assert (told.exit_code, told.stdout) == (0, "sent 1 correction\n"), told.output
    [correction] = corrections(decided)
    assert (correction.analyst, correction.verdict.value, correction.review_id) == ("ada", "confirm", review["id"])
    assert CliRunner().invoke(feedback.command, ["--once"], obj=decided).exit_code == 0
    assert [each["id"] for each in listed(decided)] == [each["id"] for each in before if each["id"] != review["id"]]


def test_a_rejection_names_what_is_wrong_by_its_number(decided: Settings) -> None:
    review = next(each for each in listed(decided) if each["proposal"] is not None)
    told = say(decided, review["document"], "--as", "ada", "--reject", "--wrong", "1", "--review", review["id"])
    assert (told.exit_code, told.stdout) == (0, "sent 1 correction\n"), told.output
    told = say(decided, review["document"], "--as", "bob", "--reject", "--missing", "--review", review["id"])
    assert sorted((each.analyst, each.wrong, each.is_missing) for each in corrections(decided)) == [
        ("ada", (1,), False),
        ("bob", (), True),
    ]
    told = say(decided, review["document"], "--as", "ada", "--reject", "--wrong", "9", "--review", review["id"])
    assert told.stderr == "bad_labels: wrong names 9, but what was shown are 0 to 2\n"


def test_the_table_shows_what_is_asked(decided: Settings) -> None:
    ended = CliRunner().invoke(reviews.command, ["--limit", "20"], obj=decided, env={"COLUMNS": "200"})
    assert ended.exit_code == 0, ended.output
    assert "0: negative, 1: FTX=negative, 2: FTX=negative" in ended.stdout
    assert "blind" in ended.stdout
    assert f"{TEXT} [" in ended.stdout
    assert "72 h" in ended.stdout


def test_labels_are_held_against_the_text_before_they_are_sent(decided: Settings) -> None:
    told = say(decided, "d-1", "--as", "ada", "--label", "neutral", "--mention", "FTX=neutral")
    assert (told.exit_code, told.stdout) == (1, "sent 0 corrections, rejected 1 (bad_labels 1)\n")
    assert told.stderr == "bad_labels: 'FTX' stands at 0, 37: give start and end, or everywhere\n"
    words = [
        "--label",
        "neutral",
        "--mention",
        "0:3=neutral",
        "--mention",
        "37:40",
        "--complete",
        "--note",
        "see above",
    ]
    told = say(decided, "d-1", "--as", "ada", *words)
    assert told.exit_code == 0, told.output
    [correction] = corrections(decided)
    assert correction.labels is not None
    assert [(each.start, each.end, each.sentiment) for each in correction.labels.mentions] == [
        (0, 3, "neutral"), (37, 40, None)
    ]  # fmt: skip
    assert (correction.labels.are_mentions_complete, correction.note) == (True, "see above")
    told = say(decided, "d-1", "--as", "ada", "--mention", "FTX=neutral", "--everywhere", "--dry-run")
    assert (told.exit_code, told.stdout) == (0, "valid: 1 correction\n")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--as", "ada", "--confirm"], "say which DOCUMENT, or --file for many"),
        (["d-1", "--confirm"], "say who corrects: --as ID"),
        (["d-1", "--as", "ada"], "say what: --confirm, --reject, or what is right with --label and --mention"),
        (["d-1", "--as", "ada", "--wrong", "1"], "--wrong and --missing go with --reject"),
        (["d-1", "--as", "ada", "--confirm", "--missing"], "--wrong and --missing go with --reject"),
        (["d-1", "--as", "ada", "--reject", "--label", "neutral"], "--reject goes without labels"),
        (["d-1", "--as", "ada", "--mention", "FTX=bad"], "must end with =negative, =neutral, =positive"),
        (["d-1", "--as", "ada", "--mention", "=neutral"], "must name a mention before the ="),
        (["d-1", "--as", "ada", "--file", "x.jsonl"], "--file says all by itself"),
    ],
)
def test_what_is_left_out_or_contradicts_itself_is_told_with_the_mend(words: list[str], line: str) -> None:
    told = say(Settings(), *words)
    assert told.exit_code == 2
    assert line in " ".join(told.stderr.split())


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["d-1", "--as", "eve", "--confirm"],
            "unknown_analyst: 'eve' is not in the file of analysts; known: ada, bob",
        ),
        (["d-1", "--as", "ada", "--confirm", "--review", "r-0"], "unknown_review: review 'r-0' was not drawn"),
    ],
)
def test_what_the_join_would_refuse_is_refused_before(decided: Settings, words: list[str], line: str) -> None:
    told = say(decided, *words)
    assert told.exit_code == 1
    assert told.stderr.startswith(line)
    assert corrections(decided) == []


def test_of_a_file_each_bad_line_is_told_and_the_others_are_sent(decided: Settings, tmp_path: Path) -> None:
    file = tmp_path / "corrections.jsonl"
    lines = [
        '{"document_id": "d-1", "verdict": "confirm", "corrected_at": "2026-01-01T00:00:00Z"}',
        "{oops",
        "",
        '{"document_id": "d-2", "verdict": "correct", "labels": {"sentiment": "bad"}}',
        '{"document_id": "d-3", "verdict": "correct", "labels": {"mentions": [{"surface": "Tesla"}]}}',
        '{"document_id": "d-4", "verdict": "reject", "analyst": "bob", "id": "mine"}',
        '{"document_id": "d-9999", "verdict": "reject"}',
        "[1]",
    ]
    file.write_text("\n".join(lines))
    told = say(decided, "--as", "ada", "--file", str(file))
    assert told.exit_code == 1
    assert [line.split(" ")[0] for line in told.stderr.splitlines()] == [
        f"{file}:2:", f"{file}:4:", f"{file}:5:", f"{file}:8:"
    ]  # fmt: skip
    assert f"{file}:5: bad_labels: 'Tesla' does not stand in the text; spell it as the text does" in told.stderr
    assert told.stdout == (
        "sent 3 corrections, rejected 4 (malformed_json 1, wrong_type 1, bad_labels 1, not_an_object 1); "
        "1 of a document that is not known yet: the join waits for it\n"
    )
    sent = corrections(decided)
    assert {(each.document_id, each.analyst) for each in sent} == {("d-1", "ada"), ("d-4", "bob"), ("d-9999", "ada")}
    assert say(decided, "--as", "ada", "--file", "-", given=lines[0].encode()).exit_code == 0
    again = [each.id for each in corrections(decided) if each.document_id == "d-1"]
    assert len(again) == 2
    assert len(set(again)) == 1  # a line with its time has the same id whenever it is sent


def test_where_store_and_analysts_are_elsewhere_that_is_said(settings: Settings, tmp_path: Path) -> None:
    elsewhere = dataclasses.replace(settings, state_dir=tmp_path / "none", analysts=None)
    told = say(elsewhere, "d-1", "--as", "eve", "--confirm", "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout) == {"corrections": 1, "rejected": {}, "unseen": 1, "dry_run": False}
    told = say(elsewhere, "d-1", "--as", "eve", "--confirm", "--dry-run")
    assert "the join's store is elsewhere, and looks again" in told.stdout
    assert "FINSURGE_ANALYSTS is not set here" in told.stdout


def test_mistakes_of_an_operator_are_one_line(finsurge, tmp_path: Path) -> None:
    nobody = "kafka://127.0.0.1:1"
    bad = tmp_path / "analysts.yaml"
    bad.write_text("analysts: [{name: Ada}]\n")
    cases = {
        ("reviews",): ({"BROKER": nobody}, "no Kafka at 127.0.0.1:1"),
        ("correct", "d", "--as", "a", "--reject"): (
            {"ANALYSTS": str(bad)},
            "it needs `analysts:` with lines like `- id: ada`",
        ),
    }
    for words, (environ, line) in cases.items():
        ended = finsurge(*words, **environ)
        assert ended.returncode == 2, words
        assert line in ended.stderr
        assert len(ended.stderr.splitlines()) == 1


def test_a_file_or_a_broker_that_is_not_there_is_said() -> None:
    nobody = Settings(broker="kafka://127.0.0.1:1")
    assert isinstance(say(nobody, "d", "--as", "a", "--confirm").exception, BrokerUnavailable)
    assert isinstance(CliRunner().invoke(feedback.command, [], obj=nobody).exception, BrokerUnavailable)
    assert isinstance(say(nobody, "--as", "a", "--file", "none.jsonl").exception, FileNotFoundError)


def test_no_reviews_is_said(settings: Settings) -> None:
    ended = CliRunner().invoke(reviews.command, [], obj=settings)
    assert ended.stdout == "no review waits for an answer; they are drawn by `finsurge feedback`\n"
