"""Topic: one topic's counts against what its own past leads one to expect, its episodes and its stories."""

from __future__ import annotations

from deploy.grafana.source import panels as p
from deploy.grafana.source.board import Annotation, Board, Row, pages_variable, query_variable
from deploy.grafana.source.overview import RARITY, TONE, USUAL, episode_columns, sentiments, severity
from deploy.grafana.source.panels import Override, Query, link
from deploy.grafana.source.tables import Column, page_table

_TOPIC = 'topic="$topic",'
_OF = f"{{{_TOPIC}}}"
_HIDDEN = {
    "custom.lineWidth": 0,
    "custom.fillOpacity": 0,
    "custom.hideFrom": {"legend": True, "tooltip": False, "viz": False},
}
_DASHED = {"custom.lineStyle": {"fill": "dash", "dash": [8, 6]}, "custom.fillOpacity": 0, "color": p.fixed(p.BLUE)}


def board() -> Board:
    """Return the dashboard."""
    return Board(
        "finsurge-topic",
        "finsurge / Topic",
        "One topic: how much is said, how much of it is bad, what would be usual, and which stories it rests on.",
        rows=[Row("$topic", _now()), Row("What is unusual", _unusual()), Row("What is said", _said())],
        variables=[
            query_variable(
                "topic", "Topic",
                "A topic with series of its own in this time: pinned ones, those with an episode, the oddest, the "
                "busiest.",
                "label_values(finsurge_topic_documents, topic)",
            ),
            pages_variable(),
        ],
        annotations=[
            Annotation(
                "Critical episode", f'finsurge_topic_open_episodes{{{_TOPIC}severity="critical"}}', p.RED,
                "{{topic}}: critical", "an episode of a {{cause}}",
            ),
            Annotation(
                "Episode", f'finsurge_topic_open_episodes{{{_TOPIC}severity="warning"}}', p.ORANGE,
                "{{topic}}: warning", "an episode of a {{cause}}",
            ),
            Annotation(
                "New policy", "sum(increase(finsurge_policy_swaps_total[$__rate_interval])) > 0", p.PURPLE,
                "another policy serves", "what is read as negative may differ a little from here on",
            ),
        ],
    )  # fmt: skip


def _now() -> list[p.Panel]:
    return [
        p.stat(
            "Episode",
            "Whether the topic has an open episode.",
            Query(
                f"max({severity(_TOPIC)}) or vector(0)"
            ),
            unit="none", is_filled=True,
            mappings=[p.states((0, "none", p.GREEN), (1, "warning", p.ORANGE), (2, "critical", p.RED))],
        ),
        p.stat(
            "Usual once in",
            "The last four hours are usual for this topic once in so long; 0 while nothing is unusual.",
            Query(f"finsurge_topic_return_period_seconds{_OF}"),
            unit="s", decimals=0, steps=RARITY, mappings=[USUAL],
        ),
        p.stat(
            "Negative stories, 4 h",
            "Negative stories in the last four hours, the window over which surges are judged.",
            Query(f"finsurge_topic_negative_stories{_OF}"),
            unit="none", steps=((None, p.GREEN), (4, p.ORANGE)),
        ),
        p.stat(
            "Negative share, 4 h",
            "Share of them among all stories of the last four hours.",
            Query(f"finsurge_topic_negative_share{_OF}"),
            unit="percentunit", decimals=0, steps=((None, p.GREEN), (0.4, p.ORANGE), (0.6, p.RED)),
        ),
        p.stat(
            "Polarity, 4 h",
            "Mean of positive less negative over the stories, in [-1, 1].",
            Query(f"finsurge_topic_polarity{_OF}"),
            unit="none", decimals=2, steps=TONE,
        ),
        p.stat(
            "Documents, 1 h",
            "Documents of the last hour, copies among them.",
            Query(f"finsurge_topic_documents{_OF}"),
            unit="none", steps=((None, p.BLUE),),
        ),
    ]  # fmt: skip


