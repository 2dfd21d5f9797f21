"""Overview: what surges, which episodes are open, how the tone is. The page that stays on the wall."""

from __future__ import annotations

from deploy.grafana.source import panels as p
from deploy.grafana.source.board import Board, Row, pages_variable
from deploy.grafana.source.panels import Override, Query, link, runbook
from deploy.grafana.source.tables import Column, page_table, table

TO_TOPIC = link(
    "Look at ${__field.labels.topic}", "/d/finsurge-topic?var-topic=${__field.labels.topic}&${__url_time_range}"
)
ROW_TO_TOPIC = link("Look at it", "/d/finsurge-topic?var-topic=${__value.text}&${__url_time_range}")
RARITY = ((None, p.GREEN), (259_200, p.YELLOW), (432_000, p.ORANGE), (2_592_000, p.RED))
"""Three days: evidence is told; five: an episode stays open; thirty: one opens (alerts/surges/surge_config.py)."""
TONE = ((None, p.RED), (-0.2, p.YELLOW), (0.1, p.GREEN))
USUAL = p.states((0, "usual", p.GREEN))
STATES = p.words({"critical": p.RED, "warning": p.ORANGE, "closed": p.GREEN})
_BUSIEST = "topk(8, avg_over_time(finsurge_topic_documents[$__range] @ end()))"
_RAREST = "topk(8, max_over_time(finsurge_topic_return_period_seconds[$__range] @ end()))"


def board() -> Board:
    """Return the dashboard."""
    return Board(
        "finsurge-overview",
        "finsurge / Overview",
        "Which topics surge, which episodes are open, and how the tone about the most talked-of topics is.",
        rows=[Row("Now", _now()), Row("Surges", _surges()), Row("Tone", _tone())],
        variables=[pages_variable()],
    )


def severity(of: str = "") -> str:
    """Return how severe open episodes are, 1 for a warning and 2 if critical; `of` narrows it to a topic."""
    name = "finsurge_topic_open_episodes"
    return f'{name}{{{of}severity="critical"}} * 2 or {name}{{{of}severity="warning"}}'


def episode_columns() -> list[Column]:
    """Return the columns of a table of episodes."""
    return [
        Column("state", "state", width=80, mappings=[STATES]),
        Column("topic", "topic", width=130, link=ROW_TO_TOPIC),
        Column("opened_at", "opened", unit="dateTimeAsIso", width=170),
        Column("summary", "why"),
        Column("people", "people", width=170),
        Column("link", "console", width=90),
    ]


def _now() -> list[p.Panel]:
    return [
        p.stat(
            "Open episodes",
            "Episodes that neither ended nor were resolved, of whatever topic.",
            Query("sum(finsurge_open_episodes)"),
            unit="none", steps=((None, p.GREEN), (1, p.ORANGE)),
        ),
        p.stat(
            "Critical",
            "Those of them that are critical.",
            Query('sum(finsurge_open_episodes{severity="critical"})'),
            unit="none", steps=((None, p.GREEN), (1, p.RED)),
        ),
        p.stat(
            "Opened in this time",
            "Episodes that opened in the dashboard's time. What rules and the fleet's budget hold back is not among "
            "them.",
            Query('round(sum(increase(finsurge_alerts_total{transition="opened"}[$__range])))', is_instant=True),
            unit="none", steps=((None, p.BLUE),),
        ),
        p.stat(
            "Topics talked of",
            "Topics with a document in the current window of four hours; the busiest and the oddest of them have "
            "series of their own (docs/dashboards.md).",
            Query("sum(finsurge_topics_known)"),
            unit="none", steps=((None, p.BLUE),),
        ),
        p.stat(
            "Documents decided",
            "Documents a second that the policy decides, cached ones among them.",
            Query('sum(rate(finsurge_documents_total{outcome=~"decided|from_cache"}[$__rate_interval]))'),
            unit="suffix: /s", decimals=1, steps=((None, p.BLUE),),
        ),
        p.stat(
            "Newest window",
            "How old the newest window is that is known here. A window of five minutes is told once its sources have "
            "moved past its end, so some seven minutes are usual; in a replay it is as old as what is replayed.",
            Query("time() - max(finsurge_exporter_event_timestamp_seconds > 0)"),
            unit="s", decimals=0, steps=((None, p.GREEN), (900, p.ORANGE), (3_600, p.RED)),
        ).linked(runbook("FinsurgeWindowsOverdue")),
    ]  # fmt: skip


