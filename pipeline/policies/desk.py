"""What a person or the learner does with versions: puts them, looks at them, changes what serves.

Joins registry, releases and keys, as the settings name them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from models.checkpoint import SHIPPED, read_manifest
from pipeline.broker.preflight import partition_counts
from pipeline.errors import CommandFailed
from pipeline.policies.board import ReleaseBoard
from pipeline.policies.changes import Author, Releases, registered
from pipeline.policies.keys import load_private, load_public
from pipeline.policies.release_log import ChangeLost, ReleaseLog, check_term
from pipeline.settings import Settings
from rl.registry.cache import PolicyCache
from rl.registry.registry import Registry

log = logging.getLogger(__name__)
T = TypeVar("T")
Make = Callable[[ReleaseBoard], Releases]
_MAX_LOST = 3
"""How often a change is made anew after somebody else was faster."""


class PolicyDesk:
    """The versions of a deployment.

    >>> desk = PolicyDesk(Settings())
    >>> desk.default_folder == SHIPPED
    True
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._private_key = load_private(settings.policy_private_key) if settings.policy_private_key else None
        self._public_key = load_public(settings.policy_public_key) if settings.policy_public_key else None
        self._cache = PolicyCache(settings.state_dir / "policy-cache")
        self._term: int | None = None  # of the learner that this desk is of; None: it is a person's

    @property
    def registry(self) -> Registry:
        """Where versions are kept."""
        return Registry(self._settings.registry_url)

    @property
    def default_folder(self) -> Path:
        """The settings' policy, which serves until a release says otherwise."""
        return SHIPPED if self._settings.policy == "shipped" else Path(self._settings.policy)

    def board(self) -> ReleaseBoard:
        """Return what the releases say now.

        Raises:
            BrokerUnavailable: no Kafka answers.
            TermOver: it is a learner's desk, and another one has begun.
        """
        board = self._with_log(lambda log: log.read())
        check_term(board, self._term)
        return board

    def begin_term(self) -> int:
        """Make this the desk of the one learner: changes of those before it hold no more. Return its term.

        Raises:
            ChangeLost: another learner began at the same moment.
        """
        self._term = self._with_log(lambda log: log.begin_term(self._private_key))
        return self._term

    def change(self, make: Make) -> Releases:
        """Release what `make` returns for the board as it is.

        Raises:
            ChangeLost: somebody else released something at the same moment.
            ChangeRefused: it must not be.
            TermOver: it is a learner's desk, and another one has begun.
        """
        return self._with_log(lambda log: log.write(make, self._private_key, self._term))

    def insist(self, make: Make) -> Releases:
        """Release as `change` does; where somebody else was faster, for the board as that one has left it."""
        for _ in range(_MAX_LOST):
            try:
                return self.change(make)
            except ChangeLost as lost:
                log.info("%s", lost)
        return self.change(make)

    def serving(self, board: ReleaseBoard) -> str:
        """Return the version that serves."""
        return board.current.version if board.current else read_manifest(self.default_folder).version

    def put(self, folder: Path, author: Author) -> str:
        """Store a checkpoint in the registry, make it known, and return its version.

        Raises:
            CheckpointMismatch: the folder holds no whole checkpoint.
            RegistryFault: the registry does not take it.
        """
        stored = self.registry.put(folder)
        parent = read_manifest(folder).parent_version
        self.insist(lambda board: registered(board, stored, parent, author))
        return stored.version

    def put_default(self, author: Author) -> str:
        """Make the settings' policy known, so that it can be watched, and come back."""
        return self.put(self.default_folder, author)

    def folder_of(self, name: str, board: ReleaseBoard) -> Path:
        """Return the folder of what a person names: `shipped`, a version, or a folder.

        Raises:
            CommandFailed: it is none of these.
            RegistryFault: the version cannot be had.
        """
        if name == "shipped":
            return SHIPPED
        if name in board.versions:
            return self._cache.fetch(board.versions[name].stored)
        if name == read_manifest(self.default_folder).version:
            return self.default_folder
        if Path(name).is_dir():
            return Path(name)
        raise CommandFailed(f"no policy {name}: see `finsurge policy list`, or name a policy's folder")

    def _with_log(self, use: Callable[[ReleaseLog], Coroutine[Any, Any, T]]) -> T:
        settings = self._settings
        settings.connection.reach(timeout_s=10.0)

        async def run() -> T:
            name = settings.kafka_topic("policies")
            if not (await partition_counts(settings.connection)).get(name):
                raise CommandFailed(f"Kafka topic {name} is missing; make it with `finsurge topics create`")
            async with ReleaseLog(settings.connection, name, self._public_key) as log:
                return await use(log)

        return asyncio.run(run())
