"""The Kafka topic `policies`: reads every change into a board, and writes one where nobody else has meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from aiokafka import TopicPartition
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pipeline.broker.connection import Connection
from pipeline.errors import CommandFailed
from pipeline.policies.board import ReleaseBoard
from pipeline.policies.changes import Releases
from pipeline.policies.refusals import ReleaseRefused
from pipeline.policies.release import Change
from pipeline.policies.signing import Verifier, seal, unseal

_WAIT_MS = 1000


class ChangeLost(CommandFailed):
    """Somebody else released something at the same moment."""


class TermOver(CommandFailed):
    """Another learner has begun: what this one would change does not hold for anybody."""


class ReleaseLog:
    """Follows the releases, and writes them.

    Args:
        connection: to the Kafka.
        kafka_topic: `policies` as it is called in this deployment.
        public_key: that every change must be signed for; None: none need be.
        on_refused: told of each change that does not hold.

    Use as `async with ReleaseLog(…) as log: board = await log.read()`.
    """

    def __init__(
        self,
        connection: Connection,
        kafka_topic: str,
        public_key: Verifier | None = None,
        on_refused: Callable[[ReleaseRefused], None] = lambda _: None,
    ) -> None:
        self._connection = connection
        self._partition = TopicPartition(kafka_topic, 0)
        self._public_key = public_key
        self._on_refused = on_refused
        self._consumer = connection.consumer(auto_offset_reset="earliest")
        self.board = ReleaseBoard()

    async def __aenter__(self) -> ReleaseLog:
        await self._consumer.start()
        self._consumer.assign([self._partition])
        await self._consumer.seek_to_beginning(self._partition)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def read(self) -> ReleaseBoard:
        """Return the board after everything that is on the topic now."""
        ends = await self._consumer.end_offsets([self._partition])
        while await self._consumer.position(self._partition) < ends[self._partition]:
            await self.poll(_WAIT_MS)
        return self.board

    async def poll(self, timeout_ms: int) -> bool:
        """Wait so long for something new, and return whether the board has changed."""
        before = self.board.generation
        for records in (await self._consumer.getmany(timeout_ms=timeout_ms)).values():
            for record in records:
                self._take(record.value)
        return self.board.generation > before

    async def begin_term(self, private_key: Ed25519PrivateKey | None) -> int:
        """Begin a learner's term, which ends that of any other learner, and return its number.

        Raises:
            ChangeLost: another learner began one at the same moment.
        """
        board = await self.read()
        term = board.term + 1
        await self._send(_change(board, term=term, begins_term=True), private_key)
        return term

    async def write(
        self,
        make: Callable[[ReleaseBoard], Releases],
        private_key: Ed25519PrivateKey | None,
        term: int | None = None,
    ) -> Releases:
        """Write what `make` returns for the board as it is now, and return it; nothing if that is nothing.

        Args:
            make: asked once.
            private_key: that signs it.
            term: of the learner that writes; None: a person does.

        Raises:
            ChangeLost: somebody else wrote meanwhile; what `make` returned does not hold for anybody.
            TermOver: another learner has begun.
        """
        board = await self.read()
        check_term(board, term)
        releases = make(board)
        if releases:
            await self._send(_change(board, releases, term=term), private_key)
        return releases

    async def _send(self, change: Change, private_key: Ed25519PrivateKey | None) -> None:
        producer = self._connection.producer()
        await producer.start()
        try:
            await producer.send_and_wait(
                self._partition.topic, seal(change, private_key), change.id.encode(), partition=0
            )
        finally:
            await producer.stop()
        await self._until(change)

    async def _until(self, change: Change) -> None:
        """Read until it is known what became of the change; later ones are read as well."""
        n_held = self.board.generation
        ends = await self._consumer.end_offsets([self._partition])
        held: list[str] = []
        while await self._consumer.position(self._partition) < ends[self._partition]:
            for records in (await self._consumer.getmany(timeout_ms=_WAIT_MS)).values():
                held += [held_id for record in records if (held_id := self._take(record.value))]
        if change.id not in held:
            if not change.begins_term:
                check_term(self.board, change.term)
            raise ChangeLost(f"somebody else released something after generation {n_held}: look again, and repeat it")

    def _take(self, value: bytes | None) -> str | None:
        """Take note of a record, and return the id of its change if it holds."""
        try:
            change = unseal(value, self._public_key)
            self.board.update(change)
        except ReleaseRefused as refused:
            self._on_refused(refused)
            return None
        return change.id


def check_term(board: ReleaseBoard, term: int | None) -> None:
    """Pass if it is a person's, or the term of the learner that began last.

    Raises:
        TermOver: it is another learner's.
    """
    if term is not None and board.term != term:
        raise TermOver(f"another learner has begun term {board.term} after this one's {term}: one of them must end")


def _change(
    board: ReleaseBoard, releases: Releases | None = None, *, term: int | None, begins_term: bool = False
) -> Change:
    made = tuple(releases or ())
    return Change(id=uuid.uuid4().hex, base=board.generation, releases=made, term=term, begins_term=begins_term)