def _surges() -> list[p.Panel]:
    queries = {
        "A": Query("finsurge_topic_return_period_seconds", is_instant=True),
        "B": Query("finsurge_topic_negative_stories", is_instant=True),
        "C": Query("finsurge_topic_expected_negative_stories", is_instant=True),
        "D": Query("finsurge_topic_negative_share", is_instant=True),
        "E": Query("finsurge_topic_polarity", is_instant=True),
        "F": Query("finsurge_topic_documents", is_instant=True),
    }
    columns = [
        Column("topic", "topic", link=ROW_TO_TOPIC),
        Column("A", "once in", unit="s", decimals=0, steps=RARITY, width=100, mappings=[USUAL]),
        Column("B", "negative, 4 h", unit="none", width=110),
        Column("C", "expected", unit="none", decimals=1, width=90),
        Column("D", "negative share", unit="percentunit", decimals=0, width=120),
        Column("E", "polarity", unit="none", decimals=2, width=90, steps=TONE),
        Column("F", "documents, 1 h", unit="none", width=125),
    ]  # fmt: skip
    return [
        table(
            "Topics by surge",
            "The rarer the last four hours are for a topic's own past, the higher it stands: 'once in 30 days' is "
            "what opens an episode, 5 days keep it open. Expected negative stories are known while something is "
            "unusual.",
            queries, columns, key="topic", sort="once in",
        ).sized(14, 10),
        p.timeline(
            "Episodes",
            "When topics had an open episode, and how severe it was.",
            Query(
                f"max by (topic) ({severity()})",
                "{{topic}}",
            ),
            mappings=[p.states((1, "warning", p.ORANGE), (2, "critical", p.RED))],
            no_value="no episode was open",
        ).sized(10, 10),
        page_table(
            "Alerts",
            "Open episodes, and those that ended in the last week: why, and who looks after them.",
            "/episodes", episode_columns(), sort="opened", parameters={},
            no_value="no episode is open, and none ended in the last week",
        ).sized(24, 6),
        p.timeseries(
            "How rare it is",
            "Once in so long are the last four hours usual for the topic, an hour at the least. The lines are "
            "those of 3, 5 and 30 days.",
            Query(f"clamp_min(finsurge_topic_return_period_seconds, 3600) and on (topic) {_RAREST}", "{{topic}}"),
            unit="s", decimals=0, steps=RARITY, value_link=TO_TOPIC, fill=0, is_log=True,
        ),
        p.timeseries(
            "Transitions of episodes",
            "Episodes that opened, escalated and closed.",
            Query("sum by (transition) (increase(finsurge_alerts_total[$__rate_interval]))", "{{transition}}"),
            unit="none", is_bars=True, is_stacked=True, decimals=1,
            overrides=[
                Override("opened", {"color": p.fixed(p.ORANGE)}),
                Override("escalated", {"color": p.fixed(p.RED)}),
                Override("closed", {"color": p.fixed(p.GREEN)}),
            ],
        ),
    ]  # fmt: skip


def _tone() -> list[p.Panel]:
    return [
        p.timeseries(
            "Polarity of the most talked-of topics",
            "Mean of positive less negative over the stories of the last four hours: -1 is all bad, 1 all good. The "
            "eight topics with most documents in the dashboard's time.",
            Query(f"finsurge_topic_polarity and on (topic) {_BUSIEST}", "{{topic}}"),
            unit="none", minimum=-1, maximum=1, decimals=2, value_link=TO_TOPIC, fill=0,
        ),
        p.timeseries(
            "Negative share of the topics that surge most",
            "Share of negative stories in the last four hours, of the eight topics whose counts were the rarest "
            "in the dashboard's time.",
            Query(f"finsurge_topic_negative_share and on (topic) {_RAREST}", "{{topic}}"),
            unit="percentunit", maximum=1, value_link=TO_TOPIC, fill=0,
        ),
        p.timeseries(
            "Documents of the most talked-of topics",
            "Documents of the last hour, copies among them. A document about a company counts for its sector as "
            "well.",
            Query(f"finsurge_topic_documents and on (topic) {_BUSIEST}", "{{topic}}"),
            unit="none", value_link=TO_TOPIC, fill=0,
        ),
        p.timeseries(
            "Stories by sentiment",
            "Stories of the last hour of all topics with series of their own; a story counts for each topic that "
            "it is about.",
            Query("sum by (sentiment) (finsurge_topic_stories)", "{{sentiment}}"),
            unit="none", is_stacked=True, overrides=sentiments(),
        ),
    ]  # fmt: skip


def sentiments() -> list[Override]:
    """Return the colours of sentiments."""
    colors = {"negative": p.RED, "neutral": p.GREY, "positive": p.GREEN}
    return [Override(name, {"color": p.fixed(color)}) for name, color in colors.items()]
