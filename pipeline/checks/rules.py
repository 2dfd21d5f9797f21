"""The rules of alerts, beside the watchlist."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.checks.check import Check, Level
from pipeline.settings import Settings


def check_rules(settings: Settings) -> Iterator[Check]:
    """Say whether the rules can be used, and what of them changes nothing beside the watchlist."""
    from alerts.rules.findings import findings
    from alerts.rules.parse import RulesInvalid, load_rules
    from models.topics.watchlist import WatchlistInvalid
    from pipeline.wiring import open_watchlist

    if settings.rules is None:
        yield Check("rules", Level.OK, "none: what is built in holds")
        return
    try:
        book, watchlist = load_rules(settings.rules), open_watchlist(settings)
    except RulesInvalid as reason:
        yield Check("rules", Level.FAIL, f"{reason} (FINSURGE_RULES={settings.rules})")
        return
    except WatchlistInvalid:
        return  # told by its own check
    found = findings(book, {topic.id: watchlist.ancestors(topic.id) for topic in watchlist.topics})
    for line in found:
        yield Check("rules", Level.WARN, f"{settings.rules}: {line}")
    if not found:
        yield Check("rules", Level.OK, f"{settings.rules}, version {book.version}")
