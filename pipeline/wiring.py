"""Makes the stages from settings, for the Faust roles and for replay alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from alerts.episodes.fleet import Family
from alerts.observation import Observation
from alerts.rules.book import RuleBook
from alerts.rules.parse import load_rules
from alerts.surges.surge import SurgeConfig
from alerts.topic import TopicConfig, TopicTrend
from alerts.watermarks import MarkLedger
from alerts.windows.shares import parsed_rates
from alerts.windows.windows import WindowConfig
from models.topics.watchlist import Watchlist, bundled_watchlist, load_watchlist
from pipeline.metrics import Metrics
from pipeline.receivers.outbox import decode_state
from pipeline.records import encode
from pipeline.settings import Settings
from pipeline.stage import States
from pipeline.stages.alert import AlertWriter
from pipeline.stages.link import LinkStage, SourceState
from pipeline.stages.surges import SurgesStage
from pipeline.stages.surges_state import SurgesState, decode_surges_state, encode_surges_state
from pipeline.stages.trends import TrendsStage, TrendsState


def open_watchlist(settings: Settings) -> Watchlist:
    """Return the watchlist that the settings name: one that comes with finsurge, or a file.

    Raises:
        WatchlistInvalid: it has a mistake; the message is one line.
    """
    if settings.watchlist in ("default", "crypto"):
        return load_watchlist(bundled_watchlist(settings.watchlist))
    return load_watchlist(Path(settings.watchlist))


def link_stage(settings: Settings, watchlist: Watchlist, states: States[SourceState], metrics: Metrics) -> LinkStage:
    """Return the linking stage."""
    return LinkStage(
        watchlist,
        states,
        metrics,
        partitions=settings.partitions,
        disorder_s=settings.disorder_s,
        grace_s=settings.grace_s,
        bin_s=settings.bin_s,
    )


def topic_config(settings: Settings) -> TopicConfig:
    """Return how a topic is counted and judged."""
    return TopicConfig(
        windows=WindowConfig(bin_s=settings.bin_s, grace_s=settings.grace_s), surge=SurgeConfig(bin_s=settings.bin_s)
    )


def trends_stage(settings: Settings, states: States[TrendsState], metrics: Metrics) -> TrendsStage:
    """Return the counting stage."""
    return TrendsStage(
        states,
        metrics,
        partitions=settings.partitions,
        config=topic_config(settings),
        error_rates=parsed_rates(settings.error_rates),
    )


def open_rules(settings: Settings) -> RuleBook:
    """Return the rule book that holds until another one is sent.

    Raises:
        RulesInvalid: it has a mistake; the message is one line.
    """
    return RuleBook() if settings.rules is None else load_rules(settings.rules)


def surges_stage(
    settings: Settings, watchlist: Watchlist, states: States[SurgesState], metrics: Metrics
) -> SurgesStage:
    """Return the stage that owns episodes."""
    return SurgesStage(
        states,
        metrics,
        partitions=settings.partitions,
        bin_s=settings.bin_s,
        family=Family({topic.id: watchlist.ancestors(topic.id) for topic in watchlist.topics}),
        book=open_rules(settings),
        writer=AlertWriter({topic.id: topic.name for topic in watchlist.topics}, settings.console_url),
    )


def decode_source(settings: Settings, _key: str, value: bytes) -> SourceState:
    """Return a source partition's state from its changelog record."""
    return SourceState.restore(value, settings.disorder_s)


def encode_trends_state(state: TrendsState) -> bytes:
    """Return the changelog record of a topic, of a mention that waits, or of a partition's marks."""
    if isinstance(state, Observation):
        return msgspec.msgpack.encode(state)
    return state.snapshot(with_pending=False) if isinstance(state, TopicTrend) else state.snapshot()


def decode_trends_state(settings: Settings, key: str, value: bytes) -> TrendsState:
    """Return what a changelog record holds: the key's first character tells."""
    if key.startswith("#"):
        return MarkLedger.restore(value)
    if key.startswith("+"):
        return msgspec.msgpack.decode(value, type=Observation)
    return TopicTrend.restore(topic_config(settings), value)


def decode_surges(settings: Settings, book: RuleBook, key: str, value: bytes) -> SurgesState:
    """Return what a changelog record of the stage that owns episodes holds."""
    return decode_surges_state(key, value, book, settings.bin_s)


@dataclasses.dataclass(frozen=True, slots=True)
class StateLog:
    """A role's changelog, and how its states are written there.

    >>> state_log(Settings(topic_prefix="dev-"), "link").kafka_topic
    'dev-finsurge-link-sources-changelog'
    """

    kafka_topic: str
    encode: Callable[[Any], bytes]
    decode: Callable[[str, bytes], Any]


def state_log(settings: Settings, role: str) -> StateLog:
    """Return where a role that keeps state writes it, and how."""
    group = settings.group(role)
    match role:
        case "link":
            return StateLog(f"{group}-sources-changelog", _snapshot, partial(decode_source, settings))
        case "trends":
            decode_trends = partial(decode_trends_state, settings)
            return StateLog(f"{group}-topics-changelog", encode_trends_state, decode_trends)
        case "surges":
            decode_episodes = partial(decode_surges, settings, open_rules(settings))
            return StateLog(f"{group}-episodes-changelog", encode_surges_state, decode_episodes)
        case "notify":
            return StateLog(f"{group}-active-changelog", encode, decode_state)
    raise ValueError(f"role must be one that keeps state, got {role!r}")


def _snapshot(state: Any) -> bytes:
    snapshot: bytes = state.snapshot()
    return snapshot


def with_partitions(settings: Settings, partitions: int) -> Settings:
    """Return the settings for another number of source partitions."""
    return dataclasses.replace(settings, partitions=partitions)
