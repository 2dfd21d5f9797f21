"""Makes the join of its parts, from settings."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from models.topics.watchlist import Watchlist
from pipeline.feedback.corrections import CorrectionDesk, Desks
from pipeline.feedback.decided import DecidedDocuments
from pipeline.feedback.disputes import Disputes
from pipeline.feedback.effects import Effects
from pipeline.feedback.episodes import OpenEpisodes
from pipeline.feedback.feedback import Feedback
from pipeline.feedback.journal import Journal
from pipeline.feedback.metrics import FeedbackMetrics
from pipeline.feedback.purge import Purge
from pipeline.feedback.reviews import ReviewBook, ReviewPlan
from pipeline.feedback.roster import RosterFile
from pipeline.feedback.rounds import KeptRounds
from pipeline.feedback.store import FeedbackStore
from pipeline.feedback.stories import StoryBook
from pipeline.feedback.subjects import Subjects
from pipeline.feedback.waiting import WaitingRoom
from pipeline.settings import Settings
from rl.analysts.guard import GuardConfig
from rl.review import ReviewConfig

STORE_FILE = "store.sqlite"
AUDIT_FILE = "audit.jsonl"


def feedback_folder(settings: Settings) -> Path:
    """Return where the join keeps its store and its audit log."""
    return settings.state_dir / "feedback"


def review_plan(settings: Settings) -> ReviewPlan:
    """Return how reviews are drawn."""
    sampling = ReviewConfig(
        uniform=settings.review_uniform, per_day=settings.review_per_day, salt=settings.review_salt
    )
    return ReviewPlan(sampling, due_s=settings.review_due_s)


def guard_config(settings: Settings) -> GuardConfig:
    """Return how far analysts are believed."""
    return GuardConfig(sensitive_topics=settings.sensitive_topic_ids)


def open_feedback(
    settings: Settings,
    store: FeedbackStore,
    roster: RosterFile,
    watchlist: Watchlist,
    metrics: FeedbackMetrics,
    audit: Path,
    now: datetime,
) -> Feedback:
    """Return the join.

    Raises:
        AuditBroken: the audit log is not as it was written.
    """
    subjects = Subjects(watchlist)
    decided = DecidedDocuments(store, settings.correction_horizon_s)
    effects = Effects(store, decided, guard_config(settings), metrics)
    desks = Desks(
        decided=decided,
        reviews=ReviewBook(store, review_plan(settings), metrics),
        rounds=KeptRounds(store),
        stories=StoryBook(store),
        subjects=subjects,
        effects=effects,
        journal=Journal(store, audit, now),
        roster=roster,
    )
    waiting = WaitingRoom(store, settings.correction_wait_s)
    return Feedback(
        store,
        desks,
        CorrectionDesk(store, desks, waiting, metrics, settings.kafka_topic("corrections")),
        waiting,
        OpenEpisodes(store, subjects),
        Disputes(store),
        Purge(store, decided, effects, horizon_s=settings.correction_horizon_s),
        metrics,
    )
