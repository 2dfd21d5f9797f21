"""Follows the releases: fetches, verifies, loads and warms up a policy aside, then has it take over between batches.

What is damaged, unsigned, missing or does not load is not taken: the policy before it goes on, and that is told.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from aiokafka.errors import KafkaError

from models.decider import Decider
from models.errors import CheckpointMismatch
from pipeline.logs.about import about
from pipeline.metrics import Metrics
from pipeline.policies.refusals import RefusalReason, ReleaseRefused
from pipeline.policies.release import Release
from pipeline.policies.release_log import ReleaseLog
from pipeline.reading.line_up import LineUp, Served
from pipeline.reading.shadow import Trial
from rl.registry.cache import PolicyCache
from rl.registry.errors import PolicyDamaged, PolicyMissing, RegistryUnavailable

log = logging.getLogger(__name__)
_POLL_MS = 500
_RETRY_S = 30.0
_WARM_UP = ("Shares of Acme fall after a recall", "short", "a longer text " * 40)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy that is ready, and where its files lie; None: where the settings say."""

    policy: Decider
    folder: Path | None = None


Use = Callable[[LineUp, Trial | None, Path | None], None]
"""Told who decides from now on, who reads along, and the folder of the serving policy."""


class PolicyFollower:
    """Keeps a worker's policies as the releases say.

    Args:
        releases: the log of releases, opened.
        cache: verified copies of versions.
        load: makes a policy of a checkpoint folder.
        default: the settings' policy, which serves until a release says otherwise.
        use: has policies take over.
        metrics: counts.
    """

    def __init__(
        self,
        releases: ReleaseLog,
        cache: PolicyCache,
        load: Callable[[Path], Decider],
        default: Decider,
        use: Use,
        metrics: Metrics,
    ) -> None:
        self._releases = releases
        self._cache = cache
        self._load = load
        self._use = use
        self._metrics = metrics
        self._loaded = {default.version: Loaded(default)}
        self._default = default.version
        self._served = (default.version, 1.0)  # version and negative ratio
        self._refused: dict[str, RefusalReason] = {}  # by version
        # at the priority of the others: one that stands back may wait for its turn while it holds Python's lock
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="loading")

    @property
    def is_behind(self) -> bool:
        """Whether a release that should serve does not."""
        current = self._releases.board.current
        return current is not None and current.version != self._served[0]

    async def catch_up(self) -> None:
        """Take over what the releases say now."""
        await self._releases.read()
        await self._follow()

    async def run(self) -> None:
        """Follow the releases until cancelled."""
        tried_s = time.monotonic()
        while True:
            try:
                has_changed = await self._releases.poll(_POLL_MS)
            except KafkaError as error:
                log.warning("releases are not followed until the broker answers: %s", error)
                await asyncio.sleep(_POLL_MS / 1000)
                continue
            is_worth_retrying = RefusalReason.UNAVAILABLE in self._refused.values()
            if has_changed or (is_worth_retrying and time.monotonic() - tried_s > _RETRY_S):
                tried_s = time.monotonic()
                await self._follow()

    async def _follow(self) -> None:
        board = self._releases.board
        self._refused.clear()
        current, canary, shadow = [await self._ready(one) for one in (board.current, board.canary, board.shadow)]
        if current is not None and board.current is not None:
            self._served = (current.policy.version, board.current.negative_ratio)
            self._metrics.set_promoted(board.current.at)
        version, ratio = self._served
        serving = self._loaded[version]
        line_up = LineUp(Served(serving.policy, ratio))
        if canary is not None and board.canary is not None and canary.policy.version != version:
            of_canary = Served(canary.policy, board.canary.negative_ratio)
            line_up = LineUp(line_up.serving, of_canary, board.canary.share)
        trial = None
        if shadow is not None and board.shadow is not None and shadow.policy.version != version:
            trial = Trial(shadow.policy, serving.policy, board.shadow.share, board.shadow.until)
        self._use(line_up, trial, serving.folder)
        self._metrics.set_behind(is_behind=self.is_behind)
        kept = {version, self._default, *(one.policy.version for one in (canary, shadow) if one)}
        self._loaded = {name: loaded for name, loaded in self._loaded.items() if name in kept}

    async def _ready(self, release: Release | None) -> Loaded | None:
        """Return a release's policy, loaded if it is not; None if there is none, or it cannot be had."""
        if release is None or release.version in self._refused:
            return None
        if release.version not in self._loaded:
            loop = asyncio.get_running_loop()
            try:
                loaded = await loop.run_in_executor(self._executor, self._fetch, release)
            except ReleaseRefused as refused:
                self._refused[release.version] = refused.reason
                self._metrics.count_swap_failure(refused.reason)
                log.error(
                    "%s stays: %s is not taken, %s",
                    self._served[0],
                    release.version,
                    refused,
                    extra=about(policy_version=release.version, reason=refused.reason.value),
                )
                return None
            self._loaded[release.version] = loaded
        return self._loaded[release.version]

    def _fetch(self, release: Release) -> Loaded:
        try:
            folder = self._cache.fetch(release.stored)
            policy = self._load(folder)
            policy.decide(policy.tokenize(_WARM_UP))
        except PolicyMissing as error:
            raise ReleaseRefused(RefusalReason.MISSING, str(error)) from None
        except PolicyDamaged as error:
            raise ReleaseRefused(RefusalReason.DAMAGED, str(error)) from None
        except (RegistryUnavailable, OSError) as error:
            raise ReleaseRefused(RefusalReason.UNAVAILABLE, str(error)) from None
        except (CheckpointMismatch, RuntimeError, ValueError) as error:
            raise ReleaseRefused(RefusalReason.UNLOADABLE, str(error)) from None
        if policy.version != release.version:
            said = f"what lies at {release.location} is {policy.version}; release that, or put the right files there"
            raise ReleaseRefused(RefusalReason.DAMAGED, said)
        return Loaded(policy, folder)
