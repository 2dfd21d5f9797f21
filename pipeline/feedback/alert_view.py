"""A table of open episodes. Knows no terminal's width."""

from __future__ import annotations

from datetime import datetime

from rich.markup import escape
from rich.table import Table

from pipeline.feedback.alert_desk import OpenEpisode


def episodes_table(episodes: list[OpenEpisode], now: datetime) -> Table:
    """Return them for people.

    >>> from pipeline.receivers.sample import sample_alert
    >>> alert = sample_alert()
    >>> episodes_table([OpenEpisode(alert, None, None)], alert.at).row_count
    1
    """
    table = Table("topic", "severity", "open for", "why", "people")
    for episode in episodes:
        alert = episode.alert
        hours = (now - alert.opened_at).total_seconds() / 3600
        table.add_row(
            escape(alert.subject),
            alert.severity,
            f"{hours:.1f} h",
            escape(alert.summary),
            escape(_people(episode)),
        )
    return table


def _people(episode: OpenEpisode) -> str:
    said = []
    if episode.acknowledged:
        said.append(f"acknowledged by {episode.acknowledged.by}")
    if episode.silenced:
        said.append(f"silenced by {episode.silenced.by} until {episode.silenced.until:%Y-%m-%d %H:%M} UTC")
    return "\n".join(said) or "-"
