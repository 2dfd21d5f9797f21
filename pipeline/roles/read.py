"""The reading role: documents in, decisions out on the same partition, bad records to the dead letters.

Stateless. One chunk is with the policy (in a thread of its own) while the one before is being sent. Which policy that
is follows the releases; another one may read along in shadow.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaError

from models.batching import BatchLimits
from models.decider import Decider
from pipeline.broker.stream_clock import StreamClock
from pipeline.documents import RawDocument
from pipeline.logs.about import about
from pipeline.metrics import Metrics
from pipeline.metrics.outcomes import DocumentOutcome
from pipeline.policies.keys import load_public
from pipeline.policies.refusals import RefusalReason, ReleaseRefused
from pipeline.policies.release_log import ReleaseLog
from pipeline.reading.follower import PolicyFollower
from pipeline.reading.isolation import CautiousReader
from pipeline.reading.line_up import LineUp
from pipeline.reading.priority import hand_over_soon
from pipeline.reading.reader import Reader, open_policy
from pipeline.reading.shadow import Shadow, Trial
from pipeline.records import Decision, Origin, ShadowDecision, Tick, encode
from pipeline.rejects import RecordRejected, RejectReason
from pipeline.roles.chunks import ChunkConfig, ChunkLoop
from pipeline.roles.consumer import BrokerLog, Contiguity
from pipeline.roles.dead_letter_box import DeadLetterBox
from pipeline.settings import Settings
from rl.registry.cache import PolicyCache

if TYPE_CHECKING:
    from pipeline.tracing.reading import ReadTracing
    from pipeline.tracing.tracing import Tracing

log = logging.getLogger(__name__)


class ReadRole:
    """Reads documents with a policy."""

    def __init__(
        self,
        app: Any,
        settings: Settings,
        reader: CautiousReader,
        metrics: Metrics,
        load: Callable[[Path], Decider],
        tracing: Tracing | None = None,
    ) -> None:
        self._app = app
        self._settings = settings
        self._reader = reader
        self._metrics = metrics
        self._dead_letters = DeadLetterBox(app, settings, "read", metrics)
        self._tracing = _read_tracing(tracing)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="policy")
        self._clock = StreamClock(settings.connection, settings.kafka_topic("documents"))
        self._last_seen_s: dict[int, float] = {}  # partition to monotonic time of its last document
        self._load = load
        self._releases = AsyncExitStack()
        self._follower: PolicyFollower | None = None
        limits = BatchLimits(settings.max_padded_tokens, settings.max_batch_documents)
        self._shadow = Shadow(limits, self._send_shadow, metrics)
        config = ChunkConfig(settings.max_batch_documents, settings.linger_s, depth=2)
        contiguity = Contiguity(app, BrokerLog(settings.connection), metrics.count_gap)
        self.loop = ChunkLoop(app, self._work, self._finish, config, contiguity)

    async def run(self, stream: Any) -> None:
        """The agent's body: consume until the app stops."""
        try:
            await self.loop.run(stream, self._tick_when_idle(), self._follow(), self._shadow.run())
        except asyncio.CancelledError:
            self._reader.end()
            raise
        finally:
            await self._releases.aclose()

    async def take_over(self, _partitions: set[int]) -> None:
        """Have the policies that the releases name before anything is decided; other state there is none."""
        if self._follower is not None:
            return
        hand_over_soon()
        settings = self._settings
        public_key = load_public(settings.policy_public_key) if settings.policy_public_key else None
        log_of_releases = ReleaseLog(
            settings.connection, settings.kafka_topic("policies"), public_key, on_refused=self._refused
        )
        await self._releases.enter_async_context(log_of_releases)
        cache = PolicyCache(settings.state_dir / "policy-cache")
        self._follower = PolicyFollower(
            log_of_releases, cache, self._load, self._reader.policy, self._use, self._metrics
        )
        await self._follower.catch_up()

    async def _follow(self) -> None:
        await self.loop.opened()
        if self._follower is not None:
            await self._follower.run()

    def _refused(self, refused: ReleaseRefused) -> None:
        if refused.reason is RefusalReason.STALE:  # of two authors the later one; it was told
            return
        self._metrics.count_swap_failure(refused.reason)
        log.error("a release does not hold: %s", refused, extra=about(reason=refused.reason.value))

    def _use(self, line_up: LineUp, trial: Trial | None, folder: Path | None) -> None:
        policy = line_up.serving.policy
        if policy.version != self._reader.policy.version:
            before = self._reader.policy.version
            log.info("%s takes over from %s", policy.version, before, extra=about(policy_version=policy.version))
            self._metrics.count_swap()
        self._metrics.set_policy(version=policy.version, device=policy.device, precision=policy.precision)
        self._reader.use(line_up, folder)
        self._shadow.use(trial)

    async def _send_shadow(self, decided: ShadowDecision) -> None:
        topic = self._settings.kafka_topic("shadows")
        key = decided.document_id.encode()
        await self._app.producer.send(topic, key, encode(decided), decided.origin.partition, None, None)

    async def _work(self, events: Sequence[Any]) -> list[Decision | RecordRejected]:
        raws = [_raw(event.message) for event in events]
        started_s = time.monotonic()
        loop = asyncio.get_running_loop()
        with self._tracing.reading(events) if self._tracing else nullcontext():
            outcomes, batches = await loop.run_in_executor(self._executor, self._reader.read, raws)
        policy_s = (time.monotonic() - started_s) / max(1, len(batches))
        queue_age_s = started_s - min(event.message.time_in or started_s for event in events)
        for batch in batches:
            self._metrics.observe_batch(
                n_documents=batch.n_documents,
                padding_ratio=batch.padding_waste,
                policy_s=policy_s,
                queue_age_s=queue_age_s,
            )
        return outcomes

    async def _finish(self, events: Sequence[Any], outcomes: list[Decision | RecordRejected]) -> None:
        sent = []
        pairs = []
        for event, outcome in zip(events, outcomes, strict=True):
            message = event.message
            headers = self._tracing.decided(message, outcome) if self._tracing else None
            self._last_seen_s[message.partition] = time.monotonic()
            if isinstance(outcome, RecordRejected):
                undecidable = outcome.reason is RejectReason.UNDECIDABLE
                self._metrics.count_documents(
                    DocumentOutcome.UNDECIDABLE if undecidable else DocumentOutcome.REJECTED
                )
                sent.append(await self._dead_letters.send(message, outcome))
            else:
                self._metrics.count_documents(
                    DocumentOutcome.FROM_CACHE if outcome.from_cache else DocumentOutcome.DECIDED
                )
                self._metrics.count_language(outcome.language)
                self._clock.observe(outcome.published_at, outcome.ingested_at)
                topic = self._settings.kafka_topic("decisions")
                key = outcome.document_id.encode()
                pairs.append((_raw(message), outcome))
                sent.append(
                    await self._app.producer.send(topic, key, encode(outcome), message.partition, None, headers)
                )
        await asyncio.gather(*sent)
        if self._tracing:
            self._tracing.settle(events)
        self._shadow.offer(pairs)
        self._metrics.set_stream_delay(self._clock.delay_s)
        self._metrics.progress(datetime.now(UTC))

    async def _tick_when_idle(self) -> None:
        while True:
            await asyncio.sleep(self._settings.idle_s)
            idle = [tp for tp in self._app.consumer.assignment() if self._is_idle(tp)]
            if not idle:
                continue
            try:
                stream_at = await self._clock.read()
            except KafkaError as error:
                log.warning("idle partitions stand still until the broker answers: %s", error)
                continue
            self._metrics.set_stream_delay(self._clock.delay_s)
            if stream_at is None:
                continue
            topic = self._settings.kafka_topic("decisions")
            for tp in idle:
                if self._is_idle(tp):  # still, after the clock was read
                    value = encode(Tick(stream_at=stream_at))
                    await self._app.producer.send(topic, b"", value, tp.partition, None, None)

    def _is_idle(self, tp: Any) -> bool:
        if tp.topic != self._settings.kafka_topic("documents") or self.loop.in_flight(tp):
            return False
        quiet_s = time.monotonic() - self._last_seen_s.setdefault(tp.partition, time.monotonic())
        highwater = self._app.consumer.highwater(tp)
        committed = self._app.consumer._committed_offset.get(tp) or 0
        return quiet_s >= self._settings.idle_s and highwater is not None and committed >= highwater


def _raw(message: Any) -> RawDocument:
    ingested_at = datetime.fromtimestamp(message.timestamp, tz=UTC)
    return RawDocument(message.value, Origin(message.partition, message.offset), ingested_at)


def new_reader(settings: Settings, policy: Callable[[Settings], Decider] | None) -> Reader:
    """Return a reader with the policy that the settings name, or the one that is given."""
    limits = BatchLimits(settings.max_padded_tokens, settings.max_batch_documents)
    return Reader((policy or open_policy)(settings), limits, now=lambda _raw: datetime.now(UTC))


def _read_tracing(tracing: Tracing | None) -> ReadTracing | None:
    if tracing is None:
        return None
    from pipeline.tracing.reading import ReadTracing

    return ReadTracing(tracing)
