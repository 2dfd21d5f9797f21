"""What is live already: the first document's time, before which history must end, and the ids that count."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipeline.broker.decision_log import read_section
from pipeline.broker.section import whole_section
from pipeline.documents import parse_document
from pipeline.rebuild.raw_log import read_raw
from pipeline.rebuild.report import Steps
from pipeline.records import Decision
from pipeline.rejects import RecordRejected
from pipeline.settings import Settings


@dataclass
class LiveDocuments:
    """The documents that have come by the broker.

    >>> live = LiveDocuments()
    >>> live.add("d", datetime(2026, 1, 2, tzinfo=UTC))
    >>> "d" in live.ids, live.first_at.isoformat()
    (True, '2026-01-02T00:00:00+00:00')
    """

    first_at: datetime | None = None  # the earliest time of publication
    ids: set[str] = field(default_factory=set)

    def add(self, document_id: str, published_at: datetime) -> None:
        """Take note of a document."""
        self.first_at = min(published_at, self.first_at or published_at)
        self.ids.add(document_id)


async def read_live(settings: Settings, steps: Steps) -> LiveDocuments:
    """Return what lies in `documents` and `decisions`: either may hold what the other has no longer."""
    live = LiveDocuments()
    documents = await whole_section(settings.connection, settings.kafka_topic("documents"))
    decisions = await whole_section(settings.connection, settings.kafka_topic("decisions"))
    steps.begin("looking at live documents", documents.n_records + decisions.n_records)
    async for record in read_raw(settings, documents):
        steps.advance()
        try:
            document = parse_document(record.value, datetime.fromtimestamp(record.timestamp / 1000, tz=UTC))
        except RecordRejected:
            continue
        live.add(document.id, document.published_at)
    async for _, decision in read_section(settings, decisions):
        steps.advance()
        if isinstance(decision, Decision):
            live.add(decision.document_id, decision.published_at)
    return live
