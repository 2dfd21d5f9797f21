"""A join over a store in a folder, fed by hand: what it is told, and what it has to send."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from models.keyword import KeywordPolicy
from models.topics.sketch import sketch
from models.topics.topic import Topic
from models.topics.watchlist import Watchlist
from pipeline.feedback.assembly import open_feedback
from pipeline.feedback.audit import AuditEntry, entries_of
from pipeline.feedback.feedback import Feedback, Fetched
from pipeline.feedback.metrics import FeedbackMetrics
from pipeline.feedback.records import ReviewDrawn, ReviewEnded, ReviewRecord, RoundRecord
from pipeline.feedback.roster import RosterFile
from pipeline.feedback.store import FeedbackStore, Sending
from pipeline.records import Decision, Document, Origin, Revision, SketchRecord, SpanRecord, decode, encode
from pipeline.settings import Settings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WATCHLIST = Watchlist((Topic(id="ftx", name="FTX"), Topic(id="acme", name="Acme Holdings")))
ANALYSTS = "analysts:\n- id: ada\n- id: bob\n- {id: cyd, may_release: true}\n"
POLICY = KeywordPolicy()


class Bench:
    """A join; `restart` is a kill and a start, as nothing is in memory that the store does not have."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self.now = NOON
        self.registry = CollectorRegistry()
        self._offsets: dict[tuple[str, int], int] = {}
        (folder / "analysts.yaml").write_text(ANALYSTS)
        self._open()

    def _open(self) -> None:
        self.store = FeedbackStore(self.folder / "store.sqlite")
        self.registry = CollectorRegistry()
        self.feedback: Feedback = open_feedback(
            self.settings,
            self.store,
            RosterFile(self.folder / "analysts.yaml"),
            WATCHLIST,
            FeedbackMetrics(self.registry),
            self.folder / "audit.jsonl",
            self.now,
        )

    def close(self) -> None:
        self.feedback.close()
        self.store.close()

    def restart(self) -> None:
        self.close()
        self._open()

    def fetched(self, kafka_topic: str, value: bytes | None, partition: int = 0, key: bytes | None = None) -> Fetched:
        """Put a value at the end of a partition."""
        place = (kafka_topic, partition)
        offset = self._offsets[place] = self._offsets.get(place, -1) + 1
        return Fetched(kafka_topic, Origin(partition, offset), key, value, self.now)

    def step(self, *fetched: Fetched, is_caught_up: bool = True) -> None:
        self.feedback.step(fetched, self.now, is_caught_up=is_caught_up)

    def document(self, document_id: str, text: str, minute: float = 0.0) -> Fetched:
        return self.fetched("documents", encode(document(document_id, text, minute)))

    def decision(self, document_id: str, text: str, minute: float = 0.0, **changes: Any) -> Fetched:
        """Return what `read` says of the last document; only one is given an offset in `documents` of its own."""
        offset = self._offsets.get(("decisions", 0), -1) + 1
        return self.fetched("decisions", encode(decision(document_id, text, minute, offset, self.now, **changes)))

    def decide(self, document_id: str, text: str, minute: float = 0.0, **changes: Any) -> None:
        """Have a document be published and decided."""
        self.step(self.document(document_id, text, minute), self.decision(document_id, text, minute, **changes))

    def correction(self, document_id: str, **fields: Any) -> Fetched:
        said = {
            "schema": 1,
            "id": f"c-{self._offsets.get(('corrections', 0), -1) + 1}",
            "document_id": document_id,
            "analyst": "ada",
            "verdict": "correct",
            "corrected_at": self.now.isoformat(),
            **fields,
        }
        return self.fetched("corrections", msgspec.json.encode(said), key=document_id.encode())

    def correct(self, document_id: str, **fields: Any) -> None:
        """Have an analyst say something."""
        self.step(self.correction(document_id, **fields))

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def sent(self, kafka_topic: str) -> list[Sending]:
        return [sending for _, sending in self.store.outbox(10_000) if sending.kafka_topic == kafka_topic]

    @property
    def rounds(self) -> list[RoundRecord]:
        return [decode(RoundRecord, sending.value or b"") for sending in self.sent("rounds")]

    @property
    def revisions(self) -> list[Revision]:
        return [decode(Revision, sending.value or b"") for sending in self.sent("decisions")]

    @property
    def reviews(self) -> list[ReviewDrawn | ReviewEnded]:
        kind: Any = ReviewRecord
        return [msgspec.json.decode(sending.value or b"", type=kind) for sending in self.sent("reviews")]

    @property
    def drawn(self) -> list[ReviewDrawn]:
        return [review for review in self.reviews if isinstance(review, ReviewDrawn)]

    @property
    def ended(self) -> list[ReviewEnded]:
        return [review for review in self.reviews if isinstance(review, ReviewEnded)]

    @property
    def dead(self) -> list[tuple[str, str]]:
        """Reason and detail of each dead letter."""
        headers = [dict(sending.headers) for sending in self.sent("documents.dlq")]
        return [(told["finsurge.reason"], told["finsurge.detail"]) for told in headers]

    @property
    def audited(self) -> list[AuditEntry]:
        return list(entries_of(self.folder / "audit.jsonl"))

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"finsurge_{name}", labels)


def document(document_id: str, text: str, minute: float = 0.0) -> Document:
    at = NOON + timedelta(minutes=minute)
    return Document(schema=1, id=document_id, kind="news", source="Wire", published_at=at, text=text)


def decision(document_id: str, text: str, minute: float, offset: int, now: datetime, **changes: Any) -> Decision:
    [action] = POLICY.decide(POLICY.tokenize([text]))
    summary = sketch(text)
    fields: dict[str, Any] = {
        "document_id": document_id,
        "origin": Origin(0, offset),
        "kind": "news",
        "source": "Wire",
        "published_at": NOON + timedelta(minutes=minute),
        "ingested_at": now,
        "decided_at": now,
        "excerpt": text[:300],
        "url": None,
        "sentiment": action.sentiment,
        "spans": tuple(SpanRecord(span.start, span.end, span.surface, span.sentiment) for span in action.spans),
        "propensity": 1.0,
        "policy_version": "keyword",
        "from_cache": False,
        "sketch": SketchRecord(summary.words, summary.names, summary.numbers, summary.direction),
    }
    return Decision(**fields | changes)


@pytest.fixture
def new_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Makes a join with settings of its own; reviews are as rare as can be unless asked for."""
    made: list[Bench] = []

    def make(**changes: Any) -> Bench:
        settings = dataclasses.replace(Settings(review_uniform=0.01, correction_wait_s=60.0), **changes)
        folder = tmp_path / f"bench-{len(made)}"
        folder.mkdir()
        made.append(Bench(folder, settings))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def bench(new_bench: Callable[..., Bench]) -> Bench:
    return new_bench()
