"""What the join needs: those who may correct, and the topics of which one of them is not enough."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.checks.check import Check, Level
from pipeline.settings import Settings

_NAME = "analysts"


def check_analysts(settings: Settings) -> Iterator[Check]:
    """Say who may correct, and whether a second person is there to release what is held."""
    from pipeline.feedback.roster import RosterInvalid, load_roster

    if settings.analysts is None:
        mend = "set FINSURGE_ANALYSTS to a YAML file, see docs/corrections.md"
        yield Check(_NAME, Level.WARN, f"nobody may correct; {mend}")
        return
    try:
        analysts = list(load_roster(settings.analysts))
    except RosterInvalid as reason:
        yield Check(_NAME, Level.FAIL, str(reason))
        return
    n_releasing = sum(analyst.may_release for analyst in analysts)
    found = f"{settings.analysts}, {len(analysts)} may correct, {n_releasing} of them may release what is held"
    if not analysts:
        yield Check(_NAME, Level.WARN, f"{settings.analysts} names nobody; add lines like `- id: ada`")
    elif not n_releasing:
        yield Check(_NAME, Level.WARN, f"{found}; say `may_release: true` of one")
    else:
        yield Check(_NAME, Level.OK, found)


def check_sensitive_topics(settings: Settings) -> Iterator[Check]:
    """Say whether the topics that need a second analyst are topics, and whether there is a second one."""
    from models.topics.watchlist import WatchlistInvalid
    from pipeline.feedback.roster import RosterInvalid, load_roster
    from pipeline.wiring import open_watchlist

    if not settings.sensitive_topic_ids:
        return
    try:
        known = {topic.id for topic in open_watchlist(settings).topics}
        n_analysts = len(list(load_roster(settings.analysts))) if settings.analysts else 0
    except (WatchlistInvalid, RosterInvalid):  # told by its own check
        return
    name = "sensitive"
    if unknown := sorted(settings.sensitive_topic_ids - known):
        mend = "take their ids from the watchlist (FINSURGE_SENSITIVE_TOPICS)"
        yield Check(name, Level.FAIL, f"{', '.join(unknown)}: no such topics; {mend}")
    elif n_analysts < 2:
        yield Check(name, Level.WARN, "corrections of them wait for a second analyst, and there is none; name two")
    else:
        yield Check(name, Level.OK, f"{len(settings.sensitive_topic_ids)} topics need a second analyst")
