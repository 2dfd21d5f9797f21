"""Analysts: who is asked, who answers, how far each is believed, and whose answers are held."""

from __future__ import annotations

from deploy.grafana.source import panels as p
from deploy.grafana.source.board import Board, Row
from deploy.grafana.source.panels import Override, Query, runbook
from deploy.grafana.source.tables import Column, table

_RATE = "[$__rate_interval]"
_WEIGHT = ((None, p.RED), (0.3, p.ORANGE), (0.6, p.GREEN))


def board() -> Board:
    """Return the dashboard."""
    return Board(
        "finsurge-analysts",
        "finsurge / Analysts",
        "Reviews that are drawn and answered, and how far each analyst is believed.",
        rows=[
            Row("Now", _now()),
            Row("Each analyst", _each()),
            Row("Reviews", _reviews()),
            Row("Answers", _answers()),
        ],
        since="now-24h",
    )


def _now() -> list[p.Panel]:
    return [
        p.stat(
            "Open reviews",
            "Documents that wait for an analyst's answer.",
            Query("sum(finsurge_reviews_open)"),
            unit="none", steps=((None, p.BLUE),),
        ),
        p.stat(
            "Answered in this time",
            "Share of the reviews that ended in the dashboard's time and were answered. What nobody answers is no "
            "confirmation.",
            Query(
                "sum(increase(finsurge_reviews_answered_total[$__range])) / "
                "clamp_min(sum(increase(finsurge_reviews_answered_total[$__range])) + "
                "sum(increase(finsurge_reviews_unanswered_total[$__range])), 1)",
                is_instant=True,
            ),
            unit="percentunit", decimals=0, steps=((None, p.RED), (0.5, p.ORANGE), (0.8, p.GREEN)),
        ),
        p.stat(
            "Confirmed in this time",
            "Share of the corrections in the dashboard's time that confirm what was decided.",
            Query(
                'sum(increase(finsurge_feedback_corrections_total{verdict="confirm"}[$__range])) / '
                "clamp_min(sum(increase(finsurge_feedback_corrections_total[$__range])), 1)",
                is_instant=True,
            ),
            unit="percentunit", decimals=0, steps=((None, p.BLUE),),
        ),
        p.stat(
            "Least believed",
            "Weight of the answers of the least reliable analyst, in [0, 1]: 0 is guessing among three labels.",
            Query("min(finsurge_analyst_weight)"),
            unit="none", decimals=2, steps=_WEIGHT,
        ),
        p.stat(
            "Held",
            "Pairs of an analyst and a topic whose answers weigh nothing until a second person looks.",
            Query("sum(finsurge_learner_quarantines)"),
            unit="none", steps=((None, p.GREEN), (1, p.ORANGE)),
        ).linked(runbook("FinsurgeQuarantine")),
        p.stat(
            "Waiting corrections",
            "Corrections of documents whose decision is not known yet.",
            Query("sum(finsurge_feedback_waiting_corrections)"),
            unit="none", steps=((None, p.GREEN), (10, p.ORANGE)),
        ),
    ]  # fmt: skip


def _each() -> list[p.Panel]:
    queries = {
        letter: Query(f"max by (analyst) (finsurge_analyst_{name})", is_instant=True)
        for letter, name in zip(
            "ABCDEFG",
            (
                "answers_total",
                "accuracy",
                "accuracy_low",
                "accuracy_high",
                "weight",
                "compared_ratings",
                "held_topics",
            ),
            strict=True,
        )
    }
    columns = [
        Column("analyst", "analyst"),
        Column("A", "answers", unit="none", width=90),
        Column("B", "right", unit="percentunit", decimals=0, width=80),
        Column("C", "at least", unit="percentunit", decimals=0, width=90),
        Column("D", "at most", unit="percentunit", decimals=0, width=90),
        Column("E", "weight", unit="none", decimals=2, width=80, steps=_WEIGHT),
        Column("F", "compared", unit="none", decimals=0, width=100),
        Column("G", "held topics", unit="none", width=100, steps=((None, p.GREEN), (1, p.ORANGE))),
    ]  # fmt: skip
    return [
        table(
            "Analysts",
            "How often each analyst is right, judged by others, by gold items and by the policy, with its 95 % "
            "interval; what an answer weighs; on how many topics answers are held (`finsurge analysts`).",
            queries,
            columns,
            key="analyst",
            sort="answers",
        ).sized(14, 9),
        p.timeseries(
            "Answers of each analyst",
            "Answers that became rounds, added up over time.",
            Query("max by (analyst) (finsurge_analyst_answers_total)", "{{analyst}}"),
            unit="none",
            fill=0,
        ).sized(10, 9),
        p.timeseries(
            "How often each is right",
            "Accuracy of each analyst as far as it is known. Everybody begins with 90 %; guessing among three is "
            "33 %.",
            Query("max by (analyst) (finsurge_analyst_accuracy)", "{{analyst}}"),
            unit="percentunit",
            minimum=0.33,
            maximum=1,
            fill=0,
        ).sized(12, 8),
        p.timeseries(
            "Topics on which answers are held",
            "Bursts that push one topic one way are held until a second person releases them.",
            Query("max by (analyst) (finsurge_analyst_held_topics)", "{{analyst}}"),
            unit="none",
            decimals=0,
            soft_maximum=1,
        ).sized(12, 8),
    ]


def _reviews() -> list[p.Panel]:
    return [
        p.timeseries(
            "Reviews drawn",
            "Documents put before analysts, by why: the uniform ones, half of them blind, are what quality is "
            "judged by.",
            Query(f"sum by (reason) (increase(finsurge_reviews_drawn_total{_RATE}))", "{{reason}}"),
            unit="none", is_bars=True, is_stacked=True, decimals=1,
        ).sized(8),
        p.timeseries(
            "Reviews answered, and not",
            "First answers, and reviews that ended without one.",
            Query(f"sum(increase(finsurge_reviews_answered_total{_RATE}))", "answered"),
            Query(f"sum(increase(finsurge_reviews_unanswered_total{_RATE}))", "not answered"),
            unit="none", is_bars=True, is_stacked=True, decimals=1,
            overrides=[
                Override("answered", {"color": p.fixed(p.GREEN)}),
                Override("not answered", {"color": p.fixed(p.ORANGE)}),
            ],
        ).sized(8),
        p.timeseries(
            "Open reviews",
            "Documents that wait for an answer.",
            Query("sum(finsurge_reviews_open)", "open"),
            unit="none",
        ).sized(8),
    ]  # fmt: skip


def _answers() -> list[p.Panel]:
    return [
        p.timeseries(
            "Rounds, and whether they counted",
            "Rounds by whether they counted when they came, or why not.",
            Query(f"sum by (reason) (increase(finsurge_feedback_rounds_total{_RATE}))", "{{reason}}"),
            unit="none", is_bars=True, is_stacked=True, decimals=1,
        ).sized(8),
        p.timeseries(
            "Corrections that could not be used",
            "Corrections in the dead letters, by reason.",
            Query(f"topk(5, sum by (reason) (increase(finsurge_feedback_rejected_total{_RATE})))", "{{reason}}"),
            unit="none", is_bars=True, decimals=1,
        ).sized(8),
        p.timeseries(
            "What corrections change at once",
            "Revisions sent to open windows and episodes, and what became of them in their topics.",
            Query(f"sum(increase(finsurge_feedback_revisions_total{_RATE}))", "sent"),
            Query(f"sum by (outcome) (increase(finsurge_trend_changes_total{_RATE}))", "{{outcome}}"),
            unit="none", is_bars=True, decimals=1,
        ).sized(8),
    ]  # fmt: skip