def _unusual() -> list[p.Panel]:
    return [
        p.timeseries(
            "Negative stories, and what would be usual",
            "Negative stories of the last four hours. The band holds 90 % of what the topic's own past leads one to "
            "expect; it is known while something is unusual, from three negative stories on. Episodes are marked.",
            Query(f"finsurge_topic_expected_negative_stories_low{_OF}", "usual, low"),
            Query(f"finsurge_topic_expected_negative_stories_high{_OF}", "usual"),
            Query(f"finsurge_topic_expected_negative_stories{_OF}", "expected"),
            Query(f"finsurge_topic_negative_stories{_OF}", "negative stories"),
            unit="none", fill=0,
            overrides=[
                Override("usual, low", _HIDDEN),
                Override("usual", {
                    "custom.fillBelowTo": "usual, low", "custom.lineWidth": 0, "custom.fillOpacity": 20,
                    "color": p.fixed(p.BLUE),
                }),
                Override("expected", _DASHED),
                Override("negative stories", {"color": p.fixed(p.RED), "custom.lineWidth": 3}),
            ],
        ).sized(12, 9),
        p.timeseries(
            "Negative share, and how sure it is",
            "Share of negative stories in the last four hours, its 90 % interval, and the share that is usual for "
            "the topic. A wide interval is one of few stories.",
            Query(f"finsurge_topic_negative_share_low{_OF}", "interval, low"),
            Query(f"finsurge_topic_negative_share_high{_OF}", "interval"),
            Query(f"finsurge_topic_usual_negative_share{_OF}", "usual share"),
            Query(f"finsurge_topic_negative_share{_OF}", "negative share"),
            unit="percentunit", maximum=1, fill=0,
            overrides=[
                Override("interval, low", _HIDDEN),
                Override("interval", {
                    "custom.fillBelowTo": "interval, low", "custom.lineWidth": 0, "custom.fillOpacity": 20,
                    "color": p.fixed(p.RED),
                }),
                Override("usual share", _DASHED),
                Override("negative share", {"color": p.fixed(p.RED), "custom.lineWidth": 3}),
            ],
        ).sized(12, 9),
        page_table(
            "Top stories",
            "The negative stories that the topic's present evidence rests on, or else those of its last alert: those "
            "that were repeated most often first.",
            "/stories",
            [
                Column("excerpt", "story", link=link("Read it", "${__data.fields.url}", is_new_tab=True)),
                Column("source", "source", width=160),
                Column("copies", "told", unit="none", width=70),
                Column("published_at", "published", unit="dateTimeAsIso", width=170),
                Column("url", "url", width=120),
            ],
            sort="told", parameters={"topic": "${topic}"}, no_value="no negative story stands out",
        ).sized(24, 7),
        page_table(
            "Episodes of this topic",
            "The open episode, and the last that ended within a week: why, and who looks after it.",
            "/episodes", episode_columns(), sort="opened", parameters={"topic": "${topic}"},
            no_value="no episode is open, and none ended in the last week",
        ).sized(24, 4),
    ]  # fmt: skip


def _said() -> list[p.Panel]:
    return [
        p.timeseries(
            "Stories by sentiment",
            "Stories of the last hour, each counted once, by what their first document says of the topic.",
            Query(f"finsurge_topic_stories{_OF}", "{{sentiment}}"),
            unit="none", is_stacked=True, overrides=sentiments(),
        ).sized(8),
        p.timeseries(
            "Polarity",
            "Mean over the stories of the last four hours: -1 is all bad, 1 all good.",
            Query(f"finsurge_topic_polarity{_OF}", "polarity"),
            unit="none", minimum=-1, maximum=1, decimals=2, fill=0,
            overrides=[Override("polarity", {"color": p.fixed(p.PURPLE)})],
        ).sized(8),
        p.timeseries(
            "Documents and stories",
            "Documents of the last hour and the stories among them: where they part, the same is told again and "
            "again.",
            Query(f"finsurge_topic_documents{_OF}", "documents"),
            Query(f"sum(finsurge_topic_stories{_OF})", "stories"),
            unit="none", fill=0,
        ).sized(8),
    ]  # fmt: skip
